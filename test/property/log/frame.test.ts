/**
 * The laws of frames: a walk gives back what was appended, and stops where anything is not as it
 * was written: a bit, an order, a file, a salt. What a caller stores is never taken for a frame.
 */

import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../../src/base/bytes.ts';
import {
  decodeChunkExtension,
  decodeCommitExtension,
  decodeFrameHeader,
  encodeChunkFrame,
  encodeCommitFrame,
  encodePadFrame,
  findCommitHead,
  frameHeaderBytes,
  isPayloadIntact,
  type FrameHeader,
  type FramePosition,
} from '../../../src/engine/log/frame.ts';
import { commitOperations } from '../../../src/engine/log/commit-body.ts';
import { fileHeaderBytes, type FileHeader } from '../../../src/engine/log/file-header.ts';
import type { OpenLogFile } from '../../../src/engine/log/log-files.ts';
import { walkFrames } from '../../../src/engine/log/walk.ts';
import type { EncodedChunk } from '../../../src/engine/model.ts';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';
import { withFlippedBit } from '../../support/stored-files.ts';

const { crc32, sha256 } = nativeHashing;

type Piece =
  | { readonly kind: 'chunk' | 'node' | 'commit'; readonly payload: Uint8Array }
  | { readonly kind: 'pad' };

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.nat(200_000).map((size) => new Uint8Array(size).fill(size)),
);
const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.record({ kind: fc.constantFrom('chunk', 'node', 'commit'), payload }),
  fc.constant({ kind: 'pad' as const }),
) as fc.Arbitrary<Piece>;
const pieces = fc.array(piece, { minLength: 1, maxLength: 6 });

const start = { salt: 0x1234_5678, chain: 0x9abc_def0 };

function chunkOf(bytes: Uint8Array, kind: 'data' | 'node'): EncodedChunk {
  const id = { domain: 0, kind, digest: sha256(bytes) };
  return { id, encoding: 'raw', payload: bytes, rawBytes: bytes.length, children: [] };
}

/** Frames behind each other, as parts of a file. */
function encode(list: readonly Piece[], from = start): Uint8Array[] {
  const position: FramePosition = { ...from, offset: fileHeaderBytes };
  return list.map((item) => {
    if (item.kind === 'pad') return concatBytes(encodePadFrame(crc32, position));
    if (item.kind === 'commit') {
      const commit = { firstLsn: 7, operationCount: 2, durableEnd: 512 };
      return concatBytes(encodeCommitFrame(crc32, position, commit, item.payload));
    }
    const kind = item.kind === 'node' ? 'node' : 'data';
    return concatBytes(encodeChunkFrame(crc32, position, chunkOf(item.payload, kind)));
  });
}

function fileWith(frames: readonly Uint8Array[]): OpenLogFile {
  const bytes = concatBytes([new Uint8Array(fileHeaderBytes), ...frames]);
  return {
    header: { salt: start.salt } as FileHeader,
    chain: start.chain,
    read: (offset, byteCount) => Promise.resolve(bytes.subarray(offset, offset + byteCount)),
    close: () => Promise.resolve(),
  };
}

/** What a walk accepts: each frame with its payload, checked. */
async function accepted(frames: readonly Uint8Array[]): Promise<string[]> {
  const found: string[] = [];
  const from = { offset: fileHeaderBytes, chain: start.chain };
  for await (const frame of walkFrames(crc32, fileWith(frames), from)) {
    const { header, extension } = frame;
    if (header.type !== 'pad') {
      const { blockChecksums } =
        header.type === 'commit'
          ? decodeCommitExtension(header, extension)
          : decodeChunkExtension(header, extension);
      if (!isPayloadIntact(crc32, start.salt, frame.payload, blockChecksums)) break;
    }
    found.push(`${header.type} ${Buffer.from(frame.payload).toString('hex')}`);
  }
  return found;
}

function expectedOf(list: readonly Piece[], frames: readonly Uint8Array[]): string[] {
  return list.flatMap((item, i) => {
    const frame = frames[i] as Uint8Array;
    if (frame.length === 0) return [];
    const { payloadBytes = 0 } = decodeFrameHeader(frame) ?? {};
    return [
      `${item.kind} ${Buffer.from(frame.subarray(frame.length - payloadBytes)).toString('hex')}`,
    ];
  });
}

