/**
 * The laws of retention: what a rule may remove of any history, at any time.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { versionsToRemove } from '../../../src/engine/maintenance/retention.ts';
import {
  retentionNumbers,
  type ObjectVersion,
  type RetentionRule,
  type Version,
} from '../../../src/engine/model.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const beginMs = Date.UTC(2024, 1, 27);

const root = { id: { domain: 0, kind: 'data', digest: new Uint8Array(32) }, level: 0 } as const;

function object(lsn: number, timeMs: number, lockedUntilMs?: number): ObjectVersion {
  const lock = lockedUntilMs === undefined ? {} : { lockedUntilMs };
  return { kind: 'object', lsn, timeMs, sizeBytes: 1, root, ...lock };
}

/** Steps between versions: in the same moment, the same hour, another day, another year. */
const stepMs = fc.oneof(
  fc.constantFrom(0, 1, hourMs / 2, hourMs, dayMs, 7 * dayMs, 31 * dayMs, 400 * dayMs),
  fc.nat(3 * dayMs),
);

/** A history, newest first, and a time after it. */
const arbitraryHistory: fc.Arbitrary<{ versions: Version[]; nowMs: number }> = fc
  .record({
    steps: fc.array(fc.record({ stepMs, isMarker: fc.nat(3), lockMs: fc.option(stepMs) }), {
      maxLength: 30,
    }),
    restMs: stepMs,
  })
  .map(({ steps, restMs }) => {
    let timeMs = beginMs;
    const versions: Version[] = [];
    for (const [i, step] of steps.entries()) {
      timeMs += step.stepMs;
      const lsn = i + 1;
      // One marker may lie above another: what lay between them was removed.
      if (step.isMarker === 0) versions.unshift({ kind: 'deleteMarker', lsn, timeMs });
      else
        versions.unshift(
          object(lsn, timeMs, step.lockMs === null ? undefined : timeMs + step.lockMs),
        );
    }
    return { versions, nowMs: timeMs + restMs };
  });

const fields = Object.keys(retentionNumbers) as (keyof RetentionRule)[];

const arbitraryRule: fc.Arbitrary<RetentionRule> = fc
  .record(
    Object.fromEntries(
      fields.map((field) => [
        field,
        field === 'keepForMs' ? stepMs.map((ms) => ms + 1) : fc.integer({ min: 1, max: 6 }),
      ]),
    ),
    { requiredKeys: [] },
  )
  .filter((rule) => Object.keys(rule).length > 0);

function left(versions: readonly Version[], rule: RetentionRule, nowMs: number): Version[] {
  const removed = new Set(versionsToRemove(versions, rule, nowMs));
  return versions.filter((version) => !removed.has(version));
}

/** The content that a name had at a time: what `at()` shows. */
function contentAt(versions: readonly Version[], timeMs: number): number | undefined {
  const found = versions.find((version) => version.timeMs <= timeMs);
  return found?.kind === 'object' ? found.lsn : undefined;
}

