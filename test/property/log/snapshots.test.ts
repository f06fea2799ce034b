/**
 * The laws of what a snapshot file begins with, and of the head of its blocks: what is not as it
 * was written is no snapshot, and nothing is set aside for a size that cannot be.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkBytesMax } from '../../../src/base/limits.ts';
import {
  decodeSnapshotBlockHead,
  decodeSnapshotHeader,
  encodeSnapshotBlock,
  encodeSnapshotHeader,
  snapshotBlockLayout,
  snapshotHeaderBytes,
  snapshotHeaderLayout,
  type SnapshotHeader,
} from '../../../src/engine/log/snapshot-file.ts';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';
import { withFlippedBit } from '../../support/stored-files.ts';

const { crc32 } = nativeHashing;
const integer = fc.maxSafeNat();

const snapshotHeader: fc.Arbitrary<SnapshotHeader> = fc.record({
  rowFormat: fc.nat(2 ** 16 - 1),
  storeId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  lsn: integer,
  position: fc.record({ fileId: integer, offset: integer }),
});

describe('the header of a snapshot', () => {
  test('decodes to what was encoded, and gives the first block the same to continue', () => {
    fc.assert(
      fc.property(snapshotHeader, (header) => {
        const { bytes, chain } = encodeSnapshotHeader(crc32, header);
        expect(bytes).toHaveLength(snapshotHeaderBytes);
        expect(decodeSnapshotHeader(crc32, bytes)).toEqual({ header, chain });
      }),
    );
  });

  test('is no header when a bit is wrong or a byte is missing', () => {
    const { offset, bytes: crcBytes } = snapshotHeaderLayout.crc;
    const bits = fc.nat(8 * (offset + crcBytes) - 1);
    fc.assert(
      fc.property(snapshotHeader, bits, fc.nat(snapshotHeaderBytes - 1), (header, bit, size) => {
        const { bytes } = encodeSnapshotHeader(crc32, header);
        expect(decodeSnapshotHeader(crc32, withFlippedBit(bytes, bit))).toBeUndefined();
        expect(decodeSnapshotHeader(crc32, bytes.subarray(0, size))).toBeUndefined();
      }),
    );
  });

  test('of a higher major version is UNSUPPORTED', () => {
    fc.assert(
      fc.property(snapshotHeader, (header) => {
        const { bytes } = encodeSnapshotHeader(crc32, header);
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        const { crc, formatMajor } = snapshotHeaderLayout;
        view.setUint16(formatMajor.offset, 2, true);
        view.setUint32(crc.offset, crc32(bytes.subarray(0, crc.offset), 0), true);
        expect(() => decodeSnapshotHeader(crc32, bytes)).toThrow(
          expect.objectContaining({ code: 'UNSUPPORTED' }) as Error,
        );
      }),
    );
  });
});

describe('the head of a block of a snapshot', () => {
  const payload = new Uint8Array(10);
  const { head } = encodeSnapshotBlock(crc32, 7, { encoding: 'zstd', rawBytes: 99, payload });

  test('says what was written', () => {
    expect(decodeSnapshotBlockHead(head)).toEqual({
      encoding: 'zstd',
      rawBytes: 99,
      payloadBytes: 10,
    });
  });

  test.each([
    ['an encoding that there is none of', 'encoding', 77],
    ['plain bytes beyond the bound', 'rawBytes', chunkBytesMax + 1],
    ['a payload beyond the bound', 'payloadBytes', chunkBytesMax + 1],
  ] as const)('is damaged with %s', (_, field, value) => {
    const damaged = Uint8Array.from(head);
    new DataView(damaged.buffer).setUint32(snapshotBlockLayout[field].offset, value, true);
    expect(() => decodeSnapshotBlockHead(damaged)).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }) as Error,
    );
  });
});
