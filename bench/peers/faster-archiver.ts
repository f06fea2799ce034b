/**
 * Varve's cost against that of the faster of restic and borg, turn by turn.
 *
 * @module
 */

import { formatMs } from '../../src/cli/bench/bench-format.ts';
import type { Unit } from './goal.ts';
import type { Measured, Skipped } from './row.ts';
import { type Costs, inTurns, medianOf, type Party, pairsOf } from './turns.ts';
import type { Workplace } from './workplace.ts';

export const noArchiver: Skipped = { skipped: 'neither restic nor borg is installed' };

/** Runs the turns of Varve and those that are here. The costs of each are in the note. */
export async function againstFaster(
  place: Workplace,
  parties: Readonly<Record<'varve', Party> & Record<string, Party>>,
): Promise<Measured | Skipped> {
  if (Object.keys(parties).length < 2) return noArchiver;
  return fasterOf(await inTurns(place.turns(), parties), 's');
}

/** The same, for costs that are there. */
export function fasterOf(costs: Costs<string>, unit: Unit): Measured {
  const { varve = [], ...others } = costs;
  const note = Object.entries(costs)
    .map(([name, values]) => `${name} ${formatMs(medianOf(values) * 1000)}`)
    .join(', ');
  return { turns: pairsOf(varve, ...Object.values(others)), unit, note };
}