describe('frames', () => {
  test('are walked as they were appended, and commits and pads end with a sector', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, async (list) => {
        const frames = encode(list);
        expect(await accepted(frames)).toEqual(expectedOf(list, frames));
        let end = fileHeaderBytes;
        for (const [i, frame] of frames.entries()) {
          end += frame.length;
          const { kind } = list[i] as Piece;
          if (kind === 'commit' || kind === 'pad') expect(end % 512).toBe(0);
        }
      }),
    );
  });

  test('that one bit is wrong in are not accepted, nor any behind them', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(), fc.nat(), async (list, choice, bit) => {
        const frames = encode(list);
        const expected = expectedOf(list, frames);
        const damaged = choice % frames.length;
        const frame = frames[damaged] as Uint8Array;
        fc.pre(frame.length > 0);
        const header = decodeFrameHeader(frame);
        // Zeros that fill up a sector mean nothing.
        const bytes = header?.type === 'pad' ? 16 : frame.length;
        frames[damaged] = withFlippedBit(frame, bit % (bytes * 8));
        const before = expectedOf(list.slice(0, damaged), frames).length;
        expect(await accepted(frames)).toEqual(expected.slice(0, before));
      }),
    );
  });

  test('of another file, or in another order, are not accepted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ kind: fc.constant('chunk' as const), payload }), {
          minLength: 2,
          maxLength: 4,
        }),
        async (list) => {
          const frames = encode(list);
          const elsewhere = encode(list, { ...start, chain: start.chain + 1 });
          expect(await accepted(elsewhere)).toEqual([]);
          const otherSalt = encode(list, { ...start, salt: start.salt + 1 });
          expect(await accepted(otherSalt)).toEqual([]);
          expect(await accepted(frames.slice(1))).toEqual([]);
          const [first, ...others] = frames as [Uint8Array, ...Uint8Array[]];
          expect(await accepted([first, first, ...others])).toHaveLength(1);
        },
      ),
    );
  });

  test('inside the content of a chunk are content, wherever a walk is cut', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.boolean(), async (list, knowsSalt) => {
        // A caller may know everything about the format, but not the chain before its content.
        const forged = concatBytes(encode(list, { salt: knowsSalt ? start.salt : 0, chain: 0 }));
        fc.pre(forged.length > 0 && forged.length < 200_000);
        const around: Piece = { kind: 'chunk', payload: forged };
        const frames = encode([around]);
        expect(await accepted(frames)).toHaveLength(1);
        const [frame] = frames as [Uint8Array];
        expect(await accepted([frame.subarray(frame.length - forged.length)])).toEqual([]);
      }),
    );
  });
});

describe('a block checksum', () => {
  test('covers each 64 KiB of a payload by itself', () => {
    const bytes = new Uint8Array(150_000).fill(3);
    const [frame] = encode([{ kind: 'chunk', payload: bytes }]);
    const header = decodeFrameHeader(frame as Uint8Array);
    if (header === undefined) throw new Error('it was encoded');
    const extension = (frame as Uint8Array).subarray(16, 16 + header.extensionBytes);
    const { blockChecksums } = decodeChunkExtension(header, extension);
    expect(blockChecksums).toHaveLength(3);
    const last = bytes.subarray(131_072);
    expect(isPayloadIntact(crc32, start.salt, last, blockChecksums.slice(2))).toBe(true);
  });
});

