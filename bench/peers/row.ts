/**
 * What a row of the table is: a work, what it is held against, the goal, and how it is measured.
 *
 * A comparison is made of turns. In each turn Varve and what it is held against do the same work
 * one after the other, and the two numbers make one ratio; so what slows the machine for a while
 * slows both. Numbers are costs: seconds or bytes for the same work, less is better.
 *
 * @module
 */

import type { Goal, Turn, Unit } from './goal.ts';
import type { Workplace } from './workplace.ts';

/** What a work is held against. */
export interface Comparison {
  readonly against: string;
  readonly goal: Goal;
}

/** What was measured for a comparison. */
export interface Measured {
  readonly turns: readonly Turn[];
  /** Of what the turns are. */
  readonly unit: Unit;
  /** What else a reader should know: rates, who was the faster one. */
  readonly note?: string;
}

/** It was not measured, and why. */
export interface Skipped {
  readonly skipped: string;
}

export interface Row {
  /** Short, for `--only`. */
  readonly name: string;
  readonly work: string;
  /** How each side is used, how caches and syncs are, and what of the answers is compared. */
  readonly how: string;
  readonly comparisons: readonly Comparison[];
  /** One result for each comparison, in their order. Throws if an answer is wrong. */
  measure(place: Workplace): Promise<readonly (Measured | Skipped)[]>;
}
