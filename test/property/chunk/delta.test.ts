/**
 * The laws of the delta's bytes, against a decoder that is obviously right, and the exact bytes of
 * a few.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, equalBytes } from '../../../src/base/bytes.ts';
import { isCorrupt } from '../../../src/base/errors.ts';
import { decodeDelta, encodeDelta } from '../../../src/engine/chunk/delta.ts';
import { arbitraryContent, generatedBytes } from '../../support/content.ts';

const content = arbitraryContent(400);

/** Bases, and a target that is mostly put together from pieces of them. */
const pairs = fc
  .tuple(
    fc.array(content, { maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(2000), fc.nat(300), fc.uint8Array({ maxLength: 20 })), {
      maxLength: 6,
    }),
  )
  .map(([bases, pieces]) => {
    const joined = concatBytes(bases);
    const target = pieces.flatMap(([from, byteCount, added]) => {
      const start = joined.length === 0 ? 0 : from % joined.length;
      return [joined.subarray(start, start + byteCount), added];
    });
    return { bases, target: concatBytes(target) };
  });

/** What becomes of a delta, by plain code: the bytes that it makes, or `undefined`. */
function decodePlainly(
  bases: readonly Uint8Array[],
  delta: Uint8Array,
  targetBytes: number,
): number[] | undefined {
  const base = bases.flatMap((bytes) => [...bytes]);
  const [literalBytes, afterSize] = plainVarint([...delta]);
  if (!(literalBytes <= afterSize.length)) return undefined;
  let literals = afterSize.slice(0, literalBytes);
  let rest = afterSize.slice(literalBytes);
  const made: number[] = [];
  let expected = 0;
  while (rest.length > 0) {
    const [literal, afterLiteral] = plainVarint(rest);
    const [copied, afterCopied] = plainVarint(afterLiteral);
    const [distance, afterDistance] = plainVarint(afterCopied);
    const from = expected + (distance % 2 === 0 ? distance / 2 : -(distance + 1) / 2);
    const isRight = literal <= literals.length && copied > 0 && from >= 0;
    if (!isRight || !(from + copied <= base.length)) return undefined;
    if (made.length + literal + copied > targetBytes) return undefined;
    made.push(...literals.slice(0, literal), ...base.slice(from, from + copied));
    literals = literals.slice(literal);
    expected = from + copied;
    rest = afterDistance;
  }
  made.push(...literals);
  return made.length === targetBytes ? made : undefined;
}

/** The integer at the start, not a number if there is none, and what follows it. */
function plainVarint(bytes: readonly number[]): [number, number[]] {
  const size = bytes.findIndex((byte) => byte < 128) + 1;
  const isRight = size > 0 && size <= 8 && (size === 1 || bytes[size - 1] !== 0);
  const value = bytes.slice(0, size).reduceRight((sum, byte) => sum * 128 + (byte % 128), 0);
  return [isRight ? value : NaN, bytes.slice(size)];
}