describe('a delta', () => {
  const base = { domain: 0, kind: 'data', digest: sha256(Uint8Array.of(1)) } as const;
  const bytes = Uint8Array.of(2, 3, 4);
  const delta: EncodedChunk = {
    ...chunkOf(bytes, 'data'),
    children: [base],
    delta: { deltaBytes: 3, readCost: 2 },
  };
  const position: FramePosition = { ...start, offset: fileHeaderBytes };
  const frame = concatBytes(encodeChunkFrame(crc32, position, delta));
  const header = decodeFrameHeader(frame) as FrameHeader;
  const extension = frame.subarray(frameHeaderBytes, frameHeaderBytes + header.extensionBytes);

  test('says which chunks it needs, and what it costs to read', () => {
    const { id, bases, delta: head } = decodeChunkExtension(header, extension);
    expect({ id, bases, head }).toEqual({ id: delta.id, bases: [base], head: delta.delta });
  });

  test.each([
    ['that costs no more than its base', { 36: 1 }, 'chunk'],
    ['that is a node', {}, 'node'],
  ] as const)('%s cannot be', (_, changes, type) => {
    const changed = Uint8Array.from(extension);
    for (const [at, value] of Object.entries(changes)) changed[Number(at)] = value;
    expect(() => decodeChunkExtension({ ...header, type }, changed)).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }) as Error,
    );
  });
});

describe('commitOperations', () => {
  const commit = { firstLsn: 7, operationCount: 2, durableEnd: 512 };
  const frameOf = (
    bytes: Uint8Array,
    deflated?: Uint8Array,
  ): { header: FrameHeader; payload: Uint8Array } => {
    const position = { ...start, offset: fileHeaderBytes };
    const [head, stored] = encodeCommitFrame(crc32, position, commit, bytes, deflated);
    const header = decodeFrameHeader(head as Uint8Array) as FrameHeader;
    return { header, payload: stored as Uint8Array };
  };

  test('gives back what was written, compressed where that saves a sector', () => {
    let deflatedCount = 0;
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.nat(10_000).map((size) => new Uint8Array(size).fill(size)),
    );
    fc.assert(
      fc.property(bytes, (operations) => {
        const { header, payload: stored } = frameOf(operations, deflateRawSync(operations));
        const plain = frameOf(operations);
        const isDeflated = header.encoding === 'deflate';
        expect(isDeflated).toBe(stored.length < plain.payload.length);
        if (isDeflated) deflatedCount++;
        const read = commitOperations({ ...header, payload: stored });
        expect(Buffer.compare(read.subarray(0, operations.length), operations)).toBe(0);
        expect(read.subarray(operations.length).every((byte) => byte === 0)).toBe(true);
      }),
    );
    expect(deflatedCount).toBeGreaterThan(0);
  });

  test('of anything else it is CORRUPT', () => {
    const operations = new Uint8Array(5000).fill(1);
    const { header, payload: stored } = frameOf(operations, deflateRawSync(operations));
    expect(header.encoding).toBe('deflate');
    for (const [change, bytes] of [
      [{ rawBytes: 4999 }, stored],
      [{ rawBytes: 5001 }, stored],
      [{ encoding: 'zstd' }, stored],
      [{ encoding: 'primed' }, stored],
      [{}, new Uint8Array(stored.length).fill(0xff)],
      [{}, new Uint8Array(0)],
    ] as const) {
      const read = (): Uint8Array => commitOperations({ ...header, payload: bytes, ...change });
      expect(read).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    }
  });
});

describe('findCommitHead', () => {
  test('finds the head where it was written and nowhere else', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(10_000), fc.nat(), (bytes, offset, salt) => {
        const commit = { firstLsn: 9, operationCount: 3, durableEnd: 1024 };
        const position = { salt, offset, chain: 1 };
        const frame = concatBytes(encodeCommitFrame(crc32, position, commit, bytes));
        expect(findCommitHead(crc32, salt, offset, frame)?.commit).toEqual(commit);
        expect(findCommitHead(crc32, salt, offset + 1, frame)).toBeUndefined();
        expect(findCommitHead(crc32, salt + 1, offset, frame)).toBeUndefined();
      }),
    );
  });

  test('never throws, whatever the bytes are', () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.uint8Array({ minLength: 40, maxLength: 80 }).map((bytes) => {
        bytes.set([3, 0, 28, 0]);
        return bytes;
      }),
    );
    fc.assert(
      fc.property(hostile, (bytes) => {
        expect(findCommitHead(crc32, 1, 512, bytes)).toBeUndefined();
      }),
    );
  });
});
