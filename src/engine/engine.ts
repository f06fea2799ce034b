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
import { Background, type Compacted, type CompactOptions } from './background.ts';
import { Buckets } from './buckets.ts';
import { ChunkReader } from './chunk-reader.ts';
import { EmbeddedChunkStore } from './chunk-store.ts';
import { Committer } from './committer.ts';
import type { BucketSettings, CommitRequest } from './commit-request.ts';
import { Deltas } from './deltas.ts';
import { DiskReserve } from './disk-reserve.ts';
import { Health } from './health.ts';
import { Incarnation } from './incarnation.ts';
import { Journal } from './journal.ts';
import { backup, type BackupOptions, type BackupResult } from './maintenance/backup.ts';
import type { Findings, VerifyOptions } from './maintenance/findings.ts';
import { footprintOf, type Footprint, type FootprintOptions } from './maintenance/footprint.ts';
import type { ParityKeeper } from './maintenance/parity-keeper.ts';
import type { Pruner } from './maintenance/pruner.ts';
import { verify } from './maintenance/verify.ts';
import {
  domainOf,
  type BucketRecord,
  type ChunkStore,
  type Lsn,
  type ObjectVersion,
  type Totals,
  type Version,
  type VersionStore,
} from './model.ts';
import { indexDirectory, openFiles, stateOf, type OpenedStore } from './opening.ts';
import { expectDone } from './outcome.ts';
import type { Platform } from './platform/platform.ts';
import { readObject, readObjectInto, type ReadRange } from './read-path.ts';
import { childrenByAnyMeans } from './replay.ts';
import type { EngineOptions, LinkRequest, UploadRequest } from './requests.ts';
import { Segments } from './segments.ts';
import { SimilarFile } from './similar-file.ts';
import type { StoreState } from './store-state.ts';
import { EmbeddedVersionStore } from './version-store.ts';
import { linkObject, writeObject, type WriteParts } from './write-path.ts';

