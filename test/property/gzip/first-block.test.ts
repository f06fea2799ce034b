/**
 * The laws of the first block: what zlib was told is what it shows, and anything else is nothing.
 */

import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memLevelOf } from '../../../src/engine/gzip/first-block.ts';
import { generatedBytes, generatedText } from '../../support/content.ts';
import { arbitraryPlain, arbitrarySettings, zlibDefaults } from '../../support/gzip.ts';

test('the memory level that zlib had, or nothing that is known of it', () => {
  fc.assert(
    fc.property(arbitraryPlain(210_000), arbitrarySettings, (plain, settings) => {
      const found = memLevelOf(deflateRawSync(plain, settings));
      expect([settings.memLevel, 'unknown']).toContain(found);
    }),
  );
});

test.each([1, 5, 8, 9])('memory level %i, if there is enough of the stream to tell', (memLevel) => {
  const text = generatedText(1, 400_000);
  // Fixed codes are the last strategy of zlib.
  for (const strategy of [0, 4]) {
    const stream = deflateRawSync(text, { ...zlibDefaults, memLevel, strategy });
    expect(memLevelOf(stream)).toBe(memLevel);
    expect(memLevelOf(stream.subarray(0, 30))).toBe('unknown');
  }
});

test('what does not show, in a stream of one block, of stored blocks, or of nothing', () => {
  const short = deflateRawSync(generatedText(1, 1000));
  const stored = deflateRawSync(generatedBytes(1, 300_000), { level: 0 });
  for (const stream of [short, stored]) expect(memLevelOf(stream)).toBe('unknown');
});

test('blocks that end where zlib would not end them', () => {
  const text = generatedText(1, 400_000);
  const flushed = deflateRawSync(text.subarray(0, 5000), { finishFlush: 2 }); // Z_SYNC_FLUSH
  expect(memLevelOf(Buffer.concat([flushed, deflateRawSync(text)]))).toBeUndefined();
});

test('anything at all is nothing, and no error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 'unknown', undefined]).toContain(memLevelOf(bytes));
    }),
    { numRuns: 2000 },
  );
});
