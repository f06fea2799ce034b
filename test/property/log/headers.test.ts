/**
 * The laws of what stands at the start of files: the header of a log file, and the VARVE file.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../../src/base/bytes.ts';
import {
  decodeFileHeader,
  encodeFileHeader,
  fileHeaderBytes,
  fileHeaderLayout,
  type FileHeader,
} from '../../../src/engine/log/file-header.ts';
import {
  decodeSuperblock,
  encodeSuperblock,
  slotBytes,
  slotOffset,
  superblockBytes,
  superblockLayout,
  type Superblock,
} from '../../../src/engine/log/superblock.ts';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';
import { withFlippedBit } from '../../support/stored-files.ts';

const { crc32 } = nativeHashing;

const u32 = fc.nat(2 ** 32 - 1);
const integer = fc.maxSafeNat();
const storeId = fc.uint8Array({ minLength: 16, maxLength: 16 });

const fileHeader: fc.Arbitrary<FileHeader> = fc.record({
  kind: fc.constantFrom('journal', 'segment'),
  generation: u32,
  fileId: integer,
  storeId,
  salt: u32,
  previous: fc.record({ fileId: integer, end: integer, chain: u32 }),
  firstLsn: integer,
  checkpoint: fc.record({ fileId: integer, offset: integer }),
});

const superblock: fc.Arbitrary<Superblock> = fc.record({
  sequence: fc.nat(2 ** 40),
  storeId,
  generation: u32,
  nextFileId: integer,
  chunking: fc.constant({ minBytes: 128, averageBytes: 512, maxBytes: 2048 }),
  requiredFeatures: fc.constant(0),
  optionalFeatures: u32,
});

/** Changes bytes and makes the checksum right again: what another build could have written. */
function forge(
  bytes: Uint8Array,
  at: number,
  values: readonly number[],
  crcOffset: number,
): Uint8Array {
  const forged = Uint8Array.from(bytes);
  forged.set(values, at);
  const checksum = crc32(forged.subarray(0, crcOffset), 0);
  new DataView(forged.buffer).setUint32(crcOffset, checksum, true);
  return forged;
}

describe('the header of a log file', () => {
  test('decodes to what was encoded, in one sector', () => {
    fc.assert(
      fc.property(fileHeader, (header) => {
        const bytes = encodeFileHeader(crc32, header);
        expect(bytes).toHaveLength(fileHeaderBytes);
        expect(decodeFileHeader(crc32, bytes)?.header).toEqual(header);
      }),
    );
  });

  test('is no header when a bit is wrong or a byte is missing', () => {
    fc.assert(
      fc.property(fileHeader, fc.nat(92 * 8 - 1), fc.nat(511), (header, bit, size) => {
        const bytes = encodeFileHeader(crc32, header);
        expect(decodeFileHeader(crc32, withFlippedBit(bytes, bit))).toBeUndefined();
        expect(decodeFileHeader(crc32, bytes.subarray(0, size))).toBeUndefined();
      }),
    );
  });

  test('of a higher major version is UNSUPPORTED, of a higher minor one is read', () => {
    fc.assert(
      fc.property(fileHeader, (header) => {
        const bytes = encodeFileHeader(crc32, header);
        const { formatMajor, formatMinor, crc } = fileHeaderLayout;
        const major = forge(bytes, formatMajor.offset, [2, 0], crc.offset);
        expect(() => decodeFileHeader(crc32, major)).toThrow(
          expect.objectContaining({ code: 'UNSUPPORTED' }) as Error,
        );
        const minor = forge(bytes, formatMinor.offset, [9, 0], crc.offset);
        expect(decodeFileHeader(crc32, minor)?.header).toEqual(header);
      }),
    );
  });

  test('of any bytes is a header, none, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 92, maxLength: 92 }), (bytes) => {
        const sector = new Uint8Array(fileHeaderBytes);
        sector.set(bytes);
        sector.set([0x56, 0x41, 0x52, 0x56, 0x45, 0x1a, 0x4a, 0x0a]);
        const forged = forge(sector, 8, [1, 0], fileHeaderLayout.crc.offset);
        try {
          decodeFileHeader(crc32, forged);
        } catch (error) {
          expect(error).toMatchObject({ code: 'CORRUPT' });
        }
      }),
    );
  });
});

describe('the VARVE file', () => {
  const fileOf = (...slots: Superblock[]): Uint8Array => {
    const file = new Uint8Array(superblockBytes);
    for (const slot of slots) file.set(encodeSuperblock(crc32, slot), slotOffset(slot.sequence));
    return file;
  };

  test('says what its newest slot says', () => {
    fc.assert(
      fc.property(superblock, (older) => {
        const newer = { ...older, sequence: older.sequence + 1, generation: 7 };
        expect(decodeSuperblock(crc32, fileOf(older))).toEqual(older);
        expect(decodeSuperblock(crc32, fileOf(older, newer))).toEqual(newer);
        expect(slotOffset(newer.sequence)).not.toBe(slotOffset(older.sequence));
      }),
    );
  });

  test('says what it said before when the newest write was torn at any byte', () => {
    fc.assert(
      fc.property(superblock, fc.nat(slotBytes - 1), (older, size) => {
        const newer = { ...older, sequence: older.sequence + 1, generation: 1 };
        const file = fileOf(older);
        const slot = encodeSuperblock(crc32, newer).subarray(0, size);
        file.set(slot, slotOffset(newer.sequence));
        // Behind its checksum a slot is zeros, so a tear there is none.
        const isWhole = size >= superblockLayout.crc.offset + 4;
        expect(decodeSuperblock(crc32, file)).toEqual(isWhole ? newer : older);
      }),
    );
  });

  test('says what the other slot says when a bit of one is wrong', () => {
    fc.assert(
      fc.property(superblock, fc.nat(74 * 8 - 1), fc.boolean(), (older, bit, isNewer) => {
        const newer = { ...older, sequence: older.sequence + 1 };
        const damaged = isNewer ? newer : older;
        const start = slotOffset(damaged.sequence) * 8;
        const file = withFlippedBit(fileOf(older, newer), start + bit);
        expect(decodeSuperblock(crc32, file)).toEqual(isNewer ? older : newer);
      }),
    );
  });

  test('says nothing when there is no slot', () => {
    expect(decodeSuperblock(crc32, new Uint8Array(0))).toBeUndefined();
    expect(decodeSuperblock(crc32, new Uint8Array(superblockBytes))).toBeUndefined();
  });

  test.each([
    ['a higher major version', 'formatMajor', [2, 0]],
    ['a required feature that is not known', 'requiredFeatures', [0, 0, 1, 0]],
    ['another hash', 'hash', [2]],
    ['another chunker', 'chunker', [2]],
    ['chunks beyond the bound', 'chunkMaxBytes', [0, 0, 0, 0x10]],
  ] as const)('is UNSUPPORTED with %s', (_, field, values) => {
    const [plain] = fc.sample(superblock, { numRuns: 1, seed: 1 }) as [Superblock];
    const { offset } = superblockLayout[field];
    const bytes = encodeSuperblock(crc32, plain);
    const slot = forge(bytes, offset, values, superblockLayout.crc.offset);
    expect(() => decodeSuperblock(crc32, concatBytes([slot, slot]))).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }) as Error,
    );
  });
});
