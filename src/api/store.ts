/**
 * The store: what `openStore` gives, and what does not belong to one bucket.
 *
 * Errors: those of opening are `LOCKED`, `NOT_FOUND`, `INVALID`, `UNSUPPORTED`, `CORRUPT` and `IO`;
 * after `close` everything throws `CLOSED`.
 *
 * @module
 */

import type { Engine } from '../engine/engine.ts';
import type { Findings } from '../engine/maintenance/findings.ts';
import { Bucket } from './bucket.ts';
import {
  checkOptionalBoolean,
  checkOptionalObject,
  checkOptionalPositive,
  checkString,
  invalidArgument,
} from './checks.ts';
import { checkBucketName } from './names.ts';
import { openSession } from './open.ts';
import type { BucketConfig, BucketInfo, StoreLocation, StoreOptions } from './options.ts';
import type {
  BackupReport,
  CompactOptions,
  CompactReport,
  LongOptions,
  PruneOptions,
  PruneReport,
  StorageReport,
  StoreStats,
  VerifyOptions,
  VerifyReport,
} from './reports.ts';
import { bucketsToPrune, checkPruneOptions, retentionOf } from './retention.ts';
import { declarationOf } from './scope.ts';
import { bindSession, type Session } from './session.ts';
import { checkLongOptions, storageOfStore } from './storage.ts';
import { encodeVersionId } from './version-id.ts';

/**
 * Opens the store in a folder, or makes one there; or makes one in memory, for tests.
 *
 * When the promise resolves, everything that was acknowledged before is there again, whatever ended
 * the process that had the store open last. One process has a store open at a time, once.
 *
 * @param location - A folder, absolute or relative to the current directory, or `{ memory: true }`.
 * @throws ObjectsError with code `LOCKED` when another process has the store open, `NOT_FOUND` when
 * there is none and `mustExist` is set, `INVALID` when the folder holds something else,
 * `UNSUPPORTED` when a newer version of Varve made it, `CORRUPT`, or `IO` when the operating system
 * refuses.
 *
 * @example
 * ```ts
 * import { openStore } from 'varve';
 *
 * const store = await openStore({ memory: true });
 * await store.bucket('notes').upload('hello.txt', 'hello');
 * (await store.stats()).objects; // 1
 * await store.close();
 * ```
 */
export async function openStore(
  location: StoreLocation,
  options: StoreOptions = {},
): Promise<Store> {
  const session = openSession(location, options);
  await session.open();
  return new Store(session);
}

