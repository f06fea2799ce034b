/**
 * The clock of the machine.
 *
 * A timer here keeps no process alive: what the engine schedules is upkeep, and `close` does what
 * is left of it. Giving way goes through `setImmediate`, which lets pending I/O run and costs a
 * microsecond; where there is none, a timer does it.
 *
 * @module
 */

import type { Clock } from './platform.ts';

const afterOthers: (action: () => void) => void =
  typeof setImmediate === 'function' ? setImmediate : (action) => setTimeout(action, 0);

export const systemClock: Clock = {
  nowMs(): number {
    return Date.now();
  },

  schedule(delayMs, action): { cancel(): void } {
    const timer = setTimeout(action, delayMs);
    // In a browser a timer is a number, and there is no process to keep alive.
    if (typeof timer === 'object') timer.unref();
    return {
      cancel(): void {
        clearTimeout(timer);
      },
    };
  },

  yield(): Promise<void> {
    return new Promise((resolve) => {
      afterOthers(resolve);
    });
  },
};
