/**
 * What a run comes to: the JSON document, which the table and the HTML report only show.
 *
 * Of several turns the median stands for all, and the spread says how far they are apart. What lies
 * within the spread is noise, and is called so.
 *
 * @module
 */

import type { BenchMachine } from './bench-machine.ts';
import type { Durability } from './target.ts';
import type { OperationKind, WorkloadSettings } from './workload.ts';

export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly mean: number;
}

/** One turn of one target. Times are of the work alone, without making and checking content. */
export interface TurnResult {
  readonly operations: number;
  readonly seconds: number;
  readonly operationsPerSecond: number;
  /** Content that went in or came out. */
  readonly bytesPerSecond: number;
  readonly latencyMs: Latency;
  /** All that was done, by what it was; of it, the above may count only one kind. */
  readonly byKind: Readonly<Partial<Record<OperationKind, KindResult>>>;
  readonly throughput: readonly ThroughputPoint[];
  /** Content that the target was given, its load included. */
  readonly givenBytes: number;
  /** Its folder, after it was closed. */
  readonly diskBytes: number;
  /** What the system had written for it, where the system tells. */
  readonly writtenBytes?: number;
  readonly reclaim?: {
    readonly seconds: number;
    readonly diskBytesBefore: number;
    readonly diskBytesAfter: number;
  };
  /** Answers that were compared under load, and records after it. */
  readonly checked: { readonly answers: number; readonly records: number };
}

export interface KindResult {
  readonly operations: number;
  readonly latencyMs: Latency;
}

/** From `seconds` on, for the length of a window. */
export interface ThroughputPoint {
  readonly seconds: number;
  readonly operationsPerSecond: number;
}

/** A number that several turns gave. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Half of the distance from least to most, in percent of the median. Absent for one turn. */
  readonly spreadPercent?: number;
}

export interface TargetResult {
  readonly target: string;
  readonly turns: readonly TurnResult[];
  readonly operationsPerSecond: Spread;
  /** The turns are too far apart for the number to mean much, or there was but one. */
  readonly isNoise: boolean;
  /** How many times as many operations the first target did. Absent for the first. */
  readonly ratio?: Ratio;
}

/** Of the first target to another one, turn by turn. */
export interface Ratio extends Spread {
  /** The turns do not agree on which of the two is faster. */
  readonly isNoise: boolean;
}

export interface WorkloadResult {
  readonly workload: string;
  readonly summary: string;
  readonly settings: WorkloadSettings;
  readonly targets: readonly TargetResult[];
  /** Tools that were not asked: an operation of this workload is not worth the start of one. */
  readonly notFor: readonly string[];
}

export interface BenchResult {
  /** The shape of this document. It changes when the shape does. */
  readonly schema: 'varve-bench-1';
  readonly startedAt: string;
  readonly machine: BenchMachine;
  readonly durability: Durability;
  readonly turns: number;
  /** Only the answers were checked: the numbers mean nothing. */
  readonly smoke: boolean;
  readonly targets: readonly { name: string; version: string; usage: string }[];
  readonly skipped: readonly { name: string; reason: string }[];
  readonly workloads: readonly WorkloadResult[];
}

/** From here on a rate says that it is noise. */
const noisePercent = 10;

/** What several turns came to. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  const median = sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
  const least = sorted[0] ?? 0;
  const most = sorted.at(-1) ?? 0;
  if (sorted.length < 2) return { median, least, most };
  return { median, least, most, spreadPercent: (100 * (most - least)) / 2 / median };
}

/** The results of the targets of a workload: the first is what the others are held against. */
export function summarised(
  turnsOf: ReadonlyMap<string, readonly TurnResult[]>,
): readonly TargetResult[] {
  const rates = (turns: readonly TurnResult[]): number[] =>
    turns.map(({ operationsPerSecond }) => operationsPerSecond);
  const first = rates([...turnsOf.values()][0] ?? []);
  return [...turnsOf].map(([target, turns], position) => {
    const spread = spreadOf(rates(turns));
    return {
      target,
      turns,
      operationsPerSecond: spread,
      isNoise: !((spread.spreadPercent ?? Infinity) <= noisePercent),
      ...(position > 0 && { ratio: ratioOf(first, rates(turns)) }),
    };
  });
}

function ratioOf(first: readonly number[], other: readonly number[]): Ratio {
  // Turn by turn: what disturbed the machine for a while disturbed both of a pair.
  const spread = spreadOf(first.map((rate, turn) => rate / (other[turn] ?? NaN)));
  const isNoise = first.length < 2 || !(spread.least > 1 || spread.most < 1);
  return { ...spread, isNoise };
}
