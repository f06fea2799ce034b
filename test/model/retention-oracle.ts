/**
 * What retention removes, said as plainly as it can be: each sentence of the rule looks at the
 * whole history. What the engine's own walk, which sees one version at a time, must agree with.
 *
 * @module
 */

import type { RetentionRule } from '../../src/engine/model.ts';

/** A version as the model knows it: `content` -1 is a delete marker. */
export interface ModelVersion {
  readonly lsn: number;
  readonly content: number;
  readonly timeMs: number;
  /** Absent: it was never locked. */
  readonly lockedUntilMs?: number;
}

export const hourMs = 3_600_000;
export const dayMs: number = 24 * hourMs;

/** Rules of one part, and of several. */
export const modelRules: readonly RetentionRule[] = [
  { keepLast: 1 },
  { keepLast: 2 },
  { keepForMs: hourMs },
  { hourly: 1 },
  { daily: 2 },
  { keepLast: 1, hourly: 2 },
  { daily: 1, keepForMs: 2 * hourMs },
];

export function isLocked({ lockedUntilMs = 0 }: ModelVersion, nowMs: number): boolean {
  return lockedUntilMs > nowMs;
}

/** What a rule removes of one history, given newest first, as it is. */
export function removedBy(
  history: readonly ModelVersion[],
  rule: RetentionRule,
  nowMs: number,
): ModelVersion[] {
  const objects = history.filter(({ content }) => content >= 0);
  const isNewestOf = (version: ModelVersion, periodMs: number, periodsMax = 0): boolean => {
    const periodOf = ({ timeMs }: ModelVersion): number => Math.floor(timeMs / periodMs);
    const periods = [...new Set(objects.map(periodOf))];
    const newest = objects.find((other) => periodOf(other) === periodOf(version));
    return newest === version && periods.indexOf(periodOf(version)) < periodsMax;
  };
  const isKept = (version: ModelVersion): boolean => {
    const newer = history[history.indexOf(version) - 1];
    if (newer === undefined || isLocked(version, nowMs)) return true;
    return (
      objects.indexOf(version) < (rule.keepLast ?? 0) ||
      nowMs - newer.timeMs < (rule.keepForMs ?? 0) ||
      isNewestOf(version, hourMs, rule.hourly) ||
      isNewestOf(version, dayMs, rule.daily)
    );
  };
  const hidesSomething = (marker: ModelVersion): boolean => {
    const below = history.slice(history.indexOf(marker) + 1);
    const nextMarker = below.findIndex(({ content }) => content < 0);
    return below.slice(0, nextMarker < 0 ? below.length : nextMarker).some(isKept);
  };
  return history.filter((each) => (each.content < 0 ? !hidesSomething(each) : !isKept(each)));
}