describe('a retention rule', () => {
  test('removes what is in the history, each once, and never the current version', () => {
    fc.assert(
      fc.property(arbitraryHistory, arbitraryRule, ({ versions, nowMs }, rule) => {
        const removed = versionsToRemove(versions, rule, nowMs);
        expect(new Set(removed).size).toBe(removed.length);
        expect(removed.every((version) => versions.includes(version))).toBe(true);
        const [newest] = versions;
        if (newest?.kind === 'object') expect(removed).not.toContain(newest);
      }),
    );
  });

  test('never removes a version that is locked', () => {
    fc.assert(
      fc.property(arbitraryHistory, arbitraryRule, ({ versions, nowMs }, rule) => {
        for (const version of versionsToRemove(versions, rule, nowMs)) {
          if (version.kind === 'object')
            expect(version.lockedUntilMs ?? 0).toBeLessThanOrEqual(nowMs);
        }
      }),
    );
  });

  test('has nothing more to remove of what it left', () => {
    fc.assert(
      fc.property(arbitraryHistory, arbitraryRule, ({ versions, nowMs }, rule) => {
        expect(versionsToRemove(left(versions, rule, nowMs), rule, nowMs)).toEqual([]);
      }),
    );
  });

  test('that says more, or more of something, removes nothing that the other leaves', () => {
    fc.assert(
      fc.property(
        arbitraryHistory,
        arbitraryRule,
        arbitraryRule,
        ({ versions, nowMs }, rule, more) => {
          const generous = { ...rule };
          for (const field of fields) {
            const sum = (rule[field] ?? 0) + (more[field] ?? 0);
            if (sum > 0) Object.assign(generous, { [field]: sum });
          }
          const leftByGenerous = left(versions, generous, nowMs).filter(isObject);
          for (const version of left(versions, rule, nowMs).filter(isObject)) {
            expect(leftByGenerous).toContain(version);
          }
        },
      ),
    );
  });

  test('removes less when the clock is behind', () => {
    fc.assert(
      fc.property(
        arbitraryHistory,
        arbitraryRule,
        stepMs,
        ({ versions, nowMs }, rule, behindMs) => {
          const leftThen = left(versions, rule, nowMs).filter(isObject);
          const leftBehind = left(versions, rule, nowMs - behindMs).filter(isObject);
          for (const version of leftThen) expect(leftBehind).toContain(version);
        },
      ),
    );
  });

  test('leaves the past of the time it speaks of as it was', () => {
    fc.assert(
      fc.property(arbitraryHistory, arbitraryRule, fc.nat(), ({ versions, nowMs }, rule, pick) => {
        const { keepForMs = 1 } = rule;
        const after = left(versions, { ...rule, keepForMs }, nowMs);
        const pastMs = nowMs - (pick % keepForMs);
        expect(contentAt(after, pastMs)).toBe(contentAt(versions, pastMs));
      }),
    );
  });

  test('never shows what was deleted as if it were there', () => {
    fc.assert(
      fc.property(arbitraryHistory, arbitraryRule, ({ versions, nowMs }, rule) => {
        const after = left(versions, rule, nowMs);
        for (const { timeMs } of versions) {
          if (contentAt(versions, timeMs) === undefined) {
            expect(contentAt(after, timeMs)).toBeUndefined();
          }
        }
      }),
    );
  });

  test('leaves no delete marker behind which there is nothing, nor one above another', () => {
    fc.assert(
      fc.property(arbitraryHistory, arbitraryRule, ({ versions, nowMs }, rule) => {
        const after = left(versions, rule, nowMs);
        for (const [i, version] of after.entries()) {
          if (version.kind === 'deleteMarker') expect(after[i + 1]?.kind).toBe('object');
        }
      }),
    );
  });
});

function isObject(version: Version): version is ObjectVersion {
  return version.kind === 'object';
}

/** What is left of versions made at these times, as their places in the list, newest last. */
function keptOf(times: readonly string[], rule: RetentionRule, now: string): number[] {
  const versions = times.map((time, i) => object(i, Date.parse(time))).reverse();
  return left(versions, rule, Date.parse(now))
    .map(({ lsn }) => lsn)
    .reverse();
}

describe('what is kept', () => {
  const days = ['01', '02', '02', '05', '09', '09', '09'].map(
    (day, i) => `2026-03-${day}T0${i}:00:00Z`,
  );

  test.each<[string, RetentionRule, number[]]>([
    ['the last versions', { keepLast: 2 }, [5, 6]],
    ['the newest of each of the last days that have one', { daily: 3 }, [2, 3, 6]],
    ['the newest of each week, from Monday on', { weekly: 2 }, [3, 6]],
    ['the newest of a month', { monthly: 5 }, [6]],
    ['what any of them keeps', { keepLast: 2, daily: 2, weekly: 3 }, [0, 3, 5, 6]],
    ['what was superseded lately, however old', { keepForMs: 4 * dayMs }, [3, 4, 5, 6]],
  ])('is %s', (_, rule, expected) => {
    expect(keptOf(days, rule, '2026-03-10T00:00:00Z')).toEqual(expected);
  });

  test('depends on the days, months and years of UTC', () => {
    const times = ['2025-12-31T23:59:59.999Z', '2026-01-01T00:00:00Z', '2026-01-01T00:59:00Z'];
    expect(keptOf(times, { hourly: 9 }, '2026-02-01T00:00:00Z')).toEqual([0, 2]);
    for (const period of ['daily', 'monthly', 'yearly'] as const) {
      expect(keptOf(times, { [period]: 9 }, '2026-02-01T00:00:00Z')).toEqual([0, 2]);
    }
    expect(keptOf(times, { weekly: 9 }, '2026-02-01T00:00:00Z')).toEqual([2]);
  });
});
