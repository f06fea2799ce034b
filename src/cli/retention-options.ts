/**
 * The options that say which versions stay: `--keep-last 5 --keep-daily 7`.
 *
 * @module
 */

import { type Command, Option } from 'commander';
import type { Retention } from '../index.ts';
import { parseCount } from './arguments.ts';

/** What the options were given. */
export interface KeepOptions {
  readonly keepLast?: number;
  readonly keepFor?: string;
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
}

/** Declares the options. */
export function addKeepOptions(command: Command): Command {
  const period = (name: string, one: string): Option =>
    new Option(
      `--keep-${name} <count>`,
      `keep the newest version of each of the last COUNT ${one} that have one`,
    ).argParser(parseCount);
  return command
    .option('--keep-last <count>', 'keep the COUNT newest versions of each object', parseCount)
    .option(
      '--keep-for <duration>',
      'keep versions so long after they were replaced or removed: 30d, 12h, P1DT12H',
    )
    .addOption(period('hourly', 'hours'))
    .addOption(period('daily', 'days (UTC)'))
    .addOption(period('weekly', 'weeks'))
    .addOption(period('monthly', 'months'))
    .addOption(period('yearly', 'years'));
}

/** The rule that the options make; `undefined` if none was given. */
export function retentionOf(options: KeepOptions): Retention | undefined {
  const { keepLast, keepFor, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly } = options;
  const keepWithin = {
    hourly: keepHourly,
    daily: keepDaily,
    weekly: keepWeekly,
    monthly: keepMonthly,
    yearly: keepYearly,
  };
  const given = [keepLast, keepFor, ...Object.values(keepWithin)];
  if (given.every((value) => value === undefined)) return undefined;
  return { keepLast, keepFor, keepWithin };
}

/** A rule in words: `last 5, 30 days, 7 daily`. */
export function describeRetention({ keepLast, keepFor, keepWithin = {} }: Retention): string {
  const periods = Object.entries(keepWithin) as [string, number | undefined][];
  return [
    keepLast === undefined ? [] : [`last ${keepLast}`],
    keepFor === undefined ? [] : [`for ${typeof keepFor === 'number' ? `${keepFor} ms` : keepFor}`],
    periods.map(([period, count]) => `${count} ${period}`),
  ]
    .flat()
    .join(', ');
}
