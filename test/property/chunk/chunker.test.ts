/**
 * The laws of the chunker, on arbitrary content.
 *
 * Most limits are tiny, so that a few hundred bytes cross every boundary many times. The largest
 * are there for the fast path, which looks for repetitions every 8 KiB only.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, equalBytes } from '../../../src/base/bytes.ts';
import { type ChunkingLimits } from '../../../src/base/limits.ts';
import { chunksOf } from '../../../src/engine/chunk/chunker.ts';
import { gear } from '../../../src/engine/chunk/gear.ts';
import type { ContentPart } from '../../../src/engine/model.ts';
import { arbitraryContent, generatedBytes, sliceAt } from '../../support/content.ts';

const smallest: ChunkingLimits = { minBytes: 8, averageBytes: 32, maxBytes: 128 };
const small: ChunkingLimits = { minBytes: 64, averageBytes: 256, maxBytes: 1024 };
const large: ChunkingLimits = { minBytes: 1024, averageBytes: 4096, maxBytes: 65_536 };

/** Limits, and content that is many times as large. */
const cases = fc.oneof(
  fc.record({ limits: fc.constantFrom(smallest, small), content: arbitraryContent(2000) }),
  fc.record({ limits: fc.constant(large), content: arbitraryContent(30_000) }),
);

const places = fc.array(fc.nat(10_000), { maxLength: 40 });

async function chunk(
  source: Iterable<ContentPart> | AsyncIterable<ContentPart>,
  limits: ChunkingLimits,
): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const each of chunksOf(source, limits)) chunks.push(Uint8Array.from(each));
  return chunks;
}

/** The rule, as plainly as it can be said: every byte of a chunk is hashed, none is skipped. */
function chunkPlainly(content: Uint8Array, limits: ChunkingLimits): Uint8Array[] {
  const { minBytes, averageBytes, maxBytes } = limits;
  const normalBytes = averageBytes - Math.floor((3 * minBytes) / 4);
  const chunks: Uint8Array[] = [];
  let start = 0;
  let hash = 0;
  for (let end = 1; end <= content.length; end++) {
    hash = (hash * 2 + (gear[content[end - 1] as number] as number)) | 0;
    const size = end - start;
    const bits = Math.log2(averageBytes) + (size < normalBytes ? 2 : -2);
    const meetsRule = size >= minBytes && hash >>> (32 - bits) === 0;
    if (meetsRule || size === maxBytes || end === content.length) {
      chunks.push(content.subarray(start, end));
      start = end;
      hash = 0;
    }
  }
  return chunks;
}

const sizes = (chunks: readonly Uint8Array[]): number[] => chunks.map((each) => each.length);

