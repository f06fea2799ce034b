/**
 * The engine: opens a store, wires its parts, closes it.
 *
 * Above it are names that people know (buckets, versions, errors with both in them), below it the
 * paths, the committer, and maintenance. It has no logic of its own but that of the lifecycle:
 * `open` → `closing` → `closed`, and beside it whether the store may still write (see health.ts).
 *
 * Closing waits for what is under way. Whoever hands out the engine ends first what might never end
 * by itself: an upload whose source has stopped giving (api/session.ts).
 *
 * @module
 */

import { ObjectsError } from '../base/errors.ts';
import { defaultChunking, inlineBytesMax } from '../base/limits.ts';
import { Buckets } from './buckets.ts';
import { Checkpointer } from './checkpointer.ts';
import { EmbeddedChunkStore } from './chunk-store.ts';
import { Committer } from './committer.ts';
import type { BucketSettings, CommitRequest } from './commit-group.ts';
import { DiskReserve } from './disk-reserve.ts';
import { Health } from './health.ts';
import { Incarnation } from './incarnation.ts';
import { Journal } from './journal.ts';
import { isUntouchedBackup } from './log/superblock.ts';
import { backup, type BackupOptions, type BackupResult } from './maintenance/backup.ts';
import type { Compaction, CompactionOptions } from './maintenance/compaction.ts';
import { Compactor } from './maintenance/compactor.ts';
import { ParityKeeper } from './maintenance/parity-keeper.ts';
import { Pruner } from './maintenance/pruner.ts';
import { Reclaimer } from './maintenance/reclaim.ts';
import type { Findings, VerifyOptions } from './maintenance/findings.ts';
import { verify } from './maintenance/verify.ts';
import type {
  BucketRecord,
  ChunkStore,
  Lsn,
  ObjectVersion,
  Totals,
  Version,
  VersionStore,
} from './model.ts';
import { openFiles, stateOf, type OpenedStore } from './opening.ts';
import { expectDone } from './outcome.ts';
import type { Platform } from './platform/platform.ts';
import { readObject, type ReadRange } from './read-path.ts';
import type { EngineOptions, LinkRequest, UploadRequest } from './requests.ts';
import { Segments } from './segments.ts';
import type { StoreState } from './store-state.ts';
import { EmbeddedVersionStore } from './version-store.ts';
import { linkObject, writeObject, type WriteParts } from './write-path.ts';

