/**
 * Laws of parity: of each group one rotten block is restored to what it was, whatever it has become
 * and wherever it lies; of two nothing is restored, and both are named.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, equalBytes } from '../../../src/base/bytes.ts';
import { sectorBytes } from '../../../src/base/limits.ts';
import {
  makeParity,
  restoreBlocks,
  rottenBlocks,
  type ParitySource,
} from '../../../src/engine/log/parity-code.ts';
import {
  decodeParityChecksums,
  decodeParityHeader,
  encodeParityHead,
  parityBlockBytes,
  parityFileBytes,
  parityHeaderBytes,
  parityHeaderLayout,
  parityOffset,
  parityShape,
} from '../../../src/engine/log/parity-file.ts';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';
import { generatedBytes } from '../../support/content.ts';

const { crc32 } = nativeHashing;
const pause = (): Promise<void> => Promise.resolve();

const reading =
  (bytes: Uint8Array) =>
  async (offset: number, byteCount: number): Promise<Uint8Array> =>
    bytes.slice(offset, offset + byteCount);

/** A file and its parity, read back from the bytes of a parity file. */
async function protectedFile(content: Uint8Array, every: number): Promise<ProtectedFile> {
  const extent = { coveredBytes: content.length, every };
  const { checksums, parity } = await makeParity(crc32, extent, reading(content), pause);
  const header = {
    storeId: generatedBytes(1, 16),
    fileId: 7,
    fileCrc: 0xdead_beef,
    fileBytes: content.length + 3,
    ...extent,
  };
  const bytes = concatBytes([encodeParityHead(crc32, header, checksums), parity]);
  const shape = parityShape(header);
  expect(bytes.length).toBe(parityFileBytes(shape));
  expect(decodeParityHeader(crc32, bytes)).toEqual(header);
  const decoded = decodeParityChecksums(crc32, header, bytes);
  expect(decoded).toEqual(checksums);
  return {
    bytes,
    groupCount: shape.groupCount,
    blockCount: shape.blockCount,
    sourceOf: (damaged, ownBytes = bytes) => ({
      crc32,
      header,
      checksums,
      read: reading(damaged),
      readParity: async (group) => {
        const at = parityOffset(shape, group);
        return ownBytes.slice(at, at + parityBlockBytes);
      },
    }),
  };
}

interface ProtectedFile {
  readonly bytes: Uint8Array;
  readonly blockCount: number;
  readonly groupCount: number;
  readonly sourceOf: (damaged: Uint8Array, ownBytes?: Uint8Array) => ParitySource;
}

/** These blocks were restored to what they were. */
function expectBlocks(
  restored: ReadonlyMap<number, Uint8Array>,
  blocks: Iterable<number>,
  content: Uint8Array,
): void {
  for (const block of blocks) {
    const before = content.slice(block * parityBlockBytes, (block + 1) * parityBlockBytes);
    const after = restored.get(block);
    // A comparison of large arrays by the framework takes most of the time otherwise.
    if (after === undefined || !equalBytes(after, before)) expect(after).toEqual(before);
  }
}

/** Makes other bytes of some blocks: zeros, one bit, or noise. */
function damaged(content: Uint8Array, blocks: Iterable<number>, how: number): Uint8Array {
  const bytes = content.slice();
  for (const block of blocks) {
    const part = bytes.subarray(block * parityBlockBytes, (block + 1) * parityBlockBytes);
    if (how === 0) part.fill(part.every((byte) => byte === 0) ? 1 : 0);
    else if (how === 1) part[block % part.length]! ^= 1 << (block % 8);
    else {
      // It may be the very bytes that were there.
      const noise = generatedBytes(how + block, part.length);
      if (equalBytes(noise, part)) noise[0]! ^= 1;
      part.set(noise);
    }
  }
  return bytes;
}

