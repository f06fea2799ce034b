/**
 * Parts of chunks that are checked block by block: they are the bytes that reading the chunks whole
 * gives, and a bit that flipped in a block is named by every range that touches the block.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checksumBlockBytes, defaultChunking } from '../../../src/base/limits.ts';
import { chunksOf } from '../../../src/engine/chunk/chunker.ts';
import { bytesToRead, provedPart } from '../../../src/engine/chunk-part.ts';
import { Engine } from '../../../src/engine/engine.ts';
import { encodeChunkFrame } from '../../../src/engine/log/frame.ts';
import type { EncodedChunk, ObjectVersion } from '../../../src/engine/model.ts';
import type { File } from '../../../src/engine/platform/file-system.ts';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';
import { generatedBytes, generatedText } from '../../support/content.ts';
import { storeFolder, testPlatform, upload } from '../../support/test-engine.ts';

const contentBytes = 1_500_000;
const { crc32, sha256 } = nativeHashing;

/** A store of chunks that are as large as they are by default. */
async function storeOf(content: Uint8Array): Promise<{
  engine: Engine;
  version: ObjectVersion;
  fileSystem: MemoryFileSystem;
}> {
  const fileSystem = new MemoryFileSystem();
  const platform = testPlatform({ fileSystem });
  const engine = await Engine.open({ platform, directory: storeFolder, createIfMissing: true });
  const bucket = await engine.ensureBucket('b', {});
  return { engine, version: await upload(engine, bucket, 'a', content), fileSystem };
}

