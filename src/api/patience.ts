/**
 * How long a caller who has given up still waits for the disk.
 *
 * An operation looks at its signal between two calls of the disk, cleans up, and says exactly what
 * became of it. That takes no time on a disk that answers. On one that does not (a network mount
 * that is gone, a drive that retries) the operation would pend with the call, so the caller is
 * released after a while, and the operation is left to itself. It holds nothing of the caller's,
 * and closing the store still waits for it.
 *
 * @module
 */

import type { Clock } from '../engine/platform/platform.ts';
import { onAbort } from './abort-listeners.ts';

/** From the signal to the release, in milliseconds. */
const abortPatienceMs = 1000;

/** What ends the wait for an operation. */
export interface Impatience {
  readonly signal: AbortSignal;
  /** The error for an operation that is left to itself. */
  readonly abandoned: () => Error;
}

/** Settles as `running` does, or rejects when it has not done so a while after the signal fired. */
export async function withPatience<T>(
  running: Promise<T>,
  { signal, abandoned }: Impatience,
  clock: Clock,
): Promise<T> {
  let timer: { cancel(): void } | undefined;
  let stopListening = (): void => undefined;
  const released = new Promise<never>((_, reject) => {
    const wait = (): void => {
      timer = clock.schedule(abortPatienceMs, () => {
        reject(abandoned());
      });
    };
    if (signal.aborted) wait();
    else stopListening = onAbort(signal, wait);
  });
  try {
    return await Promise.race([running, released]);
  } finally {
    stopListening();
    timer?.cancel();
  }
}