const files = fc.record({
  byteCount: fc.integer({ min: 1, max: 40 * parityBlockBytes }),
  every: fc.integer({ min: 2, max: 20 }),
  seed: fc.nat(),
  how: fc.integer({ min: 0, max: 5 }),
});

describe('parity', () => {
  test('restores one rotten block of each group', async () => {
    const groups = fc.array(fc.option(fc.nat()), { minLength: 20, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(files, groups, async ({ byteCount, every, seed, how }, drawn) => {
        const content = generatedBytes(seed, byteCount);
        const { blockCount, groupCount, sourceOf } = await protectedFile(content, every);
        const bad = new Set<number>();
        for (let group = 0; group < groupCount; group++) {
          const pick = drawn[group % drawn.length] ?? undefined;
          if (pick === undefined) continue;
          const size = Math.ceil((blockCount - group) / groupCount);
          bad.add(group + (pick % size) * groupCount);
        }
        const source = sourceOf(damaged(content, bad, how));
        const rotten = await rottenBlocks(source, pause);
        expect(rotten).toEqual([...bad].sort((a, b) => a - b));
        const { restored, lost } = await restoreBlocks(source, rotten);
        expect(lost).toEqual([]);
        expectBlocks(restored, bad, content);
        expect(restored.size).toBe(bad.size);
      }),
      { numRuns: 200 },
    );
  });

  test('names what it cannot restore, and gives nothing wrong for it', async () => {
    const places = fc.array(fc.nat(), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(files, places, async ({ byteCount, every, seed, how }, drawn) => {
        const content = generatedBytes(seed, byteCount);
        const { blockCount, groupCount, sourceOf } = await protectedFile(content, every);
        const bad = new Set(drawn.map((place) => place % blockCount));
        const source = sourceOf(damaged(content, bad, how));
        const rotten = await rottenBlocks(source, pause);
        expect(new Set(rotten)).toEqual(bad);
        const { restored, lost } = await restoreBlocks(source, rotten);
        const isAlone = (block: number): boolean =>
          rotten.every((other) => other === block || other % groupCount !== block % groupCount);
        expect(lost).toEqual(rotten.filter((block) => !isAlone(block)));
        expectBlocks(restored, restored.keys(), content);
      }),
      { numRuns: 200 },
    );
  });

  test('restores a burst of neighbours as long as there are groups', async () => {
    for (const [byteCount, every] of [
      [300_000, 16],
      [300_001, 3],
      [4096 * 32, 16],
    ] as const) {
      const content = generatedBytes(3, byteCount);
      const { blockCount, groupCount, sourceOf } = await protectedFile(content, every);
      expect(groupCount).toBe(Math.ceil(blockCount / every));
      for (let first = 0; first + groupCount <= blockCount; first++) {
        const burst = Array.from({ length: groupCount }, (_, at) => first + at);
        const { restored, lost } = await restoreBlocks(sourceOf(damaged(content, burst, 0)), burst);
        expect(lost).toEqual([]);
        expectBlocks(restored, burst, content);
      }
    }
  });

  test('restores the end of a file that was cut off', async () => {
    const content = generatedBytes(4, 20 * parityBlockBytes - 100);
    const { sourceOf } = await protectedFile(content, 4);
    for (const keptBytes of [
      content.length - 1,
      16 * parityBlockBytes,
      15 * parityBlockBytes + 9,
    ]) {
      const source = sourceOf(content.slice(0, keptBytes));
      const rotten = await rottenBlocks(source, pause);
      expect(rotten[0]).toBe(Math.floor(keptBytes / parityBlockBytes));
      const { restored, lost } = await restoreBlocks(source, rotten);
      expect(lost).toEqual([]);
      expectBlocks(restored, rotten, content);
    }
    const source = sourceOf(content.slice(0, 14 * parityBlockBytes));
    const { restored, lost } = await restoreBlocks(source, await rottenBlocks(source, pause));
    expect(lost).toEqual([14, 19]);
    expect([...restored.keys()]).toEqual([15, 16, 17, 18]);
  });

  test('that is rotten itself restores nothing in that group', async () => {
    const content = generatedBytes(5, 12 * parityBlockBytes);
    const { bytes, sourceOf } = await protectedFile(content, 4);
    const ownBytes = bytes.slice();
    ownBytes[ownBytes.length - 1]! ^= 1;
    const source = sourceOf(damaged(content, [4, 5], 1), ownBytes);
    const { restored, lost } = await restoreBlocks(source, [4, 5]);
    expect([...restored.keys()]).toEqual([4]);
    expect(lost).toEqual([5]);
  });

  test('restores the same from bytes that lie anywhere in memory', async () => {
    const content = generatedBytes(7, 6 * parityBlockBytes + 5);
    const { sourceOf } = await protectedFile(content, 3);
    const plain = sourceOf(damaged(content, [1, 6], 2));
    const shifted: ParitySource = {
      ...plain,
      read: async (offset, byteCount) => {
        const memory = new Uint8Array(byteCount + 1);
        memory.set(await plain.read(offset, byteCount), 1);
        return memory.subarray(1);
      },
    };
    const { restored, lost } = await restoreBlocks(shifted, [1, 6]);
    expect(lost).toEqual([]);
    expectBlocks(restored, [1, 6], content);
  });

  test('gives no block that has not the checksum of the one that was', async () => {
    const content = generatedBytes(8, 4 * parityBlockBytes);
    const { sourceOf } = await protectedFile(content, 2);
    // Two of the group are damaged, and only one is said to be.
    const source = sourceOf(damaged(content, [0, 2], 3));
    const { restored, lost } = await restoreBlocks(source, [0]);
    expect([...restored.keys()]).toEqual([]);
    expect(lost).toEqual([0]);
  });

  test.each([
    ['of another format', parityHeaderLayout.formatMajor.offset, 2],
    ['with blocks of another size', parityHeaderLayout.blockBytes.offset, 1],
    ['with groups of none', parityHeaderLayout.every.offset, 0],
    ['with groups of too many', parityHeaderLayout.every.offset, 0xff],
  ])('%s is none that this build can use', async (_, offset, value) => {
    const content = generatedBytes(9, 2 * parityBlockBytes);
    const { bytes } = await protectedFile(content, 2);
    const other = bytes.slice();
    other.fill(0, offset, offset + 2);
    other[offset] = value;
    if (value === 0xff) other[offset + 1] = 0xff;
    const { crc } = parityHeaderLayout;
    new DataView(other.buffer).setUint32(crc.offset, crc32(other.subarray(0, crc.offset), 0), true);
    expect(decodeParityHeader(crc32, other)).toBeUndefined();
  });

  test('whose head ends too early has no checksums', async () => {
    const content = generatedBytes(10, 2 * parityBlockBytes);
    const { bytes } = await protectedFile(content, 2);
    const header = decodeParityHeader(crc32, bytes);
    expect(
      header && decodeParityChecksums(crc32, header, bytes.slice(0, parityHeaderBytes + 8)),
    ).toBeUndefined();
  });

  test('of which any bit of the head is wrong is not believed', async () => {
    const content = generatedBytes(6, 2 * parityBlockBytes);
    const { bytes } = await protectedFile(content, 2);
    const headBytes = parityOffset({ blockCount: 2, groupCount: 1 }, 0);
    expect(parityHeaderBytes).toBe(sectorBytes);
    for (let bit = 0; bit < 8 * headBytes; bit++) {
      const at = Math.floor(bit / 8);
      // Reserved bytes are not looked at.
      if (at >= parityHeaderLayout.crc.offset + 4 && at < parityHeaderBytes) continue;
      const wrong = bytes.slice();
      wrong[at]! ^= 1 << (bit % 8);
      const header = decodeParityHeader(crc32, wrong);
      const checksums = header && decodeParityChecksums(crc32, header, wrong);
      expect(checksums).toBeUndefined();
    }
  });
});
