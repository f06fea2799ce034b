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

  test('takes the copy that begins a little later, if that is much longer', () => {
    const [first, second] = [generatedBytes(3, 40), generatedBytes(4, 400)];
    const bases = [concatBytes([first, second.subarray(0, 8)]), second];
    // 48 bytes of the first base, or 40 and all of the second.
    const delta = encodeDelta(bases, concatBytes([first, second]));
    expect(delta.length).toBeLessThanOrEqual(10);
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

  test('that is damaged is CORRUPT, or makes exactly as many bytes as it should', () => {
    const outcomes = { made: 0, refused: 0 };
    const edits = fc.array(
      fc.record({
        at: fc.nat(500),
        removed: fc.nat(3),
        inserted: fc.uint8Array({ maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(pairs, edits, fc.integer({ min: -2, max: 2 }), ({ bases, target }, all, more) => {
        let delta = encodeDelta(bases, target);
        for (const { at, removed, inserted } of all) {
          const from = at % (delta.length + 1);
          delta = concatBytes([delta.subarray(0, from), inserted, delta.subarray(from + removed)]);
        }
        const targetBytes = Math.max(0, target.length + more);
        const plain = decodePlainly(bases, delta, targetBytes);
        outcomes[plain === undefined ? 'refused' : 'made']++;
        expect(decodedOrRefused(bases, delta, targetBytes)).toEqual(plain);
      }),
      { numRuns: 1000 },
    );
    expect(Math.min(outcomes.made, outcomes.refused)).toBeGreaterThan(20);
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
