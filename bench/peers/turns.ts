/**
 * Turns: everybody does the work once, in an order that is turned round each time.
 *
 * @module
 */

import type { Turn } from './goal.ts';

/** What does a work once, and says what it cost. */
export type Party = () => Promise<number>;

/** Costs by party, one for each turn. */
export type Costs<Name extends string> = Readonly<Record<Name, readonly number[]>>;

/** How many turns there are to be, and whether it is time to do with fewer. */
export interface TurnLimit {
  readonly turns: number;
  isOver(): boolean;
}

/** With fewer there is no spread. */
const turnsMin = 2;

export async function inTurns<Name extends string>(
  { turns, isOver }: TurnLimit,
  parties: Readonly<Record<Name, Party>>,
): Promise<Costs<Name>> {
  const names = Object.keys(parties) as Name[];
  const costs = Object.fromEntries(names.map((name) => [name, [] as number[]]));
  for (let turn = 0; turn < turns; turn++) {
    if (turn >= turnsMin && isOver()) break;
    for (const name of turn % 2 === 0 ? names : names.toReversed()) {
      costs[name]?.push(await parties[name]());
    }
  }
  return costs as Record<Name, number[]>;
}

/** Turn by turn, one against another; of several others the one that did best in that turn. */
export function pairsOf(
  ours: readonly number[],
  ...others: readonly (readonly number[])[]
): Turn[] {
  return ours.map((cost, turn) => ({
    ours: cost,
    theirs: Math.min(...others.map((each) => each[turn] ?? NaN)),
  }));
}

/** How long something takes, in seconds. */
export async function secondsOf(action: () => Promise<unknown>): Promise<number> {
  const begunMs = performance.now();
  await action();
  return (performance.now() - begunMs) / 1000;
}

/** The number in the middle of some. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
