/**
 * The laws of the table of similar chunks, against a plain map; its bound; and its file.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';
import { SimilarChunks, similarBytesMin } from '../../../src/engine/similar-chunks.ts';

const { crc32 } = nativeHashing;
const options = { crc32 };

interface Noted {
  readonly features: readonly number[];
  /** Stands for the chunk: see {@link digestOf}. */
  readonly chunk: number;
}

/** Few different features, so that chunks meet; at both ends of the range, so that it wraps. */
const feature = fc.oneof(fc.nat(12), fc.integer({ min: 0xfffffff0, max: 0xffffffff }));
const features = fc.array(feature, { maxLength: 6 });
const noted: fc.Arbitrary<Noted[]> = fc.array(
  fc.record({
    features,
    chunk: fc.nat(2 ** 31),
  }),
  { maxLength: 400 },
);

/** The same question, by plain code. */
function candidatesPlainly(all: readonly Noted[], asked: readonly number[]): number[] {
  const votes = new Map<number, number>();
  for (const one of asked) {
    const under = all.flatMap((chunk, i) => (chunk.features.includes(one) ? [i] : [])).slice(-3);
    for (const i of under) votes.set(i, (votes.get(i) ?? 0) + 1);
  }
  return [...votes]
    .sort(([a, votesA], [b, votesB]) => votesB - votesA || b - a)
    .map(([i]) => (all[i] as Noted).chunk);
}

function tableOf(all: readonly Noted[]): SimilarChunks {
  const table = new SimilarChunks(options);
  for (const { features, chunk } of all) table.add(Uint32Array.from(features), digestOf(chunk));
  return table;
}

/** A digest that begins, as digests do, with what tells it from others. */
function digestOf(chunk: number): Uint8Array {
  const digest = new Uint8Array(32).fill(0xd1);
  new DataView(digest.buffer).setUint32(0, chunk);
  return digest;
}

/** The chunks of which digests, or their first four bytes, are found. */
function foundIn(table: SimilarChunks, asked: Iterable<number>): number[] {
  return table.candidates(Uint32Array.from(asked)).map((digest) => {
    const chunk = new DataView(digest.buffer, digest.byteOffset).getUint32(0);
    expect([4, 32]).toContain(digest.length);
    expect(digest).toEqual(digestOf(chunk).subarray(0, digest.length));
    return chunk;
  });
}

describe('SimilarChunks', () => {
  test('answers as a plain map does, also when it came from its file in between', () => {
    fc.assert(
      fc.property(noted, noted, features, (before, after, asked) => {
        const table = SimilarChunks.load(tableOf(before).dump(), options);
        for (const { features, chunk } of after) {
          table.add(Uint32Array.from(features), digestOf(chunk));
        }
        const expected = candidatesPlainly([...before, ...after], asked);
        expect(foundIn(table, asked)).toEqual(expected);
        expect(foundIn(tableOf([...before, ...after]), asked)).toEqual(expected);
      }),
    );
  });

  test('keeps to its bound, and forgets the oldest', () => {
    const bytesMax = 100_000;
    const table = new SimilarChunks({ crc32, bytesMax });
    const added = 20_000;
    let largest = 0;
    for (let i = 0; i < added; i++) {
      table.add(featuresOf(i), digestOf(i));
      largest = Math.max(largest, table.memoryBytes);
    }
    expect(largest).toBeLessThanOrEqual(bytesMax);
    expect(largest).toBeGreaterThan(bytesMax / 2);
    const known = Array.from({ length: added }, (_, i) => i).filter(
      (i) => table.candidates(featuresOf(i)).length > 0,
    );
    expect(known.length).toBeGreaterThan(200);
    expect(known.length).toBe(added - (known[0] as number)); // The newest, without a gap.
  });

  test('of many chunks is loaded whole, and at once', () => {
    // Keys come from the file in their order. Noted one by one they would fill the start of a table
    // that has yet to grow, and each would be looked for behind all others: minutes for these.
    const table = new SimilarChunks(options);
    const added = 60_000;
    for (let i = 0; i < added; i++) table.add(featuresOf(i), digestOf(i));
    const loaded = SimilarChunks.load(table.dump(), options);
    expect(loaded.memoryBytes).toBe(table.memoryBytes);
    for (let i = 0; i < added; i += 97) {
      expect(foundIn(loaded, featuresOf(i))).toEqual([i]);
    }
  });

  test('needs one slot for the features that versions have in common', () => {
    const table = new SimilarChunks({ crc32, bytesMax: similarBytesMin });
    table.add(featuresOf(3), digestOf(5));
    for (let i = 0; i < 100_000; i++) table.add(featuresOf(1), digestOf(i));
    // Its slot is there, but its digest has been taken by another.
    expect(table.candidates(featuresOf(3))).toEqual([]);
    table.add(featuresOf(2), digestOf(7));
    expect(foundIn(table, featuresOf(1))).toEqual([99_999, 99_998, 99_997]);
    expect(foundIn(table, featuresOf(2))).toEqual([7]);
  });

  test('is empty if its file is damaged, and smaller if it may take less memory', () => {
    const table = new SimilarChunks(options);
    for (let i = 0; i < 5000; i++) table.add(featuresOf(i), digestOf(i));
    const small = SimilarChunks.load(table.dump(), { crc32, bytesMax: similarBytesMin });
    expect(small.memoryBytes).toBeLessThanOrEqual(similarBytesMin);
    expect(foundIn(small, featuresOf(4999))).toEqual([4999]);

    const few = tableOf([{ features: [1, 2, 3], chunk: 4 }]).dump();
    const empty = new SimilarChunks(options).dump();
    expect(SimilarChunks.load(few, options).dump()).not.toEqual(empty);
    for (let bit = 0; bit < few.length * 8; bit++) {
      const damaged = Uint8Array.from(few);
      (damaged[bit >> 3] as number) ^= 1 << (bit & 7);
      expect(SimilarChunks.load(damaged, options).dump()).toEqual(empty);
    }
    for (let size = 0; size < few.length; size++) {
      expect(SimilarChunks.load(few.subarray(0, size), options).dump()).toEqual(empty);
    }
  });

  test('is empty if its file is nonsense of the right checksum', () => {
    const head = new SimilarChunks(options).dump().subarray(0, 8);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (body) => {
        const crc = new Uint8Array(Uint32Array.of(crc32(body, 0)).buffer);
        const table = SimilarChunks.load(Uint8Array.from([...head, ...crc, ...body]), options);
        expect(() => table.candidates(featuresOf(1))).not.toThrow();
      }),
    );
  });
});

/** Six features that no other number has. */
function featuresOf(number: number): Uint32Array {
  return Uint32Array.from({ length: 6 }, (_, i) => Math.imul(number * 6 + i + 1, 0x9e3779b1));
}
