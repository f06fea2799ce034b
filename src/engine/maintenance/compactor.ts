/**
 * When to compact: in the background, by how much of the log files is garbage; or when asked.
 *
 * In the background it looks once a second while things are committed. Under load it lets more
 * garbage stand than when it is quiet: moving what will soon be dead is work for nothing. It works
 * in short slices, and between two of them leaves the machine to others for as long as the slice
 * took. A pass is one batch of files, so that stopping, and looking again, is never far.
 *
 * Errors in the background stop the store, as all failures of its writing do; a full disk does not:
 * it looks again later.
 *
 * @module
 */

import { ObjectsError, throwIfAborted } from '../../base/errors.ts';
import {
  compactBatch,
  endOpenFiles,
  logFileStates,
  takeSnapshot,
  type Compaction,
  type CompactionOptions,
  type CompactionParts,
} from './compaction.ts';
import { isSmallerWith } from './balance.ts';
import { optimize, type Optimized, type OptimizeOptions } from './optimize.ts';
import type { Incarnation } from '../incarnation.ts';
import { Segments } from '../segments.ts';
import { garbageFraction } from './victims.ts';

const lookEveryMs = 1000;

/** Between two slices of work in the background. */
const pauseMs = 4;

/** From which part of garbage on it works, and down to which: while others write, and when not. */
const busy = { startFraction: 0.48, targetFraction: 0.42 };
const quiet = { startFraction: 0.18, targetFraction: 0.14 };

/** Above it, work goes on without pauses: others write more than can be moved beside them. */
const urgentFraction = 0.6;

/** In a smaller store than this nobody misses the space. */
const storeBytesMin = 4 * 1024 * 1024;

/** So much may be moved before files are let go: bounds what a batch needs of the disk. */
const batchLiveBytesMax = 256 * 1024 * 1024;

export interface CompactorOptions {
  /** Makes the segments that compaction writes. */
  readonly incarnation: Incarnation;
  /** Whether to work in the background. */
  readonly isAutomatic: boolean;
  readonly onFailure: (error: unknown) => void;
}

export class Compactor {
  readonly #parts: CompactionParts;
  readonly #options: CompactorOptions;
  readonly #stopping = new AbortController();
  #timer: { cancel(): void } | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #lastLsnSeen = -1;
  #endPause: (() => void) | undefined;

  constructor(parts: Omit<CompactionParts, 'target' | 'stuck'>, options: CompactorOptions) {
    // What fails there nobody was promised: whether the store must stop is said here.
    const target = new Segments(options.incarnation, () => undefined);
    this.#parts = { ...parts, target, stuck: new Set() };
    this.#options = options;
  }

  /** The segment that is being written, if any. */
  get openFileId(): number | undefined {
    return this.#parts.target.openFileId;
  }

  async close(): Promise<void> {
    await this.#parts.target.close();
  }