describe('chunksOf', () => {
  test('cuts as the plain rule does, fast paths or not', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ limits, content }) => {
        const chunks = await chunk([content], limits);
        expect(sizes(chunks)).toEqual(sizes(chunkPlainly(content, limits)));
      }),
    );
  });

  test('cuts as the plain rule does where runs are looked for and just begin', async () => {
    const limits = { minBytes: 256, averageBytes: 1024, maxBytes: 65_536 };
    // From here on in a chunk the easier mask holds; runs are looked for every 8 KiB behind.
    const lookedAt = limits.averageBytes - (3 * limits.minBytes) / 4 + 8192;
    for (let runEnd = lookedAt - 40; runEnd < lookedAt + 10; runEnd++) {
      for (let byteCount = 1; byteCount < 50; byteCount += 6) {
        const content = concatBytes([
          new Uint8Array(runEnd).fill(1),
          new Uint8Array(byteCount).fill(2),
          generatedBytes(runEnd, 100),
        ]);
        const chunks = await chunk([content], limits);
        expect(sizes(chunks)).toEqual(sizes(chunkPlainly(content, limits)));
      }
    }
  });

  test('concatenating the chunks gives back the content', async () => {
    await fc.assert(
      fc.asyncProperty(cases, places, async ({ limits, content }, at) => {
        const chunks = await chunk(sliceAt(content, at), limits);
        expect(equalBytes(concatBytes(chunks), content)).toBe(true);
      }),
    );
  });

  test('the cuts do not depend on how the source slices the content', async () => {
    await fc.assert(
      fc.asyncProperty(cases, places, async ({ limits, content }, at) => {
        const chunks = await chunk(sliceAt(content, at), limits);
        expect(sizes(chunks)).toEqual(sizes(await chunk([content], limits)));
      }),
    );
  });

  test('what is behind a cut that is told is cut as if it began there', async () => {
    await fc.assert(
      fc.asyncProperty(cases, places, async ({ limits, content }, at) => {
        const parts = sliceAt(content, at);
        const told = parts.flatMap((part) => [part, 'cut' as const]);
        const alone = await Promise.all(parts.map((part) => chunk([part], limits)));
        expect(await chunk(told, limits)).toEqual(alone.flat());
      }),
    );
  });

  test('the cuts do not depend on where in memory the content lies', async () => {
    const content = generatedBytes(1, 20_000);
    const expected = sizes(await chunk([content], small));
    for (let shift = 1; shift < 8; shift++) {
      const shifted = new Uint8Array(content.length + shift).subarray(shift);
      shifted.set(content);
      expect(sizes(await chunk([shifted], small))).toEqual(expected);
    }
  });

  test('slices of one byte are cut as one slice is', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryContent(300), async (content) => {
        const bytewise = Array.from(content, (byte) => Uint8Array.of(byte));
        expect(await chunk(bytewise, small)).toEqual(await chunk([content], small));
      }),
      { numRuns: 30 },
    );
  });

  test('no chunk but the last is below the minimum, and none is above the maximum', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ limits, content }) => {
        const chunkSizes = sizes(await chunk([content], limits));
        const last = chunkSizes.pop() ?? 1;
        expect(last > 0 && last <= limits.maxBytes).toBe(true);
        for (const size of chunkSizes) {
          expect(size >= limits.minBytes && size <= limits.maxBytes).toBe(true);
        }
      }),
    );
  });

  test('no chunk lies in memory of the source, which may change at any time', async () => {
    await fc.assert(
      fc.asyncProperty(cases, places, async ({ limits, content }, at) => {
        const memory = Buffer.from(content);
        for await (const each of chunksOf(sliceAt(memory, at), limits)) {
          expect(each.constructor).toBe(Uint8Array);
          expect(each.buffer).not.toBe(memory.buffer);
        }
      }),
    );
  });

  test('a source may reuse its memory for the next slice', async () => {
    await fc.assert(
      fc.asyncProperty(cases, places, async ({ limits, content }, at) => {
        const memory = Buffer.alloc(content.length);
        function* reusing(): Generator<Uint8Array> {
          for (const slice of sliceAt(content, at)) {
            memory.set(slice);
            yield memory.subarray(0, slice.length);
            memory.fill(0xa5);
          }
        }
        const chunks = await chunk(reusing(), limits);
        expect(equalBytes(concatBytes(chunks), content)).toBe(true);
      }),
    );
  });

  test('an edit at the beginning leaves the later chunks as they were', async () => {
    const tail = generatedBytes(2, 64 * small.averageBytes);
    const head = arbitraryContent(1000);
    await fc.assert(
      fc.asyncProperty(head, head, async (before, after) => {
        const old = await chunk([before, tail], small);
        const edited = await chunk([after, tail], small);
        expect(edited.slice(-8)).toEqual(old.slice(-8));
      }),
    );
  });

  test('a changed byte in the middle costs few new chunks', async () => {
    const content = generatedBytes(3, 200 * small.averageBytes);
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
    const old = new Set((await chunk([content], small)).map(hex));
    for (let at = 0; at < content.length; at += 997) {
      const edited = Uint8Array.from(content);
      edited[at] = (edited[at] as number) ^ 0xff;
      const fresh = (await chunk([edited], small)).filter((each) => !old.has(hex(each)));
      expect(fresh.length).toBeGreaterThan(0);
      expect(fresh.length).toBeLessThan(12);
    }
  });

  test('holds back no more than a chunk and a slice', async () => {
    const slice = generatedBytes(4, 100);
    let taken = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        taken += slice.length;
        yield slice;
      }
    }
    let given = 0;
    for await (const each of chunksOf(endless(), smallest)) {
      expect(taken - given).toBeLessThanOrEqual(smallest.maxBytes + slice.length);
      given += each.length;
      if (given > 100_000) break;
    }
    expect(given).toBeGreaterThan(100_000);
  });

  test('empty content has no chunks', async () => {
    expect(await chunk([], small)).toEqual([]);
    expect(await chunk([new Uint8Array(0), new Uint8Array(0)], small)).toEqual([]);
  });

  test('closes the source when the consumer stops early or throws', async () => {
    const closed: string[] = [];
    function* source(name: string): Generator<Uint8Array> {
      try {
        for (;;) yield generatedBytes(5, 1000);
      } finally {
        closed.push(name);
      }
    }
    for await (const _ of chunksOf(source('stopped'), small)) break;
    const failing = async (): Promise<void> => {
      for await (const _ of chunksOf(source('threw'), small)) throw new Error('consumer');
    };
    await expect(failing()).rejects.toThrow('consumer');
    expect(closed).toEqual(['stopped', 'threw']);
  });

  test('passes on the error of a source', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield generatedBytes(6, 1000);
      throw new Error('source');
    }
    await expect(chunk(failing(), small)).rejects.toThrow('source');
  });
});