/** An open store. Made by {@link openStore}. */
export class Store implements AsyncDisposable {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
    bindSession(this, session);
  }

  /**
   * A handle on a bucket. Does no I/O: the bucket is made by the first upload, and until then reads
   * as an empty one.
   *
   * @param name - Lower-case letters, digits and hyphens, at most 63, a letter first, no hyphen
   * last.
   * @param config - What the bucket shall be. A write brings a bucket that exists in line with it,
   * and throws `INVALID` if that would turn versioning off.
   * @throws InvalidArgument for a name that no bucket can have.
   */
  bucket(name: string, config: Omit<BucketConfig, 'store'> = {}): Bucket {
    checkOptionalObject('config', config);
    return new Bucket(name, { ...config, store: this });
  }

  /**
   * Makes a bucket now, and not with its first upload. If it is there, it is brought in line with
   * `config`.
   *
   * @throws InvalidArgument for a name that no bucket can have, and for turning versioning off.
   */
  async createBucket(name: string, config: Omit<BucketConfig, 'store'> = {}): Promise<Bucket> {
    const bucket = this.bucket(name, config);
    await this.#session.use((engine) => engine.ensureBucket(name, declarationOf(config)));
    return bucket;
  }

  /** The buckets of the store, in order of their names. */
  async *buckets(): AsyncGenerator<BucketInfo, void, undefined> {
    const records = await this.#session.use(async (engine) => engine.buckets());
    for (const record of records) {
      const { name, versioned, public: isPublic, retention, seeThroughGzip, isolated } = record;
      const kept = retention === undefined ? {} : { retention: retentionOf(retention) };
      const asItComes = seeThroughGzip === undefined ? {} : { seeThroughGzip };
      const alone = isolated === undefined ? {} : { isolated };
      yield { name, versioned, public: isPublic, ...kept, ...asItComes, ...alone };
    }
  }

  /**
   * Removes a bucket for good. It must hold nothing, no old version and no delete marker either.
   *
   * @throws ObjectsError with code `NOT_FOUND`, or `INVALID` when it is not empty.
   */
  async deleteBucket(name: string): Promise<void> {
    checkBucketName(name);
    return this.#session.use((engine) => engine.deleteBucket(name));
  }

  /** Counts and sizes, exact at the moment of the call. Costs little: the store keeps them. */
  async stats(): Promise<StoreStats> {
    return this.#session.use(async (engine) => {
      const totals = await engine.totals();
      const reclaimableBytes = await engine.reclaimableBytes();
      const parityBytes = await engine.parity.bytes();
      return { buckets: engine.buckets().length, ...totals, reclaimableBytes, parityBytes };
    });
  }

  /**
   * What all that is stored takes, step by step: after deduplication, deltas and compression. It
   * looks at every chunk, so it costs what the store holds; {@link Store.stats} does not.
   * {@link Bucket.storage} says it of a part.
   *
   * @throws ObjectsError with code `ABORTED`, or `CORRUPT` where what it reads is damaged.
   *
   * @example
   * ```ts
   * import { openStore } from 'varve';
   *
   * const store = await openStore({ memory: true });
   * await store.bucket('a').upload('one', 'the same');
   * await store.bucket('b').upload('two', 'the same');
   * (await store.storage()).uniqueBytes; // 8
   * (await store.bucket('a').storage()).ownBytes; // 0
   * await store.close();
   * ```
   */
  async storage(options: LongOptions = {}): Promise<StorageReport> {
    return this.#long(options, storageOfStore);
  }

  /**
   * Everything that was acknowledged before is on stable storage when the promise resolves: uploads
   * with durability `'os'` too.
   */
  async sync(): Promise<void> {
    return this.#session.use((engine) => engine.sync());
  }

  /**
   * Reads everything, checks all of it, and changes nothing that was stored. Uploads and downloads
   * go on meanwhile.
   *
   * With `maxSeconds` or `percent`, a run ends when that is used up, and the next such run goes on
   * there: a store that is too large for one night is verified in several.
   *
   * Damage is no error but a finding: look at `ok` of the report. It is remembered, too: the next
   * upload of the same content stores it anew, which makes every version that shares it whole.
   */
  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    checkOptionalObject('options', options);
    const { maxSeconds, percent } = options;
    checkOptionalPositive('maxSeconds', maxSeconds, 1e9);
    checkOptionalPositive('percent', percent, 100);
    const maxMs = maxSeconds === undefined ? undefined : maxSeconds * 1000;
    return this.#long(options, async (engine, own) =>
      reportOf(await engine.verify({ ...own, maxMs, percent })),
    );
  }

  /**
   * Removes the versions that retention does not keep, now and in all buckets that have a rule, or
   * in one. The same happens in the background: a second after an object was replaced or removed,
   * and once an hour.
   *
   * @returns What was removed, or would be with `dryRun`: `freedBytes` is exact for a store that
   * nobody changes meanwhile. The bytes leave the disk with {@link Store.compact}.
   * @throws ObjectNotFound if there is no such bucket, or InvalidArgument if it is not versioned or
   * has no rule, and for a rule without a bucket.
   *
   * @example
   * ```ts
   * import { openStore } from 'varve';
   *
   * const store = await openStore({ memory: true });
   * const docs = store.bucket('docs', { versioned: true, retention: { keepLast: 2 } });
   * for (const text of ['one', 'two', 'three']) await docs.upload('a', text);
   * (await store.prune({ dryRun: true })).versions; // 1
   * (await store.prune()).logicalBytes; // 3
   * await store.close();
   * ```
   */
  async prune(options: PruneOptions = {}): Promise<PruneReport> {
    checkPruneOptions(options);
    return this.#long(options, async (engine, own) => {
      const buckets = bucketsToPrune(engine, options);
      const request = { ...own, buckets, isDryRun: options.dryRun === true };
      const { storedBytes, ...removed } = await engine.pruner.prune(request);
      return { ...removed, freedBytes: storedBytes };
    });
  }

  /**
   * Gives the space of removed content back to the file system: moves what lives out of files that
   * are mostly garbage, and removes the files. Uploads and downloads go on meanwhile. It may be
   * aborted at any time, and goes on where it was when it is called again. It runs by itself in the
   * background unless the store was opened with `compaction: 'manual'`.
   *
   * In a store with parity each file that is not written to any more has its parity then, if the
   * disk has let it.
   *
   * With `optimize`, everything is first stored as small as it can be: what is current plain, or
   * nearly, and what is older as differences of what is newer, compressed as well as possible.
   * That takes a second for ten megabytes or so of different content, and meanwhile the disk needs
   * room for what is written anew. It may be aborted at any time, and the next run goes on there;
   * so it does after `maxSeconds`, with which it ends by itself. Where nothing is new since a run
   * that came to the end, there is nothing to do. A store of 64 KiB or more that would be larger
   * after it, as what must be written takes more than it gains, is left as it is.
   */
  async compact(options: CompactOptions = {}): Promise<CompactReport> {
    checkOptionalObject('options', options);
    const { optimize, maxSeconds } = options;
    checkOptionalBoolean('optimize', optimize);
    checkOptionalPositive('maxSeconds', maxSeconds, 1e9);
    if (maxSeconds !== undefined && optimize !== true) {
      throw invalidArgument('maxSeconds is for compaction that optimizes', { maxSeconds });
    }
    const maxMs = maxSeconds === undefined ? undefined : maxSeconds * 1000;
    return this.#long(options, async (engine, own) => {
      const compacted = await engine.compact({ ...own, optimize: optimize === true, maxMs });
      const { reclaimedBytes, movedBytes, isComplete: complete } = compacted;
      return { reclaimedBytes, movedBytes, complete };
    });
  }

  /**
   * Copies the store, as of one moment between the call and its end, to a folder. The copy is on
   * stable storage when the promise resolves. It is a store: open it with {@link openStore}.
   *
   * The folder is empty or does not exist; or it is an earlier backup of this store, which then
   * gets only what is new. A backup that is cut short, by whatever, leaves the earlier one as it
   * was. Files that nobody writes to any more are hard-linked or cloned where the file system can,
   * so on the disk of the store a backup takes little, and does not outlive that disk.
   *
   * A backup may be opened and read, and is still one. Once something was written to it, it is a
   * store of its own, and no backup into it is possible.
   *
   * @throws ObjectsError with code `INVALID` for a folder that is neither empty nor an earlier
   * backup of this store; `LOCKED` while somebody has that open; `FULL`, `IO`, `ABORTED`.
   */
  async backup(directory: string, options: LongOptions = {}): Promise<BackupReport> {
    checkString('directory', directory);
    return this.#long(options, (engine, own) => engine.backup(directory, own));
  }

  /**
   * Closes the store: refuses what comes after, waits for what has begun, and releases the folder.
   *
   * An upload that still waits for content from its stream rejects with `CLOSED`, as it might wait
   * for ever; so does a download stream when it is next read. A disk that does not answer is waited
   * for: end the process then, which costs nothing that was acknowledged. Closing twice is fine.
   */
  async close(): Promise<void> {
    return this.#session.close();
  }

  /** The same as {@link Store.close}: for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    return this.#session.close();
  }

  /** Runs a long operation, which ends early with `ABORTED` or, when the store closes, `CLOSED`. */
  async #long<T>(
    options: LongOptions,
    operation: (engine: Engine, options: LongOptions) => Promise<T>,
  ): Promise<T> {
    checkLongOptions(options);
    const { signal, onProgress } = options;
    return this.#session.useLong(
      (engine, stop) =>
        operation(engine, { signal: stop, ...(onProgress === undefined ? {} : { onProgress }) }),
      signal,
    );
  }
}

function reportOf(findings: Findings): VerifyReport {
  const { versions, chunks, bytes, damaged, problems, percent, isComplete } = findings;
  return {
    ok: damaged.length === 0 && problems.length === 0,
    versions,
    chunks,
    bytes,
    damaged: damaged.map(({ bucket, name, lsn, reason }) => ({
      bucket: bucket.name,
      name,
      ...(bucket.versioned ? { version: encodeVersionId(lsn) } : {}),
      reason,
    })),
    problems: [...problems],
    percent,
    complete: isComplete,
  };
}
