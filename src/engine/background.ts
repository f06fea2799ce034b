/**
 * What a store does for itself, besides what it is asked: freeing, compacting, pruning, parity,
 * checkpoints.
 *
 * Each part has its own reasons to work; this wires them, wakes them after commits, and ends them
 * in an order in which none is left without another that it needs.
 *
 * @module
 */

import { Checkpointer } from './checkpointer.ts';
import type { ChunkReader } from './chunk-reader.ts';
import type { Committer } from './committer.ts';
import type { Deltas } from './deltas.ts';
import type { DiskReserve } from './disk-reserve.ts';
import type { Health } from './health.ts';
import type { Incarnation } from './incarnation.ts';
import type { Database } from './index/database.ts';
import type { IndexStore } from './index/index-store.ts';
import type { Journal } from './journal.ts';
import type { LogFiles } from './log/log-files.ts';
import { isUntouchedBackup } from './log/superblock.ts';
import type { Operation } from './log/operations.ts';
import type { Compaction, CompactionOptions } from './maintenance/compaction.ts';
import { Compactor } from './maintenance/compactor.ts';
import type { Optimized } from './maintenance/optimize.ts';
import { ParityKeeper, type ParityWish } from './maintenance/parity-keeper.ts';
import { Pruner } from './maintenance/pruner.ts';
import { Reclaimer } from './maintenance/reclaim.ts';
import type { Platform } from './platform/platform.ts';
import type { Segments } from './segments.ts';
import type { Snapshots } from './snapshots.ts';
import type { StoreState } from './store-state.ts';

/** The parts of an engine that work in the background is done with. */
export interface BackgroundParts {
  readonly platform: Platform;
  readonly directory: string;
  readonly files: LogFiles;
  readonly index: IndexStore;
  readonly database: Database;
  readonly snapshots: Snapshots;
  readonly incarnation: Incarnation;
  readonly health: Health;
  readonly state: StoreState;
  readonly journal: Journal;
  readonly segments: Segments;
  readonly reserve: DiskReserve;
  readonly committer: Committer;
  readonly chunks: ChunkReader;
  readonly deltas: Deltas;
  /** Files with chunks of uploads on their way. */
  readonly stagedFileIds: () => ReadonlySet<number>;
  readonly onFailure: (error: unknown) => void;
}

/** How to compact. */
export interface CompactOptions extends Pick<CompactionOptions, 'signal' | 'onProgress'> {
  /** Whether everything is stored as small as it can be first. See maintenance/optimize.ts. */
  readonly optimize?: boolean;
  /** How long that may take, about. */
  readonly maxMs?: number | undefined;
}

/** What compaction did, and whether there was time for all that it was to do. */
export interface Compacted extends Compaction {
  readonly isComplete: boolean;
}

export class Background {
  readonly reclaimer: Reclaimer;
  readonly compactor: Compactor;
  readonly pruner: Pruner;
  readonly checkpointer: Checkpointer;
  readonly parity: ParityKeeper;
  readonly #parts: BackgroundParts;

  /** @param compacts - Whether to compact without being asked. */
  constructor(parts: BackgroundParts, compacts: boolean) {
    const { platform, incarnation, onFailure } = parts;
    this.#parts = parts;
    this.reclaimer = new Reclaimer(parts);
    this.pruner = new Pruner({ ...parts, drain: (signal) => this.drain(signal) });
    this.checkpointer = new Checkpointer(
      { ...parts, fileSystem: platform.fileSystem },
      { isIndexInMemory: platform.indexIn === 'memory', onFailure },
    );
    this.compactor = new Compactor(
      { ...parts, takeCheckpoint: () => this.checkpointer.take() },
      { incarnation, isAutomatic: compacts, onFailure },
    );
    const { storeId } = incarnation.superblock;
    this.parity = new ParityKeeper({ ...parts, storeId, openFileIds: () => this.openFileIds });
  }

  /** Log files that are being written. */
  get openFileIds(): number[] {
    return [this.#parts.journal, this.#parts.segments, this.compactor]
      .map(({ openFileId }) => openFileId)
      .filter((id) => id !== undefined);
  }

  /**
   * Whether the engine may write what nobody asked for. Not to a backup that was only opened to be
   * read: it would not be one any more.
   */
  get mayTidy(): boolean {
    const { health, incarnation } = this.#parts;
    return health.failure === undefined && !isUntouchedBackup(incarnation.superblock);
  }

  /** Takes up what a life before has left. */
  async begin(parity: ParityWish): Promise<void> {
    if (!this.mayTidy) return;
    this.reclaimer.wake();
    this.pruner.wake();
    await this.parity.begin(parity);
  }

  afterCommit(hasCandidates: boolean, operations: readonly Operation[]): void {
    if (hasCandidates) this.reclaimer.wake();
    this.compactor.wake();
    this.checkpointer.wake();
    this.parity.wake();
    if (this.mayTidy) this.pruner.onCommitted(operations);
  }

  /** Frees all that is dead, if this engine may. */
  async drain(signal?: AbortSignal): Promise<void> {
    if (this.mayTidy) await this.reclaimer.drain(signal);
  }

  /** Frees what is dead, and gives its space back. */
  async compact({ optimize = false, maxMs, ...options }: CompactOptions): Promise<Compacted> {
    await this.reclaimer.drain(options.signal);
    let optimized: Optimized = { writtenBytes: 0, isComplete: true };
    if (optimize) {
      optimized = await this.compactor.optimize({ ...options, maxMs });
      // What was only a base is dead now.
      await this.reclaimer.drain(options.signal);
    }
    const { writtenBytes, isComplete } = optimized;
    const mustPay = optimize && writtenBytes === 0;
    const compacted = await this.compactor.compact({ ...options, mustPay });
    if (writtenBytes > 0) await this.#parts.database.shrink();
    await this.parity.complete(options.signal);
    return {
      reclaimedBytes: Math.max(0, compacted.reclaimedBytes - writtenBytes),
      movedBytes: compacted.movedBytes + writtenBytes,
      isComplete,
    };
  }

  /** Ends the work under way. Checkpoints can still be taken. */
  async stop(): Promise<void> {
    await this.compactor.stop();
    await this.parity.stop();
    await this.reclaimer.stop();
    await this.checkpointer.idle();
  }
}
