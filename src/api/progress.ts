/**
 * Progress events at a pace that people and programs can use: a few in a second, and the last one.
 *
 * The engine reports each chunk, thousands in a second. Passed on is what comes at least a quarter
 * of a second after the event before it, and the one that says that everything has been read.
 *
 * @module
 */

import type { Clock } from '../engine/platform/platform.ts';

const intervalMs = 250;

/** A reporter that drops events which follow too closely, unless `isLast` says otherwise. */
export function pacedReporter<P>(
  report: (progress: P) => void,
  clock: Clock,
  isLast: (progress: P) => boolean,
): (progress: P) => void {
  let reportedMs = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const nowMs = clock.nowMs();
    // A clock that is set back must not silence the reporter, hence the distance in both
    // directions.
    if (Math.abs(nowMs - reportedMs) < intervalMs && !isLast(progress)) return;
    reportedMs = nowMs;
    report(progress);
  };
}
