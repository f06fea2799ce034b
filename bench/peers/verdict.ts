/**
 * What the turns of a comparison come to: a median, its spread, and whether the goal is met.
 *
 * @module
 */

import { spreadOf, type Spread } from '../../src/cli/bench/bench-result.ts';
import { achievement, type Goal, valueOf } from './goal.ts';
import type { Turn } from './goal.ts';

/** `'noise'`: the turns do not agree. */
export type Verdict = 'met' | 'missed' | 'noise';

/** So many of the turns must say what the median says; else it is noise. */
const agreeingShare = 0.75;

/** The median of the turns and what they say of the goal. */
export function judge(
  goal: Goal,
  turns: readonly Turn[],
): { readonly value: Spread; readonly verdict: Verdict } {
  const values = turns.map((turn) => valueOf(goal, turn));
  const value = spreadOf(values);
  const isMet = (each: number): boolean => achievement(goal, each) >= 1;
  const agreeing = values.filter((each) => isMet(each) === isMet(value.median));
  const isClear = turns.length > 1 && agreeing.length >= agreeingShare * turns.length;
  return { value, verdict: !isClear ? 'noise' : isMet(value.median) ? 'met' : 'missed' };
}
