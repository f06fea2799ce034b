/**
 * Long work in slices of a few milliseconds, so that others have the machine in between.
 *
 * @module
 */

import { throwIfAborted } from '../../base/errors.ts';
import type { Clock } from '../platform/platform.ts';

/** How long work goes on before it gives way. */
const sliceMs = 5;

/**
 * What work calls between two of its steps: gives way once a slice of time has been used up, and
 * throws `ABORTED` once the signal has fired.
 *
 * @param wait - How to give way. Default: one turn of the event loop.
 */
export function slices(
  clock: Clock,
  signal: AbortSignal | undefined,
  wait: () => Promise<void> = () => clock.yield(),
): () => Promise<void> {
  let sinceMs = clock.nowMs();
  return async () => {
    throwIfAborted(signal);
    if (clock.nowMs() - sinceMs < sliceMs) return;
    await wait();
    throwIfAborted(signal);
    sinceMs = clock.nowMs();
  };
}
