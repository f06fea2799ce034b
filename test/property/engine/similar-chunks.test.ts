/**
 * The laws of the table of similar chunks, against a plain map; its bound; and its file.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';
import {
  type ChunkPlace,
  SimilarChunks,
  similarBytesMin,
} from '../../../src/engine/similar-chunks.ts';

const { crc32 } = nativeHashing;
const options = { crc32 };

interface Noted {
  readonly features: readonly number[];
  readonly place: ChunkPlace;
}

/** Few different features, so that chunks meet; at both ends of the range, so that it wraps. */
const feature = fc.oneof(fc.nat(12), fc.integer({ min: 0xfffffff0, max: 0xffffffff }));
const features = fc.array(feature, { maxLength: 6 });
const noted: fc.Arbitrary<Noted[]> = fc.array(
  fc.record({
    features,
    place: fc.record({ fileId: fc.nat(2 ** 31), offset: fc.nat(2 ** 31) }),
  }),
  { maxLength: 400 },
);

/** The same question, by plain code. */
function candidatesPlainly(all: readonly Noted[], asked: readonly number[]): ChunkPlace[] {
  const votes = new Map<number, number>();
  for (const one of asked) {
    const under = all.flatMap((chunk, i) => (chunk.features.includes(one) ? [i] : [])).slice(-3);
    for (const i of under) votes.set(i, (votes.get(i) ?? 0) + 1);
  }
  return [...votes]
    .sort(([a, votesA], [b, votesB]) => votesB - votesA || b - a)
    .map(([i]) => (all[i] as Noted).place);
}

function tableOf(all: readonly Noted[]): SimilarChunks {
  const table = new SimilarChunks(options);
  for (const chunk of all) table.add(Uint32Array.from(chunk.features), chunk.place);
  return table;
}

describe('SimilarChunks', () => {
  test('answers as a plain map does, also when it came from its file in between', () => {
    fc.assert(
      fc.property(noted, noted, features, (before, after, asked) => {
        const table = SimilarChunks.load(tableOf(before).dump(), options);
        for (const chunk of after) table.add(Uint32Array.from(chunk.features), chunk.place);
        const expected = candidatesPlainly([...before, ...after], asked);
        expect(table.candidates(Uint32Array.from(asked))).toEqual(expected);
        expect(tableOf([...before, ...after]).candidates(Uint32Array.from(asked))).toEqual(
          expected,
        );
      }),
    );
  });

  test('keeps to its bound, and forgets the oldest', () => {
    const bytesMax = 100_000;
    const table = new SimilarChunks({ crc32, bytesMax });
    const added = 20_000;
    let largest = 0;
    for (let i = 0; i < added; i++) {
      table.add(featuresOf(i), { fileId: 1, offset: i });
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
    for (let i = 0; i < added; i++) table.add(featuresOf(i), { fileId: 1, offset: i });
    const loaded = SimilarChunks.load(table.dump(), options);
    expect(loaded.memoryBytes).toBe(table.memoryBytes);
    for (let i = 0; i < added; i += 97) {
      expect(loaded.candidates(featuresOf(i))).toEqual([{ fileId: 1, offset: i }]);
    }
  });

  test('needs one slot for the features that versions have in common', () => {
    const table = new SimilarChunks({ crc32, bytesMax: similarBytesMin });
    table.add(featuresOf(3), { fileId: 5, offset: 6 });
    for (let i = 0; i < 100_000; i++) table.add(featuresOf(1), { fileId: i, offset: 0 });
    // Its slot is there, but its place has been taken by another.
    expect(table.candidates(featuresOf(3))).toEqual([]);
    table.add(featuresOf(2), { fileId: 7, offset: 8 });
    const newest = [99_999, 99_998, 99_997].map((fileId) => ({ fileId, offset: 0 }));
    expect(table.candidates(featuresOf(1))).toEqual(newest);
    expect(table.candidates(featuresOf(2))).toEqual([{ fileId: 7, offset: 8 }]);
  });

  test('does not note a place that it cannot hold', () => {
    const table = new SimilarChunks(options);
    table.add(featuresOf(1), { fileId: 1, offset: 2 ** 32 });
    table.add(featuresOf(1), { fileId: 2 ** 32, offset: 1 });
    expect(table.candidates(featuresOf(1))).toEqual([]);
  });

  test('is empty if its file is damaged, and smaller if it may take less memory', () => {
    const table = new SimilarChunks(options);
    for (let i = 0; i < 5000; i++) table.add(featuresOf(i), { fileId: 1, offset: i });
    const small = SimilarChunks.load(table.dump(), { crc32, bytesMax: similarBytesMin });
    expect(small.memoryBytes).toBeLessThanOrEqual(similarBytesMin);
    expect(small.candidates(featuresOf(4999))).toEqual([{ fileId: 1, offset: 4999 }]);

    const few = tableOf([{ features: [1, 2, 3], place: { fileId: 4, offset: 5 } }]).dump();
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
