/**
 * The laws of the queue in front of a log file, on parts of any size.
 *
 * Sizes lie around what is copied and around a block, so that parts of both kinds follow each other
 * and blocks end in the middle of a run.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, equalBytes } from '../../../src/base/bytes.ts';
import { WriteQueue } from '../../../src/engine/log/write-queue.ts';

const part = fc
  .tuple(fc.oneof(fc.nat(100), fc.integer({ min: 16_000, max: 17_000 })), fc.nat(255))
  .map(([byteCount, byte]) => new Uint8Array(byteCount).fill(byte));

test('what is taken is what was pushed since, in order, and does not change later', () => {
  fc.assert(
    fc.property(fc.array(fc.array(part, { maxLength: 12 }), { maxLength: 6 }), (rounds) => {
      const queue = new WriteQueue();
      const taken = rounds.map((parts) => {
        for (const bytes of parts) queue.push(bytes);
        return queue.take();
      });
      for (const [round, parts] of rounds.entries()) {
        expect(equalBytes(concatBytes(taken[round] ?? []), concatBytes(parts))).toBe(true);
      }
    }),
  );
});

test('a group of small frames is handed over in a few parts', () => {
  const queue = new WriteQueue();
  for (let frame = 0; frame < 64; frame++) {
    queue.push(new Uint8Array(55));
    queue.push(new Uint8Array(4096));
  }
  expect(queue.take().length).toBeLessThan(8);
});
