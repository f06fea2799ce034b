/**
 * Measured numbers as a person reads them, the same in the table and in the HTML report.
 *
 * @module
 */

import { formatCount, formatCounted, formatSize } from '../printable.ts';
import type { TargetResult, TurnResult, WorkloadResult } from './bench-result.ts';

/** Three digits, and no exponent. */
function digits(value: number): string {
  if (!Number.isFinite(value)) return '?';
  if (value === 0) return '0';
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}

export function formatMs(ms: number): string {
  if (ms >= 1000) return `${digits(ms / 1000)} s`;
  return ms >= 1 ? `${digits(ms)} ms` : `${digits(ms * 1000)} µs`;
}

export function formatRate(perSecond: number): string {
  return digits(perSecond);
}

export function formatFactor(factor: number): string {
  return `${digits(factor)}×`;
}

/** `1.5× (1.2–1.9)`, and that it is noise. */
export function formatRatio({ ratio }: TargetResult): string {
  if (ratio === undefined) return '';
  const { median, least, most, spreadPercent, isNoise } = ratio;
  if (spreadPercent === undefined) return `${formatFactor(median)} (one turn)`;
  const range = `${formatFactor(median)} (${digits(least)}–${digits(most)})`;
  return isNoise ? `${range} noise` : range;
}

/** `± 4 %`, and that it is noise. */
export function formatSpread({ operationsPerSecond, isNoise }: TargetResult): string {
  const { spreadPercent } = operationsPerSecond;
  if (spreadPercent === undefined) return 'one turn';
  return `± ${spreadPercent.toFixed(0)} %${isNoise ? ' noise' : ''}`;
}

/** The turn in the middle: it stands for all where one is shown. */
export function middleTurn({ turns }: TargetResult): TurnResult {
  const sorted = turns.toSorted((a, b) => a.operationsPerSecond - b.operationsPerSecond);
  return sorted[Math.floor(sorted.length / 2)] as TurnResult;
}

/** Bytes on disk for each byte that was given. */
export function diskFactor({ diskBytes, givenBytes }: TurnResult): number {
  return diskBytes / givenBytes;
}

/** Bytes that were written for each byte that was given; `undefined` where nobody knows. */
export function writtenFactor({ writtenBytes, givenBytes }: TurnResult): number | undefined {
  return writtenBytes === undefined ? undefined : writtenBytes / givenBytes;
}

/** What giving space back took, and gave. */
export function formatReclaim({ reclaim }: TurnResult): string | undefined {
  if (reclaim === undefined) return undefined;
  const { seconds, diskBytesBefore, diskBytesAfter } = reclaim;
  const sizes = `${formatSize(diskBytesBefore)} → ${formatSize(diskBytesAfter)}`;
  return `reclaimed in ${formatMs(seconds * 1000)}: ${sizes} on disk`;
}

/** What was stored and asked for: `2,000 records of 4.0 KiB, 8 in flight, seed 1`. */
export function formatSettings({ settings }: WorkloadResult): string {
  const { records, sizeBytes, concurrency, seed } = settings;
  const what = records === 0 ? 'records' : formatCounted(records, 'record');
  return `${what} of ${formatSize(sizeBytes)}, ${concurrency} in flight, seed ${seed}`;
}

/** Who was not asked, and why. */
export function formatNotFor({ notFor }: WorkloadResult): string | undefined {
  if (notFor.length === 0) return undefined;
  return `${notFor.join(', ')}: not for this workload, as they start a program for each call`;
}

/** How many answers and records of a target were compared. */
export function formatCompared({ turns }: TargetResult): string {
  return formatCount(
    turns.reduce((sum, { checked }) => sum + checked.answers + checked.records, 0),
  );
}
