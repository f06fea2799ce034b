/**
 * One turn: a new store, its load, the operations under the clock, and a look at everything.
 *
 * @module
 */

import { mkdirSync, rmSync } from 'node:fs';
import type { Latency, ThroughputPoint, TurnResult } from './bench-result.ts';
import { occupiedBytes, writtenBytes } from './disk-use.ts';
import { Histogram } from './histogram.ts';
import type { Durability, RunTarget, Scanned, Target, TargetKind } from './target.ts';
import {
  type OpenWorkload,
  type OperationKind,
  type Workload,
  type WorkloadSettings,
  WrongAnswer,
} from './workload.ts';
import { WorkClock } from './work-clock.ts';

export interface TurnOptions {
  readonly kind: TargetKind;
  readonly workload: Workload;
  readonly settings: WorkloadSettings;
  readonly durability: Durability;
  /** It is made, and removed at the end. */
  readonly folder: string;
  /** It is over after this time, */
  readonly seconds: number;
  /** or after so many operations, whichever comes first. */
  readonly operations: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after every operation. */
  readonly onProgress?: ((operations: number) => void) | undefined;
}

/** So finely throughput is watched; a chart shows fewer windows. */
const windowMs = 50;
const windowsShown = 40;

/** Runs a turn. Throws `WrongAnswer` if the target answers anything but what was stored. */
export async function runTurn(options: TurnOptions): Promise<TurnResult> {
  const { kind, workload, folder } = options;
  mkdirSync(folder);
  try {
    const writtenBefore = writtenBytes();
    const { target, givenBytes, open } = await openPair(options);
    let result: Omit<TurnResult, 'diskBytes'>;
    try {
      await open.load();
      const load = new Load(options, open);
      await load.run();
      const reclaim = workload.reclaims && (await reclaimOf(target, folder));
      const written = writtenBytes();
      const records = await open.verify();
      result = {
        ...load.result(),
        givenBytes: givenBytes(),
        ...(written !== undefined && { writtenBytes: written - (writtenBefore ?? 0) }),
        ...(reclaim && { reclaim }),
        checked: { answers: load.answers, records },
      };
    } finally {
      await target.close();
    }
    return { ...result, diskBytes: occupiedBytes(folder) };
  } catch (error) {
    if (!(error instanceof WrongAnswer)) throw error;
    throw new WrongAnswer(`${kind.name}, ${workload.name}: ${error.message}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether a workload is for a target: a tool is only asked for what is worth its start. */
export function isPair(
  { isTool }: Pick<TargetKind, 'isTool'>,
  { isForTools }: Pick<Workload, 'isForTools'>,
): boolean {
  return isTool !== true || isForTools === true;
}

interface OpenPair {
  readonly target: RunTarget & Pick<Target, 'reclaim'>;
  readonly open: OpenWorkload;
  readonly givenBytes: () => number;
}

async function openPair(options: TurnOptions): Promise<OpenPair> {
  const { kind, workload, settings, folder, durability } = options;
  const at = { folder, durability };
  if (workload.isForTools === true) {
    const target = await kind.open(at);
    const counted = new CountedTarget<RunTarget>(target);
    const open = workload.open(counted.target, settings);
    return { target, open, givenBytes: () => counted.givenBytes };
  }
  if (kind.isTool === true) throw new TypeError(`${workload.name} is not for ${kind.name}`);
  const target = await kind.open(at);
  const counted = new CountedTarget<Target>(target);
  const open = workload.open(counted.target, settings);
  return { target, open, givenBytes: () => counted.givenBytes };
}

async function reclaimOf(
  target: Pick<Target, 'reclaim'>,
  folder: string,
): Promise<TurnResult['reclaim']> {
  if (target.reclaim === undefined) return undefined;
  const diskBytesBefore = occupiedBytes(folder);
  const begunMs = performance.now();
  await target.reclaim();
  const seconds = (performance.now() - begunMs) / 1000;
  return { seconds, diskBytesBefore, diskBytesAfter: occupiedBytes(folder) };
}

/** A target that counts what it is given. */
class CountedTarget<T extends RunTarget> {
  givenBytes = 0;
  readonly target: T;

  constructor(target: T) {
    // All other calls pass through as they are.
    this.target = new Proxy(target, {
      get: (_, property) => {
        const member: unknown = Reflect.get(target, property, target);
        if (typeof member !== 'function') return member;
        return (...args: readonly unknown[]): unknown => {
          if (/^(put|prepare)/.test(String(property))) this.givenBytes += sizeOf(args.at(-1));
          return Reflect.apply(member, target, args);
        };
      },
    });
  }
}

function sizeOf(content: unknown): number {
  if (content instanceof Uint8Array) return content.length;
  const pieces = content as readonly (Uint8Array | Scanned)[];
  return pieces.reduce((sum, piece) => {
    return sum + ('content' in piece ? piece.content : piece).length;
  }, 0);
}

/** The operations under the clock. */
class Load {
  readonly #options: TurnOptions;
  readonly #open: OpenWorkload;
  readonly #clock = new WorkClock();
  readonly #latencies = new Map<OperationKind, Histogram>();
  /** Counted operations for each window of time. */
  readonly #windows: number[] = [];
  #bytes = 0;
  #begun = 0;
  #begunMs = 0;
  #endedMs = 0;
  #failed = false;
  answers = 0;

  constructor(options: TurnOptions, open: OpenWorkload) {
    this.#options = options;
    this.#open = open;
  }

  async run(): Promise<void> {
    const { settings } = this.#options;
    this.#begunMs = this.#clock.now();
    const lanes = Array.from({ length: settings.concurrency }, () => this.#lane());
    // Every lane has ended before the target may be closed.
    const ended = await Promise.allSettled(lanes);
    const failure = ended.find((each) => each.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    this.#endedMs = this.#clock.now();
  }

  async #lane(): Promise<void> {
    const { seconds, operations, signal, onProgress } = this.#options;
    const clock = this.#clock;
    try {
      while (!this.#failed) {
        signal?.throwIfAborted();
        const isLate = (clock.now() - this.#begunMs) / 1000 >= seconds;
        // However slow a machine is, there is one operation to look at.
        if (this.#begun >= operations || (isLate && this.#begun > 0)) return;
        const operation = clock.outside(() => this.#open.next());
        if (operation === undefined) return;
        this.#begun++;
        const begunMs = clock.now();
        const check = await operation.run();
        const endedMs = clock.now();
        const bytes = clock.outside(check);
        clock.outside(() => {
          this.#record(operation.kind, begunMs, endedMs, bytes);
          onProgress?.(this.answers);
        });
      }
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  #record(kind: OperationKind, begunMs: number, endedMs: number, bytes: number): void {
    this.answers++;
    const histogram = this.#latencies.get(kind) ?? new Histogram();
    this.#latencies.set(kind, histogram);
    histogram.record(endedMs - begunMs);
    if (kind !== (this.#options.workload.counts ?? kind)) return;
    this.#bytes += bytes;
    const window = Math.floor((endedMs - this.#begunMs) / windowMs);
    while (this.#windows.length <= window) this.#windows.push(0);
    this.#windows[window] = (this.#windows[window] as number) + 1;
  }

  result(): Pick<
    TurnResult,
    | 'operations'
    | 'seconds'
    | 'operationsPerSecond'
    | 'bytesPerSecond'
    | 'latencyMs'
    | 'byKind'
    | 'throughput'
  > {
    const { counts } = this.#options.workload;
    const counted = new Histogram();
    for (const [kind, histogram] of this.#latencies) {
      if (kind === (counts ?? kind)) counted.add(histogram);
    }
    const seconds = (this.#endedMs - this.#begunMs) / 1000;
    const byKind = [...this.#latencies].map(([kind, histogram]) => [
      kind,
      { operations: histogram.count, latencyMs: latencyOf(histogram) },
    ]);
    return {
      operations: counted.count,
      seconds,
      operationsPerSecond: counted.count / seconds,
      bytesPerSecond: this.#bytes / seconds,
      latencyMs: latencyOf(counted),
      byKind: Object.fromEntries(byKind) as TurnResult['byKind'],
      throughput: throughputOf(this.#windows, seconds),
    };
  }
}

function latencyOf(histogram: Histogram): Latency {
  return {
    p50: histogram.percentileMs(50),
    p90: histogram.percentileMs(90),
    p99: histogram.percentileMs(99),
    p999: histogram.percentileMs(99.9),
    max: histogram.maxMs,
    mean: histogram.meanMs,
  };
}

/**
 * Few enough points to look at, each of a whole window: at the end, fewer and fewer are in flight.
 * A turn that is shorter than a window is one point.
 */
function throughputOf(windows: readonly number[], seconds: number): ThroughputPoint[] {
  const whole = Math.floor((seconds * 1000) / windowMs);
  const sumOf = (counts: readonly number[]): number => counts.reduce((sum, each) => sum + each, 0);
  if (whole === 0) return [{ seconds: 0, operationsPerSecond: sumOf(windows) / seconds }];
  const together = Math.ceil(whole / windowsShown);
  const points: ThroughputPoint[] = [];
  for (let from = 0; from + together <= whole; from += together) {
    const count = sumOf(windows.slice(from, from + together));
    const length = (together * windowMs) / 1000;
    points.push({ seconds: (from * windowMs) / 1000, operationsPerSecond: count / length });
  }
  return points;
}
