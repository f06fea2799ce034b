/**
 * Retention as callers write it, and as the engine has it.
 *
 * Durations are milliseconds or texts of ISO 8601, of weeks, days and hours only. Months and years
 * have no fixed length, and a text like `P1M`, read as anything else, would remove what it was
 * meant to keep; so they are refused, and `keepWithin` is pointed at.
 *
 * Errors: `TypeError` for values of the wrong type, `INVALID` for counts and durations that are
 * none, and for words that are not known: a rule that is half understood removes too much.
 *
 * @module
 */

import { describe, ObjectNotFound } from '../base/errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { PruneRequest } from '../engine/maintenance/pruner.ts';
import type { RetentionRule } from '../engine/model.ts';
import {
  checkObject,
  checkOptionalBoolean,
  checkOptionalInteger,
  checkOptionalObject,
  invalidArgument,
  wrongType,
} from './checks.ts';
import { checkBucketName } from './names.ts';
import type { Retention, RetentionPeriods } from './options.ts';
import type { PruneOptions } from './reports.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const periods = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

/** The rule of the engine; `null` for one that says nothing, and so keeps everything. */
export function parseRetention(retention: Retention | null): RetentionRule | null {
  if (retention === null) return null;
  checkObject('retention', retention);
  const { keepLast, keepFor, keepWithin = {}, ...unknown } = retention;
  checkObject('retention.keepWithin', keepWithin);
  refuseUnknown(unknown);
  checkOptionalInteger('retention.keepLast', keepLast, { min: 1 });
  const keepForMs = keepFor === undefined ? undefined : parseDuration(keepFor);
  const said = Object.entries({ keepLast, keepForMs, ...countsOf(keepWithin) });
  const rule = Object.fromEntries(said.filter(([, value]) => value !== undefined));
  return Object.keys(rule).length === 0 ? null : rule;
}

function countsOf({
  hourly,
  daily,
  weekly,
  monthly,
  yearly,
  ...unknown
}: RetentionPeriods): object {
  refuseUnknown(unknown);
  const counts = { hourly, daily, weekly, monthly, yearly };
  for (const period of periods) {
    checkOptionalInteger(`retention.keepWithin.${period}`, counts[period], { min: 1 });
  }
  return counts;
}

function refuseUnknown(unknown: object): void {
  const [word] = Object.keys(unknown);
  if (word === undefined) return;
  throw invalidArgument('retention knows keepLast, keepFor and keepWithin with its periods only', {
    word,
  });
}

/** Reads a duration: the P and the T may be left out, and so may the case of letters. */
function parseDuration(duration: string | number): number {
  if (typeof duration === 'number') {
    checkOptionalInteger('retention.keepFor', duration, { min: 1 });
    return duration;
  }
  if (typeof duration !== 'string') throw wrongType('retention.keepFor', 'a duration', duration);
  const match = /^P?(?:(\d+)W)?(?:(\d+)D)?(?:T?(\d+)H)?$/i.exec(duration);
  const [weeks, days, hours] = [1, 2, 3].map((group) => Number(match?.[group] ?? 0)) as [
    number,
    number,
    number,
  ];
  const ms = (weeks * 7 + days) * dayMs + hours * hourMs;
  if (ms > 0 && Number.isSafeInteger(ms)) return ms;
  throw invalidArgument(
    'retention.keepFor must be milliseconds, or weeks, days and hours such as 30d or P1DT12H; ' +
      'for months and years use days, or keepWithin',
    { keepFor: duration },
  );
}

/** A rule as callers write it; they may pass it on. */
export function retentionOf(rule: RetentionRule): Retention {
  const { keepLast, keepForMs } = rule;
  const kept = periods.filter((period) => rule[period] !== undefined);
  return {
    ...(keepLast === undefined ? {} : { keepLast }),
    ...(keepForMs === undefined ? {} : { keepFor: durationOf(keepForMs) }),
    ...(kept.length === 0
      ? {}
      : { keepWithin: Object.fromEntries(kept.map((period) => [period, rule[period]])) }),
  };
}

function durationOf(ms: number): string | number {
  if (ms % hourMs !== 0) return ms;
  const [days, hours] = [Math.floor(ms / dayMs), (ms % dayMs) / hourMs];
  return `P${days === 0 ? '' : `${days}D`}${hours === 0 ? '' : `T${hours}H`}`;
}

/** Which buckets to prune, and by which rules. */
export function bucketsToPrune(
  engine: Engine,
  { bucket: name, retention }: PruneOptions,
): PruneRequest['buckets'] {
  const own = retention === undefined ? undefined : (parseRetention(retention) ?? undefined);
  if (name === undefined) {
    return engine
      .buckets()
      .flatMap((bucket) => (bucket.retention ? [{ bucket, rule: bucket.retention }] : []));
  }
  const bucket = engine.bucket(name);
  if (bucket === undefined) {
    throw new ObjectNotFound(`bucket not found: ${describe({ bucket: name })}`);
  }
  const rule = own ?? bucket.retention;
  if (!bucket.versioned) throw invalidArgument('the bucket is not versioned', { bucket: name });
  if (rule !== undefined) return [{ bucket, rule }];
  throw invalidArgument('the bucket has no retention rule, and none was given', { bucket: name });
}

/** Throws unless the options of a pruning are what they should be. */
export function checkPruneOptions(options: PruneOptions): void {
  checkOptionalObject('options', options);
  checkOptionalBoolean('dryRun', options.dryRun);
  if (options.bucket !== undefined) checkBucketName(options.bucket);
  if (options.retention === undefined) return;
  if (options.bucket === undefined) throw invalidArgument('name the bucket that the rule is for');
  if (parseRetention(options.retention) === null) {
    throw invalidArgument('the rule keeps everything: say what to keep');
  }
}