/** A range, or the code of the error that there was. */
async function read(
  engine: Engine,
  version: ObjectVersion,
  start: number,
  end: number,
): Promise<Uint8Array | string> {
  const target = new Uint8Array(end - start);
  try {
    await engine.readInto(version, { start, end }, target);
    return target;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** Blocks of the content that have a checksum each: where they begin and end, chunk by chunk. */
async function blocksOf(content: Uint8Array): Promise<{ start: number; end: number }[][]> {
  const chunks: { start: number; end: number }[][] = [];
  let offset = 0;
  for await (const chunk of chunksOf([content], defaultChunking)) {
    const blocks: { start: number; end: number }[] = [];
    for (let at = 0; at < chunk.length; at += checksumBlockBytes) {
      const end = Math.min(chunk.length, at + checksumBlockBytes);
      blocks.push({ start: offset + at, end: offset + end });
    }
    chunks.push(blocks);
    offset += chunk.length;
  }
  return chunks;
}

/** Where content lies in a segment as it is. */
async function placeOf(
  fileSystem: MemoryFileSystem,
  bytes: Uint8Array,
): Promise<{ file: File; at: number }> {
  for (const name of await fileSystem.readDirectory(`${storeFolder}/segments`)) {
    const file = await fileSystem.open(`${storeFolder}/segments/${name}`, 'update');
    const stored = new Uint8Array(await file.size());
    await file.read(stored, 0);
    const at = Buffer.from(stored.buffer).indexOf(bytes);
    if (at >= 0) return { file, at };
    await file.close();
  }
  throw new Error('the content lies in a segment as it is');
}

async function flipBit(file: File, at: number, bit: number): Promise<void> {
  const byte = new Uint8Array(1);
  await file.read(byte, at);
  await file.write([Uint8Array.of((byte[0] as number) ^ (1 << bit))], at);
}

describe('parts of chunks', () => {
  test.each([
    ['that lie as they are', generatedBytes(7, contentBytes)],
    ['that are compressed', generatedText(7, contentBytes)],
  ])('%s are what the whole has there', async (_, content) => {
    const { engine, version } = await storeOf(content);
    const place = fc.nat(contentBytes);
    await fc.assert(
      fc.asyncProperty(place, fc.oneof(place, fc.nat(200_000)), async (from, length) => {
        const end = Math.min(contentBytes, from + length);
        const found = await read(engine, version, from, end);
        expect(Buffer.compare(found as Uint8Array, content.subarray(from, end))).toBe(0);
        const streamed: Uint8Array[] = [];
        for await (const piece of engine.read(version, { start: from, end })) streamed.push(piece);
        expect(Buffer.concat(streamed).equals(content.subarray(from, end))).toBe(true);
      }),
    );
    await engine.close();
  });

  test('name a flipped bit in each block that they touch, and in no other', async () => {
    const content = generatedBytes(8, contentBytes);
    const { engine, version, fileSystem } = await storeOf(content);
    const chunks = (await blocksOf(content)).filter((blocks) => blocks.length > 1);
    expect(chunks.length).toBeGreaterThan(3);
    let flips = 0;
    for (const blocks of chunks) {
      for (const damaged of blocks) {
        const { file, at } = await placeOf(
          fileSystem,
          content.subarray(damaged.start, damaged.start + 64),
        );
        const within = [0, damaged.end - damaged.start - 1, (flips * 9973) % 60_000];
        for (const place of within.filter((byte) => byte < damaged.end - damaged.start)) {
          await flipBit(file, at + place, flips++ % 8);
          for (const { start, end } of blocks) {
            // A byte at either end of the block: the range need not touch the bit itself.
            for (const byte of [start, end - 1]) {
              const found = await read(engine, version, byte, byte + 1);
              const isDamaged = start === damaged.start;
              expect(found).toEqual(isDamaged ? 'CORRUPT' : content.subarray(byte, byte + 1));
            }
          }
          expect(await read(engine, version, 0, contentBytes)).toBe('CORRUPT');
          await flipBit(file, at + place, (flips - 1) % 8);
        }
        await file.close();
      }
    }
    expect(flips).toBeGreaterThan(20);
    await engine.close();
  });

  test('are right or an error, whatever bit of the head of the frame flips', async () => {
    const content = generatedBytes(9, contentBytes);
    const [blocks = []] = (await blocksOf(content)).filter(({ length }) => length > 1);
    const [first, last] = [blocks[0]?.start as number, (blocks.at(-1)?.end as number) - 1];
    const headBytes = 16 + 35 + 4 * blocks.length;
    for (let flipped = 0; flipped < 8 * headBytes; flipped += 13) {
      const { engine, version, fileSystem } = await storeOf(content);
      const { file, at } = await placeOf(fileSystem, content.subarray(first, first + 64));
      await flipBit(file, at - headBytes + Math.floor(flipped / 8), flipped % 8);
      for (const byte of [first, last]) {
        const found = await read(engine, version, byte, byte + 1);
        const right = content.subarray(byte, byte + 1);
        expect(['CORRUPT', right]).toContainEqual(found);
      }
      await file.close();
      await engine.close();
    }
  });

  test('of a frame are proved by its head and the blocks that they touch, or not at all', () => {
    const plain = generatedBytes(10, 3 * checksumBlockBytes + 1000);
    const id = { domain: 1, kind: 'data', digest: sha256(plain) } as const;
    const chunk: EncodedChunk = {
      id,
      encoding: 'raw',
      payload: plain,
      rawBytes: plain.length,
      children: [],
    };
    const salt = 0xabcdef;
    const position = { salt, offset: 512, chain: 1 };
    const frame = Buffer.concat(encodeChunkFrame(crc32, position, chunk));
    const location = {
      fileId: 1,
      offset: 512,
      frameBytes: frame.length,
      rawBytes: plain.length,
    };
    fc.assert(
      fc.property(fc.nat(plain.length - 1), fc.integer({ min: 1, max: plain.length }), (at, n) => {
        const part = {
          id,
          sizeBytes: plain.length,
          start: at,
          end: Math.min(plain.length, at + n),
        };
        const bytes = frame.subarray(0, bytesToRead(part, location));
        const right = plain.subarray(part.start, part.end);
        const proved = provedPart(crc32, salt, bytes, part) as Uint8Array;
        expect(Buffer.compare(proved, right)).toBe(0);
        expect(provedPart(crc32, salt + 1, bytes, part)).toBeUndefined();
        expect(provedPart(crc32, salt, bytes.subarray(0, -1), part)).toBeUndefined();
        const other = { ...part, id: { ...id, digest: sha256(right) } };
        const isSame = right.length === plain.length;
        expect(provedPart(crc32, salt, bytes, other) === undefined).toBe(!isSame);
      }),
    );
    const aByte = { id, sizeBytes: plain.length, start: 70_000, end: 70_001 };
    const headBytes = frame.length - plain.length;
    expect(bytesToRead(aByte, location)).toBe(headBytes + 2 * checksumBlockBytes);
    // A delta, or what is encoded, is read whole.
    expect(bytesToRead(aByte, { ...location, readCost: 2 })).toBe(frame.length);
    expect(bytesToRead(aByte, { ...location, frameBytes: 100_000 })).toBe(100_000);
  });
});
