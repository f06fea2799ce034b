/**
 * A mistake in the protocol, as a change of a few words of `src`, and where it is looked for.
 */

import type { Change } from './target.ts';

/** Where a mistake is looked for. */
export interface Aim {
  readonly workload: string;
  /** Default: 1. */
  readonly seed?: number;
  /**
   * So many seeds are tried, from that one on, until it is found: which of them it is hangs on how
   * many turns everything takes. Default: 1.
   */
  readonly seeds?: number;
  /** Only the crashes just before these calls; default: all. */
  readonly before?: RegExp;
  /** Default: 20. */
  readonly statesPerPoint?: number;
  /** Default: 3. */
  readonly statesPerInnerPoint?: number;
  /** Default: 32. */
  readonly continueEvery?: number;
  /** Default: 1024. */
  readonly loseIndexEvery?: number;
}

export interface Mutant {
  readonly name: string;
  readonly changes: readonly Change[];
  /** What finds it soonest. */
  readonly aim: Aim;
}

const change = (file: string, search: string, replace: string): Change => ({
  file: `engine/${file}`,
  search,
  replace,
});

export const mutant = (
  name: string,
  aim: Aim,
  file: string,
  search: string,
  replace = '',
): Mutant => ({
  name,
  aim,
  changes: [change(file, search, replace)],
});

export const at = (workload: string, before: RegExp, more: Partial<Aim> = {}): Aim => ({
  workload,
  before,
  ...more,
});
