/**
 * What a comparison is to come to, and what a turn of it says.
 *
 * Costs are seconds or bytes for the same work: less is better.
 *
 * @module
 */

/** One turn: what the work cost Varve, and the other. */
export interface Turn {
  readonly ours: number;
  /** Absent where Varve is held against a figure. */
  readonly theirs?: number;
}

/** What the ratio of a turn must come to, or, with a unit, Varve's own figure. */
export type Goal =
  /** So many times as fast as what it is held against. */
  | { readonly timesAsFast: number }
  /** At most so many times its cost. */
  | { readonly timesItsCost: number }
  /** A figure of Varve alone. */
  | { readonly atMost: number; readonly unit: Unit };

export type Unit = 's' | 'B';

/** What a turn says: a ratio that is to be large, a ratio or a figure that is to be small. */
export function valueOf(goal: Goal, { ours, theirs = NaN }: Turn): number {
  if ('timesAsFast' in goal) return theirs / ours;
  return 'timesItsCost' in goal ? ours / theirs : ours;
}

/** How far beyond the goal a value is: 1 meets it just so, 2 is twice as good. */
export function achievement(goal: Goal, value: number): number {
  return 'timesAsFast' in goal ? value / goal.timesAsFast : limitOf(goal) / value;
}

/** The number that is to be reached. */
export function limitOf(goal: Goal): number {
  if ('timesAsFast' in goal) return goal.timesAsFast;
  return 'timesItsCost' in goal ? goal.timesItsCost : goal.atMost;
}
