/**
 * What is regenerated is what it was in every release: another version of pako that wrote one bit
 * differently would make objects unreadable.
 */

import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  Deflater,
  pieceBytes,
  type DeflateImplementation,
  type DeflateSettings,
} from '../../../src/engine/gzip/deflate.ts';
import { Inflation } from '../../../src/engine/gzip/inflation.ts';
import { generatedBytes, generatedText } from '../../support/content.ts';
import { arbitraryPlain } from '../../support/gzip.ts';

const content = Buffer.concat([
  generatedText(1, 400_000),
  generatedBytes(2, 70_000),
  new Uint8Array(100_000),
]);

function deflated(plain: Uint8Array, settings: DeflateSettings): Buffer {
  const deflater = new Deflater(settings);
  const written: Uint8Array[] = [];
  for (let at = 0; at < plain.length; at += pieceBytes) {
    written.push(...deflater.push(plain.subarray(at, at + pieceBytes)));
  }
  return Buffer.concat([...written, ...deflater.finish()]);
}

const golden: readonly (readonly [DeflateImplementation, level: number, digest: string])[] = [
  ['chromium', 1, 'c271f3236fb5c9ea95e7f68c8f6a25ad'],
  ['chromium', 3, '177cab811cd0b853a37f4c3eae928eab'],
  ['chromium', 4, '1948b0a769ce2f8a1262946714ff751b'],
  ['chromium', 6, 'a8af1f353c10fb3bd57950810efe86de'],
  ['chromium', 9, 'a8af1f353c10fb3bd57950810efe86de'],
  ['classic', 1, '0c16d6356819992c70dde651cb800603'],
  ['classic', 3, 'b298a1fae903519a57de033953a61aea'],
  ['classic', 4, '15c41fe107b32fc913288708ce9b0232'],
  ['classic', 6, 'fcae2d0c38b53182229ca0a04f17d669'],
  ['classic', 9, 'e0053ecc1c962e40765bbfc597bc2a5a'],
  ['gnu', 1, '0819d4e8a500d6140ec15b48e727809b'],
  ['gnu', 3, 'f6e6ba4446a64b66c282a1fd19a3f621'],
  ['gnu', 4, '9bc6ecb65a7c052c068ef53a1cc184b1'],
  ['gnu', 6, '10fef327250f2f79c1905543712fe5e0'],
  ['gnu', 9, 'bfcee5d6984ce3c3d9a805128e68b8c9'],
];

test.each(golden)('%s on level %i writes what it always wrote', (implementation, level, digest) => {
  const memLevel = implementation === 'gnu' ? 9 : 8;
  const stream = deflated(content, {
    implementation,
    level,
    memLevel,
    windowBits: 15,
    strategy: 0,
  });
  expect(inflateRawSync(stream).equals(content)).toBe(true);
  expect(createHash('sha256').update(stream).digest('hex').slice(0, 32)).toBe(digest);
});

test('what a deflater writes, whatever it was told, inflates to what it was given', () => {
  const settings = fc.record({
    implementation: fc.constantFrom('chromium' as const, 'classic' as const, 'gnu' as const),
    level: fc.integer({ min: 1, max: 9 }),
    memLevel: fc.integer({ min: 1, max: 9 }),
    windowBits: fc.integer({ min: 9, max: 15 }),
    strategy: fc.integer({ min: 0, max: 4 }),
  });
  fc.assert(
    fc.property(arbitraryPlain(150_000), settings, (plain, told) => {
      const stream = deflated(plain, told);
      expect(inflateRawSync(stream).equals(plain)).toBe(true);
      const inflation = new Inflation();
      const pieces: Uint8Array[] = [];
      while (inflation.status === 'more') pieces.push(inflation.next(stream) ?? new Uint8Array(0));
      expect(Buffer.concat(pieces).equals(plain)).toBe(true);
      expect(inflation.usedBytes).toBe(stream.length);
    }),
    { numRuns: 40 },
  );
});
