/**
 * Which versions of a history a rule keeps. Pure: versions, a rule and a time in, versions out.
 *
 * A version stays if anything that the rule says keeps it, and each thing it says looks at all
 * versions with content, as if it were alone. So a rule that says more, or more of something, never
 * removes more; and what is left after a removal is kept again by the same rule.
 *
 * What must stay true, whatever the rule:
 * - The current version stays, and so does a locked one.
 * - The age of a version counts from when it was superseded, not from when it was made: what was
 *   replaced a minute ago by mistake has not been there to be missed yet, however old it is. So a
 *   bucket can be read as of any time within `keepForMs` exactly as it was.
 * - A delete marker is no version that a rule counts. It stays while it hides something older, and
 *   goes with it.
 * - A clock that is behind makes everything younger, so it removes less.
 *
 * Hours, days and so on are those of UTC; weeks begin on Monday.
 *
 * @module
 */

import type { ObjectVersion, RetentionRule, retentionNumbers, Version } from '../model.ts';

type Period = Exclude<keyof typeof retentionNumbers, 'keepLast' | 'keepForMs'>;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** 1970 began on a Thursday. */
const mondayOffsetMs = 3 * dayMs;

/** The number of the period in which a time lies. */
const periodOf: Readonly<Record<Period, (timeMs: number) => number>> = {
  hourly: (timeMs) => Math.floor(timeMs / hourMs),
  daily: (timeMs) => Math.floor(timeMs / dayMs),
  weekly: (timeMs) => Math.floor((timeMs + mondayOffsetMs) / (7 * dayMs)),
  monthly: (timeMs) => {
    const date = new Date(timeMs);
    return date.getUTCFullYear() * 12 + date.getUTCMonth();
  },
  yearly: (timeMs) => new Date(timeMs).getUTCFullYear(),
};

const periods = Object.keys(periodOf) as Period[];

/**
 * Walks one history from the newest version to the oldest. It remembers how much of each thing the
 * rule has been given, and not the versions, so a history may be of any length.
 */
export class HistoryWalk {
  readonly #rule: RetentionRule;
  readonly #nowMs: number;
  #objectCount = 0;
  /** When the version before the next one was superseded by it. */
  #newerTimeMs: number | undefined;
  /** How many periods of each kind had a version, and which was the last. */
  readonly #seen = new Map<Period, { readonly count: number; readonly period: number }>();
  /** A delete marker that stays if something that it hides does. */
  #marker: Version | undefined;

  constructor(rule: RetentionRule, nowMs: number) {
    this.#rule = rule;
    this.#nowMs = nowMs;
  }

  /** Takes the next older version. Returns what is to be removed, as far as that is known. */
  next(version: Version): Version[] {
    const supersededMs = this.#newerTimeMs;
    this.#newerTimeMs = version.timeMs;
    if (version.kind === 'deleteMarker') {
      // The marker above it hides what this one hides.
      const superfluous = this.end();
      this.#marker = version;
      return superfluous;
    }
    if (!this.#keeps(version, supersededMs)) return [version];
    this.#marker = undefined;
    return [];
  }

  /** There is no older version. Returns what is to be removed besides. */
  end(): Version[] {
    return this.#marker === undefined ? [] : [this.#marker];
  }

  #keeps(version: ObjectVersion, supersededMs: number | undefined): boolean {
    const { keepLast = 0, keepForMs } = this.#rule;
    const isCurrent = supersededMs === undefined;
    const isLocked = (version.lockedUntilMs ?? 0) > this.#nowMs;
    const isLast = this.#objectCount < keepLast;
    const isYoung =
      keepForMs !== undefined && this.#nowMs - (supersededMs ?? this.#nowMs) < keepForMs;
    this.#objectCount++;
    // Every period counts, also where something else has decided already.
    const isOfPeriod = periods.map((period) => this.#isNewestOf(period, version.timeMs));
    return isCurrent || isLocked || isLast || isYoung || isOfPeriod.includes(true);
  }

  #isNewestOf(kind: Period, timeMs: number): boolean {
    const period = periodOf[kind](timeMs);
    const before = this.#seen.get(kind);
    if (before?.period === period) return false;
    const count = (before?.count ?? 0) + 1;
    this.#seen.set(kind, { count, period });
    return count <= (this.#rule[kind] ?? 0);
  }
}

/** What a rule removes of the history of one name, given newest first. */
export function versionsToRemove(
  history: Iterable<Version>,
  rule: RetentionRule,
  nowMs: number,
): Version[] {
  const walk = new HistoryWalk(rule, nowMs);
  const removed: Version[] = [];
  for (const version of history) removed.push(...walk.next(version));
  return [...removed, ...walk.end()];
}