export class Engine {
  /** Look-ups and listings. */
  readonly versions: VersionStore;
  /** Retention, and what a removal would free. */
  readonly pruner: Pruner;
  /** What restores rotten log files. */
  readonly parity: ParityKeeper;
  readonly #platform: Platform;
  readonly #directory: string;
  readonly #opened: OpenedStore;
  readonly #health = new Health();
  readonly #state: StoreState;
  readonly #incarnation: Incarnation;
  readonly #journal: Journal;
  readonly #segments: Segments;
  readonly #committer: Committer;
  readonly #buckets: Buckets;
  readonly #reclaimer: Reclaimer;
  readonly #compactor: Compactor;
  readonly #checkpointer: Checkpointer;
  readonly #chunks: EmbeddedChunkStore;
  readonly #writeParts: WriteParts;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  private constructor(options: EngineOptions, opened: OpenedStore) {
    const { platform, directory } = options;
    const { files, index, recovered, superblock } = opened;
    this.#platform = platform;
    this.#directory = directory;
    this.#opened = opened;
    this.#state = stateOf(opened);
    this.#incarnation = new Incarnation(platform, directory, files, superblock);
    const incarnation = this.#incarnation;
    const onFailure = (error: unknown): void => void this.#health.fail(error);
    this.#journal = new Journal(incarnation, recovered);
    this.#segments = new Segments(incarnation, onFailure);
    this.#committer = new Committer({
      clock: platform.clock,
      health: this.#health,
      index,
      journal: this.#journal,
      state: this.#state,
      onCommitted: (hasCandidates, operations) => {
        this.#afterCommit(hasCandidates);
        if (this.#mayTidy) this.pruner.onCommitted(operations);
      },
    });
    const [committer, state, journal, segments] = [
      this.#committer,
      this.#state,
      this.#journal,
      this.#segments,
    ];
    const reserve = new DiskReserve(platform, directory, options.reserveBytes);
    // Each takes of these what it needs.
    const log = { platform, directory, files, index, journal, segments, reserve };
    const parts = { ...log, snapshots: opened.snapshots, committer, state, onFailure };
    this.#buckets = new Buckets(committer, state, reserve);
    this.#reclaimer = new Reclaimer(parts);
    this.pruner = new Pruner({ ...parts, drain: (signal) => this.#drain(signal) });
    const staging = { inlineBytesMax: options.inlineBytesMax ?? inlineBytesMax, ...parts };
    this.#chunks = new EmbeddedChunkStore(platform, index, files, staging);
    this.#checkpointer = new Checkpointer(
      { ...parts, fileSystem: platform.fileSystem, database: opened.database },
      { isIndexInMemory: platform.indexIn === 'memory', onFailure },
    );
    this.#compactor = new Compactor(
      {
        ...parts,
        stagedFileIds: () => this.#chunks.stagedFileIds,
        takeCheckpoint: () => this.#checkpointer.take(),
      },
      { incarnation, isAutomatic: options.compaction !== 'manual', onFailure },
    );
    const { storeId } = superblock;
    this.parity = new ParityKeeper({ ...parts, storeId, openFileIds: () => this.#openFileIds });
    this.versions = new EmbeddedVersionStore(committer, index);
    const { chunking } = superblock;
    const { versions } = this;
    this.#writeParts = { platform, chunking, reserve, chunks: this.#chunks, versions };
  }

  /** Opens a store, recovering it if need be. Errors: see opening.ts. */
  static async open(options: EngineOptions): Promise<Engine> {
    const chunking = options.chunking ?? defaultChunking;
    const engine = new Engine(options, await openFiles({ ...options, chunking }));
    if (!engine.#mayTidy) return engine;
    engine.#reclaimer.wake();
    engine.pruner.wake();
    await engine.parity.begin(options.parity);
    return engine;
  }

  /** Where chunks are. */
  get chunks(): ChunkStore {
    return this.#chunks;
  }

  /** A bucket by name. */
  bucket(name: string): BucketRecord | undefined {
    this.#throwIfClosed();
    return this.#state.bucketByName(name);
  }

  /** All buckets, in bytewise order of names. */
  buckets(): readonly BucketRecord[] {
    this.#throwIfClosed();
    return this.#state.buckets;
  }

  /** Makes a bucket, or changes what it is. Durable. `INVALID` for what cannot be. */
  async ensureBucket(name: string, settings: BucketSettings): Promise<BucketRecord> {
    return this.#track(() => this.#buckets.ensure(name, settings));
  }

  /** Removes a bucket. `NOT_FOUND`; `INVALID` unless it is empty of every version. */
  async deleteBucket(name: string): Promise<void> {
    return this.#track(() => this.#buckets.delete(name));
  }

  /** Stores content as the new current version. See write-path.ts for what is promised. */
  async upload(request: UploadRequest): Promise<ObjectVersion> {
    const { bucket, body, durability, signal, onCommitting, onProgress, ...attributes } = request;
    const { name, seeThroughGzip = bucket.seeThroughGzip ?? true, ...kept } = attributes;
    this.#health.throwIfFailed();
    const put = { ...kept, name, kind: 'put', bucketId: bucket.id } as const;
    const options = { durability, seeThroughGzip, signal, onCommitting, onProgress };
    const result = await this.#track(() => writeObject(this.#writeParts, put, body, options));
    return expectDone(result, { key: name, bucket: bucket.name }) as ObjectVersion;
  }

  /** A new version of content that is there already: for copies and restores. */
  async link(request: LinkRequest): Promise<ObjectVersion> {
    const { bucket, from, ...attributes } = request;
    const { name } = attributes;
    const { sizeBytes, root, seenThrough, contentType, metadata } = from;
    const content = { sizeBytes, root, seenThrough, contentType, metadata };
    const change = { ...attributes, ...content, kind: 'put', bucketId: bucket.id } as const;
    const result = await this.#track(() => linkObject(this.#writeParts, change, 'power'));
    return expectDone(result, { key: name, bucket: bucket.name }) as ObjectVersion;
  }

  /** Deletes the current version: with a marker in a versioned bucket, else for good. */
  async remove(bucket: BucketRecord, name: string): Promise<void> {
    await this.#commit({ kind: 'remove', bucketId: bucket.id, name }, { key: name, bucket });
  }

  /** Deletes one version for good. */
  async purge(bucket: BucketRecord, name: string, lsn: Lsn): Promise<void> {
    await this.#commit({ kind: 'purge', bucketId: bucket.id, name, lsn }, { key: name, bucket });
  }

  /**
   * Locks the current version, or one by its number, against removal until a time. A lock that
   * lasts longer stays.
   */
  async lock(
    bucket: BucketRecord,
    name: string,
    lsn: Lsn | undefined,
    untilMs: number,
  ): Promise<ObjectVersion> {
    const change = { kind: 'lock', bucketId: bucket.id, name, lsn, untilMs } as const;
    return (await this.#commit(change, { key: name, bucket })) as ObjectVersion;
  }

  /** The bytes of a version. Verified; see read-path.ts. */
  async *read(
    version: ObjectVersion,
    range: ReadRange,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    this.#throwIfClosed();
    const parts = { chunks: this.#chunks, hashing: this.#platform.hashing };
    for await (const bytes of readObject(parts, version, range, signal)) {
      yield bytes;
      this.#throwIfClosed();
    }
  }

  /** Exact totals: what is dead has been freed when this resolves, if it may be. */
  async totals(): Promise<Totals> {
    return this.#track(async () => {
      await this.#drain();
      return this.#state.totals;
    });
  }

  /** Everything acknowledged before is on stable storage. */
  async sync(): Promise<void> {
    this.#health.throwIfFailed();
    await this.#track(() => this.#committer.sync());
  }

  /** Reads and checks everything. */
  async verify(options: VerifyOptions): Promise<Findings> {
    return this.#track(async () => {
      await this.#drain(options.signal);
      if (this.#health.failure === undefined) await this.#committer.sync();
      const { files, index, snapshots } = this.#opened;
      const journalEnd = (): Journal['durableEnd'] => this.#journal.durableEnd;
      const [platform, state] = [this.#platform, this.#state];
      const { parity } = this;
      return verify({ platform, files, index, state, snapshots, parity, journalEnd }, options);
    });
  }

  /** Frees what is dead, and gives its space back. See maintenance/compaction.ts. */
  async compact(options: Pick<CompactionOptions, 'signal' | 'onProgress'>): Promise<Compaction> {
    this.#health.throwIfFailed();
    return this.#track(async () => {
      await this.#reclaimer.drain(options.signal);
      const done = await this.#compactor.compact(options);
      await this.parity.complete(options.signal);
      return done;
    });
  }

  /** What {@link compact} would give back. */
  async reclaimableBytes(): Promise<number> {
    return this.#track(async () => {
      if (this.#mayTidy) await this.#reclaimer.drain();
      return this.#compactor.reclaimableBytes();
    });
  }

  /** Copies the store as it is now. */
  async backup(target: string, options: BackupOptions): Promise<BackupResult> {
    this.#health.throwIfFailed();
    const parts = {
      platform: this.#platform,
      directory: this.#directory,
      files: this.#opened.files,
      superblock: () => this.#incarnation.superblock,
      sync: async (): Promise<Journal['durableEnd']> => {
        await this.#committer.sync();
        return this.#journal.durableEnd;
      },
      openFileIds: (): number[] => this.#openFileIds,
      snapshots: this.#opened.snapshots,
    };
    return this.#track(() => backup(parts, target, options));
  }

  /** Finishes what is queued, and lets go of the folder. May be called more than once. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  /**
   * Whether the engine may write what nobody asked for. Not to a backup that was only opened to be
   * read: it would not be one any more.
   */
  get #mayTidy(): boolean {
    return this.#health.failure === undefined && !isUntouchedBackup(this.#incarnation.superblock);
  }

  /** Log files that are being written. */
  get #openFileIds(): number[] {
    return [this.#journal, this.#segments, this.#compactor]
      .map(({ openFileId }) => openFileId)
      .filter((id) => id !== undefined);
  }

  async #drain(signal?: AbortSignal): Promise<void> {
    if (this.#mayTidy) await this.#reclaimer.drain(signal);
  }

  async #close(): Promise<void> {
    await this.pruner.stop();
    await Promise.allSettled(this.#underWay);
    await this.#compactor.stop();
    await this.parity.stop();
    await this.#reclaimer.stop();
    await this.#checkpointer.idle();
    const { database, files, lock } = this.#opened;
    try {
      if (this.#journal.hasBegun && this.#health.failure === undefined) {
        await this.#checkpointer.take();
        await this.#committer.commit({ kind: 'close' }, 'power');
      }
    } finally {
      await this.#committer.stop();
      // Whatever cannot be closed must not keep the folder locked. It holds nothing that is new.
      const sealed = this.#openFileIds;
      const writers = [this.#journal, this.#segments, this.#compactor];
      await Promise.allSettled(writers.map((part) => part.close()));
      if (this.#health.failure === undefined) await this.parity.finish(sealed);
      await Promise.allSettled([files, database].map((part) => part.close()));
      await lock.release();
    }
  }

  #afterCommit(hasCandidates: boolean): void {
    if (hasCandidates) this.#reclaimer.wake();
    this.#compactor.wake();
    this.#checkpointer.wake();
    this.parity.wake();
  }

  async #commit(
    request: CommitRequest,
    { key, bucket }: { readonly key: string; readonly bucket: BucketRecord },
  ): Promise<Version | undefined> {
    const result = await this.#track(() => this.#committer.commit(request, 'power'));
    return expectDone(result, { key, bucket: bucket.name });
  }

  /** Runs an operation that closing waits for. */
  async #track<T>(operation: () => Promise<T>): Promise<T> {
    this.#throwIfClosed();
    const running = operation();
    this.#underWay.add(running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(running);
    }
  }

  #throwIfClosed(): void {
    if (this.#closed === undefined) return;
    throw new ObjectsError('the store is closed; open a new one', { code: 'CLOSED' });
  }
}