  /** Looks, a little later, whether there is work. */
  wake(): void {
    if (!this.#options.isAutomatic || this.#stopping.signal.aborted) return;
    this.#timer ??= this.#parts.platform.clock.schedule(lookEveryMs, () => {
      void this.#one(() => this.#look()).catch(this.#options.onFailure);
    });
  }

  /**
   * Compacts all that is worth it.
   *
   * @param options.mustPay - Nothing, if what must be written for that takes more than it gives.
   */
  async compact({
    mustPay,
    ...options
  }: Pick<CompactionOptions, 'signal' | 'onProgress'> & {
    readonly mustPay: boolean;
  }): Promise<Compaction> {
    const sum = { reclaimedBytes: 0, movedBytes: 0 };
    // What was moved before may be garbage by now. A file that is being written is never let go.
    await this.#one(() => this.#parts.target.seal());
    const doesPay =
      !mustPay || (await this.#one(() => isSmallerWith(this.#parts, [], options.signal)));
    for (;;) {
      throwIfAborted(options.signal);
      const compactNext = (): Promise<Compaction | undefined> =>
        compactBatch(this.#parts, {
          ...options,
          targetFraction: 0,
          liveBytesMax: batchLiveBytesMax,
          giveWay: this.#yield,
        });
      const batch = doesPay ? await this.#one(compactNext) : undefined;
      if (batch === undefined) {
        await this.#one(() => this.#renewSnapshot(options.signal));
        return sum;
      }
      sum.reclaimedBytes += batch.reclaimedBytes;
      sum.movedBytes += batch.movedBytes;
    }
  }

  /** Makes the store as small as it can be. The space of old frames is left to {@link compact}. */
  async optimize(options: Omit<OptimizeOptions, 'giveWay'>): Promise<Optimized> {
    return this.#one(async () => {
      const optimized = await optimize(this.#parts, { ...options, giveWay: this.#yield });
      // Also of what is being written much is garbage now. All of it can go together.
      if (optimized.writtenBytes > 0) await endOpenFiles(this.#parts);
      return optimized;
    });
  }

  /** A snapshot that rotted is replaced while the index still knows what it said. */
  async #renewSnapshot(signal: AbortSignal | undefined): Promise<void> {
    if (await this.#parts.snapshots.isNewestWhole()) return;
    await takeSnapshot(this.#parts, signal);
  }

  /** What {@link compact} would give back. */
  async reclaimableBytes(): Promise<number> {
    const states = await logFileStates(this.#parts);
    return states.reduce((sum, { garbageBytes }) => sum + garbageBytes, 0);
  }

  /** Ends the work in the background after the slice at hand. What was moved stays moved. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#stopping.abort();
    this.#endPause?.();
    await this.#running.catch(() => undefined);
  }

  /** One at a time. */
  #one<T>(action: () => Promise<T>): Promise<T> {
    const running = this.#running.then(action);
    this.#running = running.catch(() => undefined);
    return running;
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    const { state } = this.#parts;
    const isQuiet = state.lastLsn === this.#lastLsnSeen;
    const { startFraction, targetFraction } = isQuiet ? quiet : busy;
    let didWork = false;
    let garbage = await this.#garbageFraction();
    if (garbage > startFraction) {
      while (garbage > targetFraction && (await this.#work(targetFraction, garbage))) {
        didWork = true;
        garbage = await this.#garbageFraction();
      }
    }
    this.#lastLsnSeen = state.lastLsn;
    // Once more when it has been quiet for a while, and then not before something is committed.
    if (didWork || !isQuiet) this.wake();
  }

  async #garbageFraction(): Promise<number> {
    const states = await logFileStates(this.#parts);
    const sizeBytes = states.reduce((sum, file) => sum + file.sizeBytes, 0);
    return sizeBytes < storeBytesMin ? 0 : garbageFraction(states);
  }

  /** One batch. `false`: there is nothing to do, or nothing that can be done now. */
  async #work(targetFraction: number, garbage: number): Promise<boolean> {
    const { signal } = this.#stopping;
    if (signal.aborted) return false;
    const giveWay = garbage > urgentFraction ? this.#yield : this.#giveWay;
    try {
      const options = { signal, targetFraction, liveBytesMax: batchLiveBytesMax, giveWay };
      const batch = await compactBatch(this.#parts, options);
      return batch !== undefined && batch.reclaimedBytes > 0;
    } catch (error) {
      const isHarmless = error instanceof ObjectsError && /^(FULL|ABORTED)$/.test(error.code);
      if (isHarmless) return false;
      throw error;
    }
  }

  readonly #yield = (): Promise<void> => this.#parts.platform.clock.yield();

  /** Lets others have the machine. */
  readonly #giveWay = async (): Promise<void> => {
    const { clock } = this.#parts.platform;
    await new Promise<void>((resolve) => {
      this.#endPause = resolve;
      clock.schedule(pauseMs, resolve);
    });
    await clock.yield();
  };
}
