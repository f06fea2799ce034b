/**
 * How much is simulated: set by the environment variable `VARVE_SIMULATION`.
 *
 * Without it, as much as a run of all tests has time for. `short` is for further versions of Node,
 * on which the same code need not be asked the same questions again; other tests that are
 * long go by it too.
 */

import type { Bounds } from './simulation.ts';

interface Thoroughness {
  readonly bounds: Bounds;
  /** How many workloads are drawn. */
  readonly drawnCount: number;
  /** How many lives with an index that misbehaves, in each way. */
  readonly lifeCount: number;
}

const degrees: Readonly<Record<'short' | 'normal', Thoroughness>> = {
  short: {
    bounds: { statesPerPoint: 4, statesPerInnerPoint: 2, continueEvery: 64, loseIndexEvery: 64 },
    drawnCount: 1,
    lifeCount: 10,
  },
  normal: {
    bounds: { statesPerPoint: 12, statesPerInnerPoint: 3, continueEvery: 64, loseIndexEvery: 24 },
    drawnCount: 2,
    lifeCount: 60,
  },
};

export const thoroughness: Thoroughness =
  degrees[process.env['VARVE_SIMULATION'] === 'short' ? 'short' : 'normal'];
