/**
 * Varve's cost against that of the faster of restic and borg, turn by turn.
 *
 * @module
 */

import { formatMs } from '../../src/cli/bench/bench-format.ts';
import type { Unit } from './goal.ts';
import type { Measured, Skipped } from './row.ts';
import { type Costs, medianOf, pairsOf } from './turns.ts';

export const noArchiver: Skipped = { skipped: 'neither restic nor borg is installed' };

/** Varve against the best of the others in each turn. The costs of each are in the note. */
export function fasterOf(costs: Costs<string>, unit: Unit): Measured {
  const { varve = [], ...others } = costs;
  const note = Object.entries(costs)
    .map(([name, values]) => `${name} ${formatMs(medianOf(values) * 1000)}`)
    .join(', ');
  return { turns: pairsOf(varve, ...Object.values(others)), unit, note };
}