describe('a delta', () => {
  test('decodes to the target, against any bases', () => {
    const related = fc.oneof(pairs, fc.record({ bases: fc.array(content), target: content }));
    fc.assert(
      fc.property(related, ({ bases, target }) => {
        const delta = encodeDelta(bases, target);
        expect(decodeDelta(bases, delta, target.length)).toEqual(target);
        expect(decodePlainly(bases, delta, target.length)).toEqual([...target]);
      }),
    );
  });

  test('of a chunk against itself, or against its halves, is a few bytes', () => {
    const whole = generatedBytes(1, 65_536);
    const halves = [whole.slice(0, 40_000), whole.slice(40_000)];
    expect(encodeDelta([whole], whole).length).toBeLessThan(10);
    expect(encodeDelta(halves, whole).length).toBeLessThan(10);
    expect(encodeDelta(halves.toReversed(), whole).length).toBeLessThan(20);
  });

  test('goes on where the last copy would have, even for little', () => {
    const base = generatedBytes(6, 10_000);
    const target = Uint8Array.from(base);
    for (let at = 0; at < target.length; at += 20) (target[at] as number) ^= 1;
    expect(encodeDelta([base], target).length).toBeLessThan(500 * (1 + 3) + 10);
  });

  test('copies nothing short from elsewhere', () => {
    const base = generatedBytes(7, 10_000);
    const target = concatBytes(
      Array.from({ length: 100 }, (_, i) => base.subarray(i * 96, i * 96 + 28)).toReversed(),
    );
    expect(encodeDelta([base], target).length).toBe(target.length + 2);
  });

  test('prefers a copy that begins a little later, if it is longer', () => {
    const [head, middle, tail] = [12, 24, 400].map((size) => generatedBytes(size, size)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const bases = [concatBytes([middle, tail]), concatBytes([head, middle])];
    const delta = encodeDelta(bases, concatBytes([head, middle, tail]));
    expect(delta.subarray(0, 13)).toEqual(concatBytes([Uint8Array.of(12), head]));
  });

  test.each([
    ['the same byte', 1],
    ['a period of 3 bytes', 3],
    ['a period of 31 bytes', 31],
    ['a period of 100 bytes', 100],
  ])('of %s is small, and found at once', (_, period) => {
    const repeated = new Uint8Array(1 << 19).map((_byte, at) => (at % period) * 7);
    const target = Uint8Array.from(repeated);
    for (let at = 0; at < target.length; at += 5003) target[at] = 0xff;
    const delta = encodeDelta([repeated, repeated], target);
    expect(delta.length).toBeLessThan(2000);
    expect(equalBytes(decodeDelta([repeated, repeated], delta, target.length), target)).toBe(true);
  });

  test('of many short repetitions is found at once', () => {
    // Each 24 bytes match everywhere, and never 32: the longest way to no copy at all.
    const piece = generatedBytes(5, 24);
    const joined = (seed: number): Uint8Array =>
      concatBytes(
        Array.from({ length: 20_000 }, (_, i) => concatBytes([piece, generatedBytes(seed + i, 8)])),
      );
    const [base, target] = [joined(1), joined(1_000_000)];
    const delta = encodeDelta([base], target);
    expect(equalBytes(decodeDelta([base], delta, target.length), target)).toBe(true);
  });

  // Against one base of four bytes, to make six.
  test.each([
    ['is empty', []],
    ['ends within an integer', [0x80]],
    ['ends within its literals', [3, 1, 1]],
    ['ends within a copy', [2, 9, 9, 0, 4]],
    ['makes less', [2, 9, 9, 0, 3, 0]],
    ['copies too much', [2, 9, 9, 0, 4, 0, 0, 4, 7]],
    ['has a literal too many', [3, 9, 9, 9, 0, 4, 0]],
    ['asks for more literals than there are', [2, 9, 9, 3, 4, 0]],
    ['copies nothing', [2, 9, 9, 0, 4, 0, 0, 0, 0]],
    ['copies from before its base', [2, 9, 9, 0, 4, 1]],
    ['copies from behind its base', [2, 9, 9, 0, 4, 2]],
    ['has an integer that is longer than need be', [0x82, 0, 9, 9, 0, 4, 0]],
    ['has an integer that is longer than any', [2, 9, 9, 0, 4, ...Array(9).fill(0x80), 1]],
  ])('that %s is CORRUPT', (_, delta) => {
    const base = Uint8Array.of(1, 2, 3, 4);
    expect(decodedOrRefused([base], Uint8Array.of(2, 9, 9, 0, 4, 0), 6)).toEqual([
      1, 2, 3, 4, 9, 9,
    ]);
    expect(decodedOrRefused([base], Uint8Array.from(delta as number[]), 6)).toBeUndefined();
  });

  test('that is damaged is CORRUPT, or makes exactly as many bytes as it should', () => {
    const outcomes = { made: 0, refused: 0 };
    const bytes = fc.uint8Array({ maxLength: 3 });
    const edit = fc.record({ at: fc.nat(500), inserted: bytes, more: fc.constantFrom(0, 0, 0, 1) });
    const more = fc.constantFrom(0, 0, 0, 1, -1);
    fc.assert(
      fc.property(
        pairs,
        edit,
        more,
        ({ bases, target }, { at, inserted, more: removed }, longer) => {
          const whole = encodeDelta(bases, target);
          const from = at % (whole.length + 1);
          const rest = whole.subarray(from + inserted.length + removed);
          const delta = concatBytes([whole.subarray(0, from), inserted, rest]);
          const targetBytes = Math.max(0, target.length + longer);
          const plain = decodePlainly(bases, delta, targetBytes);
          outcomes[plain === undefined ? 'refused' : 'made']++;
          expect(decodedOrRefused(bases, delta, targetBytes)).toEqual(plain);
        },
      ),
      { numRuns: 1000 },
    );
    expect(Math.min(outcomes.made, outcomes.refused)).toBeGreaterThan(100);
  });

  test('of random bytes does what the plain decoder does', () => {
    const small = fc.array(fc.oneof(fc.nat(8), fc.nat(255)), { maxLength: 30 });
    fc.assert(
      fc.property(fc.array(content), small, fc.nat(30), (bases, bytes, targetBytes) => {
        const delta = Uint8Array.from(bytes);
        const plain = decodePlainly(bases, delta, targetBytes);
        expect(decodedOrRefused(bases, delta, targetBytes)).toEqual(plain);
      }),
      { numRuns: 1000 },
    );
  });

  test('claims no more bytes than a chunk may have', () => {
    expect(decodedOrRefused([], Uint8Array.of(0), 2 ** 40)).toBeUndefined();
  });

  test('shares no memory with its bases', () => {
    const base = generatedBytes(2, 1000);
    const made = decodeDelta([base], encodeDelta([base], base), 1000);
    made.fill(0);
    expect(base).toEqual(generatedBytes(2, 1000));
  });
});

function decodedOrRefused(
  bases: readonly Uint8Array[],
  delta: Uint8Array,
  targetBytes: number,
): number[] | undefined {
  try {
    return [...decodeDelta(bases, delta, targetBytes)];
  } catch (error) {
    expect(isCorrupt(error), String(error)).toBe(true);
    return undefined;
  }
}
