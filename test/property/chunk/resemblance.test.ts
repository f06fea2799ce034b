/**
 * The laws of resemblance: what is similar agrees, what is not does not, and the exact numbers.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../../src/base/bytes.ts';
import { gear } from '../../../src/engine/chunk/gear.ts';
import { superFeatureCount, superFeatures } from '../../../src/engine/chunk/resemblance.ts';
import { generatedBytes, generatedText } from '../../support/content.ts';

/** How many super-features two chunks have in common. */
function agreement(a: Uint8Array, b: Uint8Array): number {
  const ofB = superFeatures(b);
  return superFeatures(a).filter((feature, i) => feature === ofB[i]).length;
}

/** The super-features as their definition has them: byte by byte, one window after the other. */
function plainSuperFeatures(bytes: Uint8Array): Uint32Array {
  const bits = bytes.length < 2 * 1024 ? 2 : bytes.length < 16 * 1024 ? 4 : 6;
  const drawn = (seed: number): number[] =>
    Array.from({ length: 12 }, (_, i) => mix((seed + Math.imul(i + 1, 0x9e3779b9)) | 0));
  const [multipliers, addends] = [drawn(4).map((number) => number | 1), drawn(5)];
  const samples: number[] = [];
  let hash = 0;
  for (const [at, byte] of bytes.entries()) {
    hash = ((hash << 1) + (gear[byte] as number)) | 0;
    if (at >= 31 && hash >>> (32 - bits) === 0) samples.push(hash);
  }
  if (samples.length < 4) return new Uint32Array(0);
  const greatest = multipliers.map((multiplier, i) =>
    samples.reduce(
      (most, sample) => Math.max(most, (Math.imul(sample, multiplier) + (addends[i] ?? 0)) | 0),
      -(2 ** 31),
    ),
  );
  return Uint32Array.from({ length: superFeatureCount }, (_, i) =>
    mix(mix(mix(i) ^ (greatest[2 * i] ?? 0)) ^ (greatest[2 * i + 1] ?? 0)),
  );
}

function mix(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}

const sizes = [300, 1000, 4096, 20_000, 65_536, 200_000];

describe('superFeatures', () => {
  test.each(sizes)('agree between a chunk of %i bytes and its edited copies', (sizeBytes) => {
    let found = 0;
    for (let seed = 0; seed < 30; seed++) {
      const chunk = generatedText(seed, sizeBytes);
      const at = (seed * 7919) % sizeBytes;
      const edited = concatBytes([
        chunk.subarray(0, at),
        generatedBytes(seed, 5),
        chunk.subarray(at + 3),
      ]);
      if (agreement(chunk, edited) > 0) found++;
    }
    expect(found).toBeGreaterThan(24);
  });

  test.each(sizes)('do not agree between unrelated chunks of %i bytes', (sizeBytes) => {
    for (let seed = 0; seed < 20; seed++) {
      const [a, b] = [generatedBytes(seed, sizeBytes), generatedBytes(-seed, sizeBytes)];
      expect(agreement(a, b)).toBe(seed === 0 ? superFeatureCount : 0);
    }
  });

  test('are what their definition says, whatever the size', () => {
    const sized = fc.tuple(fc.integer(), fc.oneof(fc.nat(400), fc.nat(20_000)));
    fc.assert(
      fc.property(sized, fc.boolean(), ([seed, size], isText) => {
        const chunk = isText ? generatedText(seed, size) : generatedBytes(seed, size);
        expect(superFeatures(chunk)).toEqual(plainSuperFeatures(chunk));
      }),
    );
    for (const uniform of [new Uint8Array(5000), new Uint8Array(40_000).fill(1)]) {
      expect(superFeatures(uniform)).toEqual(plainSuperFeatures(uniform));
    }
  });

  test('do not depend on where the bytes lie in memory', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 300, max: 5000 }),
        fc.nat(7),
        (seed, size, shift) => {
          const chunk = generatedBytes(seed, size);
          const shifted = new Uint8Array(size + shift).subarray(shift);
          shifted.set(chunk);
          expect(superFeatures(shifted)).toEqual(superFeatures(chunk));
        },
      ),
    );
  });

  test.each([
    [300, [3393407969, 172893518, 694602467, 1652800007, 3169221406, 3667238769]],
    [65_536, [3770921370, 2583890141, 2868991161, 2949341938, 602760597, 961032649]],
  ])('of %i bytes are these, for ever', (sizeBytes, features) => {
    expect([...superFeatures(generatedBytes(1, sizeBytes))]).toEqual(features);
  });

  test('of a chunk that is too small are none', () => {
    for (let size = 0; size < 34; size++) {
      expect(superFeatures(generatedBytes(1, size))).toEqual(new Uint32Array(0));
    }
  });
});
