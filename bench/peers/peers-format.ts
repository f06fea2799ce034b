/**
 * Goals and values as a person reads them, the same in the table and in the HTML report.
 *
 * @module
 */

import { formatMs } from '../../src/cli/bench/bench-format.ts';
import type { ComparisonResult, PeersResult } from './peers-result.ts';
import { type Goal, limitOf } from './goal.ts';

/** `≥ 3 ×`, `≤ 0.15 s`. */
export function formatGoal(goal: Goal): string {
  return `${'timesAsFast' in goal ? '≥' : '≤'} ${limitOf(goal)} ${unitOf(goal)}`;
}

function unitOf(goal: Goal): string {
  return 'unit' in goal ? goal.unit : '×';
}

/** `3.41 ×`, `120 ms`. */
function formatValue(goal: Goal, value: number): string {
  if ('unit' in goal && goal.unit === 's') return formatMs(value * 1000);
  return `${number(value)} ${unitOf(goal)}`;
}

/** `3.41 × (3.2–3.6)`; empty if there is none. */
export function formatMeasured(result: ComparisonResult): string {
  if (result.verdict === 'skipped') return '';
  const { goal, value, turns } = result;
  if (turns.length < 2) return `${formatValue(goal, value.median)} (one turn)`;
  return `${formatValue(goal, value.median)} (${range(goal, value.least, value.most)})`;
}

function range(goal: Goal, least: number, most: number): string {
  if ('unit' in goal && goal.unit === 's')
    return `${formatMs(least * 1000)}–${formatMs(most * 1000)}`;
  return `${number(least)}–${number(most)}`;
}

/** The verdict, and why there is none. */
export function formatVerdict(result: ComparisonResult): string {
  return result.verdict === 'skipped' ? `skipped: ${result.reason}` : result.verdict;
}

export function noteOf(result: ComparisonResult): string {
  return result.verdict === 'skipped' ? '' : (result.note ?? '');
}

/** `17 met, 2 missed, 1 noise, 3 skipped`. */
export function formatSummary({ rows }: PeersResult): string {
  const all = rows.flatMap(({ comparisons }) => comparisons);
  return (['met', 'missed', 'noise', 'skipped'] as const)
    .map((verdict) => `${all.filter((each) => each.verdict === verdict).length} ${verdict}`)
    .join(', ');
}

function number(value: number): string {
  if (!Number.isFinite(value)) return '?';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(value >= 1 ? 3 : 2);
}