export class Engine {
  /** Look-ups and listings. */
  readonly versions: VersionStore;
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
  readonly #reader: ChunkReader;
  readonly #background: Background;
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
    this.#journal = new Journal(incarnation, recovered, options.roomAhead);
    this.#segments = new Segments(incarnation, onFailure);
    this.#committer = new Committer({
      clock: platform.clock,
      health: this.#health,
      flushEntriesMin: options.flushEntriesMin,
      index,
      journal: this.#journal,
      state: this.#state,
      childrenOf: (reader, id, location) =>
        childrenByAnyMeans({ platform, files, reader }, id, location),
      onCommitted: (hasCandidates, operations) => {
        this.#background.afterCommit(hasCandidates, operations);
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
    const staging = { inlineBytesMax: options.inlineBytesMax ?? inlineBytesMax, ...parts };
    this.#reader = new ChunkReader({ platform, files, index, damage: state.damage });
    this.#chunks = new EmbeddedChunkStore(index, this.#reader, staging);
    const similarIn = platform.indexIn === 'memory' ? undefined : indexDirectory(directory);
    const similarFile = new SimilarFile(platform, similarIn);
    const { damage } = state;
    const deltas = new Deltas({ platform, index, chunks: this.#reader, damage, similarFile });
    this.#background = new Background(
      {
        ...parts,
        database: opened.database,
        incarnation,
        health: this.#health,
        chunks: this.#reader,
        deltas,
        stagedFileIds: () => this.#chunks.stagedFileIds,
      },
      options.compaction !== 'manual',
    );
    this.versions = new EmbeddedVersionStore(committer, index);
    const { chunking } = superblock;
    const { versions } = this;
    this.#writeParts = { platform, chunking, reserve, chunks: this.#chunks, deltas, versions };
  }

  /** Opens a store, recovering it if need be. Errors: see opening.ts. */
  static async open(options: EngineOptions): Promise<Engine> {
    const chunking = options.chunking ?? defaultChunking;
    const engine = new Engine(options, await openFiles({ ...options, chunking }));
    await engine.#background.begin(options.parity);
    return engine;
  }

  /** Retention, and what a removal would free. */
  get pruner(): Pruner {
    return this.#background.pruner;
  }

  /** What restores rotten log files. */
  get parity(): ParityKeeper {
    return this.#background.parity;
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
    const { id: bucketId, versioned: keepsPrevious } = bucket;
    const put = { ...kept, name, kind: 'put', bucketId } as const;
    const target = { put, keepsPrevious, domain: domainOf(bucket) };
    const options = { durability, seeThroughGzip, signal, onCommitting, onProgress };
    const result = await this.#track(() => writeObject(this.#writeParts, target, body, options));
    return expectDone(result, { key: name, bucket: bucket.name }) as ObjectVersion;
  }

  /** A new version of content that is there already: for copies and restores. */
  async link(request: LinkRequest): Promise<ObjectVersion> {
    const { bucket, from, ...attributes } = request;
    const { name } = attributes;
    const { sizeBytes, root, seenThrough, contentType, metadata } = from;
    if (root.id.domain !== domainOf(bucket)) {
      // Nothing is shared between them, so the content is stored once more.
      const body = this.read(from, { start: 0, end: sizeBytes });
      const whole = { bucket, body, contentType, metadata, durability: 'power' } as const;
      return this.upload({ ...attributes, ...whole });
    }
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

  /** The bytes of a version, all of them even if it is removed meanwhile. See read-path.ts. */
  async *read(
    version: ObjectVersion,
    range: ReadRange,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    this.#throwIfClosed();
    const held = await this.#chunks.hold(version);
    const parts = { chunks: held, hashing: this.#platform.hashing };
    try {
      for await (const bytes of readObject(parts, version, range, signal)) {
        yield bytes;
        this.#throwIfClosed();
      }
    } finally {
      held.release();
    }
  }

  /** Puts the same into `target`, which is as long as the range. */
  async readInto(
    version: ObjectVersion,
    range: ReadRange,
    target: Uint8Array,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#throwIfClosed();
    const held = await this.#chunks.hold(version);
    try {
      const parts = { chunks: held, hashing: this.#platform.hashing };
      await readObjectInto(parts, version, range, target, signal);
    } finally {
      held.release();
    }
  }

  /** Exact totals: what is dead has been freed when this resolves, if it may be. */
  async totals(): Promise<Totals> {
    return this.#track(async () => {
      await this.#background.drain();
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
      await this.#background.drain(options.signal);
      if (this.#health.failure === undefined) await this.#committer.sync();
      const { files, index, snapshots } = this.#opened;
      const journalEnd = (): Journal['durableEnd'] => this.#journal.durableEnd;
      const [platform, state, chunks] = [this.#platform, this.#state, this.#reader];
      const { parity } = this;
      const parts = { platform, files, index, chunks, state, snapshots, parity, journalEnd };
      return verify(parts, options);
    });
  }

  /** Frees what is dead, and gives its space back. See maintenance/compaction.ts. */
  async compact(options: CompactOptions): Promise<Compacted> {
    this.#health.throwIfFailed();
    return this.#track(() => this.#background.compact(options));
  }

  /** What {@link compact} would give back. */
  async reclaimableBytes(): Promise<number> {
    return this.#track(async () => {
      await this.#background.drain();
      return this.#background.compactor.reclaimableBytes();
    });
  }

  /** What versions take, step by step. */
  async footprint(
    versions: AsyncIterable<ObjectVersion>,
    options: FootprintOptions,
  ): Promise<Footprint> {
    return this.#track(async () => {
      await this.#background.drain(options.signal);
      const { files, index } = this.#opened;
      const { damage } = this.#state;
      const parts = { platform: this.#platform, files, index, damage, chunks: this.#chunks };
      return footprintOf(parts, versions, options);
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
      openFileIds: (): number[] => this.#background.openFileIds,
      snapshots: this.#opened.snapshots,
    };
    return this.#track(() => backup(parts, target, options));
  }

  /** Finishes what is queued, and lets go of the folder. May be called more than once. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #close(): Promise<void> {
    const { pruner, compactor, checkpointer } = this.#background;
    await pruner.stop();
    await Promise.allSettled(this.#underWay);
    await this.#background.stop();
    const { database, files, lock } = this.#opened;
    try {
      if (this.#journal.hasBegun && this.#health.failure === undefined) {
        await checkpointer.take();
        await this.#committer.commit({ kind: 'close' }, 'power');
      }
    } finally {
      await this.#committer.stop();
      // Whatever cannot be closed must not keep the folder locked. It holds nothing that is new.
      const sealed = this.#background.openFileIds;
      const writers = [this.#writeParts.deltas, this.#journal, this.#segments, compactor];
      await Promise.allSettled(writers.map((part) => part.close()));
      if (this.#health.failure === undefined) await this.parity.finish(sealed);
      await Promise.allSettled([files, database].map((part) => part.close()));
      await lock.release();
    }
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
