/**
 * Paced reports: few, in order, and never without the last one.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { pacedReporter } from '../../../src/api/progress.ts';
import type { Clock } from '../../../src/engine/platform/platform.ts';

/** A clock that stands where it is put. */
function standingClock(): Clock & { put(ms: number): void } {
  let ms = 1_000_000;
  return {
    nowMs: () => ms,
    put(to) {
      ms = to;
    },
    schedule: () => ({ cancel() {} }),
    yield: () => Promise.resolve(),
  };
}

test('passes on the first, those a quarter of a second apart, and the last', () => {
  const clock = standingClock();
  const reported: number[] = [];
  const report = pacedReporter<number>(
    (n) => reported.push(n),
    clock,
    (n) => n === 100,
  );
  for (let n = 1; n <= 100; n++) {
    clock.put(1_000_000 + n * 10);
    report(n);
  }
  expect(reported).toEqual([1, 26, 51, 76, 100]);
});

test('goes on when the clock is set back', () => {
  const clock = standingClock();
  const reported: number[] = [];
  const report = pacedReporter<number>(
    (n) => reported.push(n),
    clock,
    () => false,
  );
  report(1);
  clock.put(5000);
  report(2);
  clock.put(5100);
  report(3);
  expect(reported).toEqual([1, 2]);
});
