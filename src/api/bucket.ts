/**
 * The bucket: the handle that applications hold, and the contract of the whole package.
 *
 * A bucket is a name and what it is declared to be; making one does no I/O and cannot fail but for
 * its name. What each method does is in `reading.ts`, `writing.ts` and `listing.ts`; what it
 * promises is here. Encore's applications run on this class with nothing but the import changed, so
 * the methods and errors of its `Bucket` are a part of ours (a type test holds that).
 *
 * @module
 */

import { checkOptionalObject, wrongType } from './checks.ts';
import { defaultSession } from './default-store.ts';
import { listObjectPage, listObjects, listVersions } from './listing.ts';
import { checkBucketName } from './names.ts';
import type {
  Body,
  BucketConfig,
  CopyOptions,
  DownloadOptions,
  ListEntry,
  ListOptions,
  ListPage,
  ListPageOptions,
  LockOptions,
  ObjectAttrs,
  ObjectOrVersion,
  SignedUrl,
  SignedUrlOptions,
  UploadOptions,
  VersionEntry,
  VersionOptions,
  VersionsOptions,
  WouldFree,
  WouldFreeOptions,
} from './options.ts';
import {
  BucketPerms,
  type BucketRef,
  narrowedGrant,
  type Permission,
  type PublicUrler,
  type ReadWriter,
} from './permissions.ts';
import { readAttrs, readContent, readExists, streamContent } from './reading.ts';
import type { StorageOptions, StorageReport } from './reports.ts';
import { declarationOf, type Scope } from './scope.ts';
import { sessionGetterOf, type Session } from './session.ts';
import { storageOf } from './storage.ts';
import { publicUrlOf, signedUrlOf } from './urls.ts';
import { BucketView, pointOf } from './view.ts';
import { wouldFree } from './would-free.ts';
import { copyObject, lockObject, removeObject, restoreObject, uploadObject } from './writing.ts';

/**
 * A handle on a bucket.
 *
 * Made by `store.bucket(name)`, or by `new Bucket(name)` for the default store: the folder in the
 * environment variable `VARVE_STORE`, else `.varve` under the current directory; in memory if
 * `VARVE_STORE` is `memory`, or `NODE_ENV` is `test` and `VARVE_STORE` is not set.
 *
 * A bucket is made by the first write to it, even one that fails. One that is not there reads as an
 * empty one.
 *
 * @example
 * ```ts
 * import { openStore } from 'varve';
 *
 * const store = await openStore({ memory: true });
 * const notes = store.bucket('notes', { versioned: true });
 * const first = await notes.upload('a.txt', 'one');
 * await notes.upload('a.txt', 'two');
 * (await notes.download('a.txt')).toString(); // 'two'
 * (await notes.download('a.txt', { version: first.version })).toString(); // 'one'
 * await store.close();
 * ```
 */
export class Bucket extends BucketPerms implements ReadWriter, PublicUrler {
  #session: () => Session;
  #handle: Omit<Scope, 'session'>;

  /**
   * @param name - Lower-case letters, digits and hyphens, at most 63, a letter first, no hyphen
   * last.
   * @param config - What the bucket shall be. A write brings a bucket that exists in line with it,
   * and throws `INVALID` if that would turn versioning off.
   * @throws InvalidArgument for a name that no bucket can have.
   */
  constructor(name: string, config: BucketConfig = {}) {
    super();
    checkBucketName(name);
    checkOptionalObject('config', config);
    const { store } = config;
    this.#session = store === undefined ? defaultSession : sessionGetterOf(store);
    this.#handle = { bucketName: name, declared: declarationOf(config), grant: undefined };
  }

  /** A handle on a bucket of the default store that is declared elsewhere. */
  static named(name: string): Bucket {
    return new Bucket(name);
  }

  /**
   * Stores content under a name. In a versioned bucket earlier versions stay, in others it
   * replaces.
   *
   * When the promise resolves, content and version are as safe as `durability` says; before that,
   * the object is what it was. Content that the store already holds is not written again.
   *
   * @param name - 1 to 1024 bytes of UTF-8. No character has a meaning.
   * @param data - The content. A stream is read once and never held in memory whole. It is left
   * alone when the promise settles, and stopped early when the upload fails.
   * @returns What was stored.
   * @throws PreconditionFailed, InvalidArgument, or ObjectsError with code `SOURCE_FAILED`,
   * `VERSION_LOCKED`, `ABORTED`, `FULL`, `IO`, `INDETERMINATE` or `CLOSED`. Unless it is
   * `INDETERMINATE`, nothing was stored.
   */
  async upload(name: string, data: Body, options?: UploadOptions): Promise<ObjectAttrs> {
    return uploadObject(this.#scope(), name, data, options);
  }

  /**
   * Reads content whole, or a range of it. What is returned was checked against its hash.
   *
   * @throws ObjectNotFound, InvalidArgument for a range outside the object, or ObjectsError with
   * code `CORRUPT`, `ABORTED`, `IO` or `CLOSED`.
   *
   * @example
   * ```ts
   * import { openStore } from 'varve';
   *
   * const store = await openStore({ memory: true });
   * const notes = store.bucket('notes');
   * await notes.upload('a.txt', 'hello world');
   * (await notes.download('a.txt', { range: { start: -5 } })).toString(); // 'world'
   * await store.close();
   * ```
   */
  async download(name: string, options?: DownloadOptions): Promise<Buffer> {
    return readContent(this.#scope(), name, options);
  }

  /**
   * The same as {@link Bucket.download}, as a stream in pieces of the store's choosing. It reads
   * when it is read from; errors arrive there. Cancel it if it is not read to its end.
   *
   * @throws TypeError, InvalidArgument, or ObjectsError with code `PERMISSION`, at once.
   */
  downloadStream(name: string, options?: DownloadOptions): ReadableStream<Uint8Array> {
    return streamContent(this.#scope(), name, options);
  }

  /**
   * The objects, in order of their names as UTF-8 bytes.
   *
   * A name that is there from the first step to the last is shown exactly once. One that is written
   * or removed meanwhile is shown or not. Nothing is held between two steps.
   *
   * @example
   * ```ts
   * import { openStore } from 'varve';
   *
   * const store = await openStore({ memory: true });
   * const notes = store.bucket('notes');
   * for (const name of ['b', 'a/1', 'a/2']) await notes.upload(name, name);
   * const names: string[] = [];
   * for await (const entry of notes.list({ prefix: 'a/' })) names.push(entry.name);
   * names; // ['a/1', 'a/2']
   * await store.close();
   * ```
   */
  list(options?: ListOptions): AsyncGenerator<ListEntry, void, undefined> {
    return listObjects(this.#scope(), options);
  }

  /**
   * One page of the objects, with names that have `delimiter` after the prefix rolled up to groups.
   *
   * Pages follow each other by `nextPageToken`, with the same options otherwise. Groups cost no
   * more than objects, however many names they stand for.
   *
   * @example
   * ```ts
   * import { openStore } from 'varve';
   *
   * const store = await openStore({ memory: true });
   * const notes = store.bucket('notes');
   * for (const name of ['b', 'a/1', 'a/2']) await notes.upload(name, name);
   * const page = await notes.listPage({ delimiter: '/' });
   * page.prefixes; // ['a/']
   * page.entries.map((entry) => entry.name); // ['b']
   * await store.close();
   * ```
   */
  async listPage(options?: ListPageOptions): Promise<ListPage> {
    return listObjectPage(this.#scope(), options);
  }

  /** All versions, delete markers among them: in order of names, and newest first within a name. */
  versions(options?: VersionsOptions): AsyncGenerator<VersionEntry, void, undefined> {
    return listVersions(this.#scope(), options);
  }

  /** Whether there is such an object, or such a version of it. A delete marker is no object. */
  async exists(name: string, options?: VersionOptions): Promise<boolean> {
    return readExists(this.#scope(), name, options);
  }

  /**
   * What an object is, without its content.
   *
   * @throws ObjectNotFound.
   */
  async attrs(name: string, options?: VersionOptions): Promise<ObjectAttrs> {
    return readAttrs(this.#scope(), name, options);
  }

  /**
   * Removes an object. In a versioned bucket that writes a delete marker, and history stays; with
   * `version` that version is gone for good, and if it was the newest, the one before it is
   * current.
   *
   * @throws ObjectNotFound if there is nothing to remove; ObjectsError with code `VERSION_LOCKED`
   * if the version that would be gone is locked.
   */
  async remove(name: string, options?: VersionOptions): Promise<void> {
    return removeObject(this.#scope(), name, options);
  }

  /**
   * What it would free to remove objects for good, with all their versions, or single versions. It
   * is not done, and content that something else shares does not count. Exact as long as nobody
   * changes the store; locks are not looked at.
   *
   * @param objects - A name, or names and versions, as {@link Bucket.versions} gives them.
   * @throws ObjectNotFound if one of them is not there, or ObjectsError with code `ABORTED`.
   */
  async wouldFree(
    objects: string | Iterable<ObjectOrVersion>,
    options?: WouldFreeOptions,
  ): Promise<WouldFree> {
    return wouldFree(this.#scope(), objects, options);
  }

  /**
   * What the versions of the bucket take, of one object or of one version, step by step. It looks
   * at every chunk of theirs, and remembers which: some 150 bytes of memory a chunk.
   *
   * @throws ObjectNotFound, InvalidArgument, or ObjectsError with code `ABORTED` or `CORRUPT`.
   */
  async storage(options?: StorageOptions): Promise<StorageReport> {
    return storageOf(this.#scope(), options);
  }

  /**
   * Stores the content, type and metadata of one object under another name, without moving content.
   *
   * @param to - The name to store it under, in this bucket or in `toBucket`.
   * @throws ObjectNotFound, PreconditionFailed (`preconditions` are about `to`), or InvalidArgument
   * when `toBucket` lies in another store.
   */
  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectAttrs> {
    checkOptionalObject('options', options);
    const { toBucket = this } = options;
    if (!(toBucket instanceof Bucket)) throw wrongType('toBucket', 'a Bucket', toBucket);
    const source = { scope: this.#scope(), name: from };
    return copyObject(source, { scope: toBucket.#scope(), name: to }, options);
  }

  /**
   * Makes an old version the newest again, as a version of its own. Moves no content.
   *
   * @throws ObjectNotFound if there is no such version, or it is a delete marker; InvalidArgument
   * if the bucket is not versioned.
   */
  async restore(name: string, version: string): Promise<ObjectAttrs> {
    return restoreObject(this.#scope(), name, version);
  }

  /**
   * Locks a version: nothing removes it before a time. Not `remove`, nor retention, nor, in a
   * bucket without versions, an upload under its name; all of them throw `VERSION_LOCKED`. A delete
   * marker may come on top of it, as that removes nothing.
   *
   * A lock cannot be taken back or made shorter, by anybody: if it lasts longer already, that
   * stays, and nothing else happens. Its end is told by the clock of the machine.
   *
   * @returns What is locked, with `lockedUntil`.
   * @throws ObjectNotFound, or InvalidArgument for a date that is none.
   *
   * @example
   * ```ts
   * import { openStore } from 'varve';
   *
   * const store = await openStore({ memory: true });
   * const books = store.bucket('books', { versioned: true });
   * const { version } = await books.upload('2026.csv', 'all in order');
   * const until = new Date(Date.now() + 10 * 365 * 86_400_000);
   * await books.lock('2026.csv', { until });
   * await books.remove('2026.csv', { version }); // throws VERSION_LOCKED
   * await store.close();
   * ```
   */
  async lock(name: string, options: LockOptions): Promise<ObjectAttrs> {
    return lockObject(this.#scope(), name, options);
  }

  /**
   * The bucket as it was, to read from. Only of a versioned bucket: others keep no past.
   *
   * @param point - A time, or the id of any version of this store: just after it was committed.
   * @throws InvalidArgument for a date or version id that is none. The view's methods throw it too,
   * if the bucket is not versioned.
   *
   * @example
   * ```ts
   * import { openStore } from 'varve';
   *
   * const store = await openStore({ memory: true });
   * const notes = store.bucket('notes', { versioned: true });
   * const { version } = await notes.upload('a.txt', 'one');
   * await notes.remove('a.txt');
   * (await notes.at(version ?? '').download('a.txt')).toString(); // 'one'
   * await store.close();
   * ```
   */
  at(point: Date | string): BucketView {
    const asOf = pointOf(point);
    return new BucketView(() => ({ ...this.#scope(), asOf }));
  }

  /** This handle, typed as one that may do only that: `ref<Uploader & Downloader>()`. */
  ref<P extends BucketPerms>(): P;
  /**
   * A handle that may do only that, and throws `PERMISSION` otherwise. It never may more than this
   * one.
   *
   * @example
   * ```ts
   * import { openStore } from 'varve';
   *
   * const store = await openStore({ memory: true });
   * const readable = store.bucket('notes').ref('read', 'list');
   * (await readable.listPage()).entries; // []
   * await store.close();
   * ```
   */
  ref<P extends Permission>(...permissions: readonly [P, ...P[]]): BucketRef<P>;
  ref(...permissions: readonly Permission[]): BucketPerms {
    if (permissions.length === 0) return this;
    const handle = new Bucket(this.#handle.bucketName);
    handle.#session = this.#session;
    handle.#handle = { ...this.#handle, grant: narrowedGrant(this.#handle.grant, permissions) };
    return handle;
  }

  /**
   * The URL at which anybody may read an object of a public bucket.
   *
   * @throws ObjectsError with code `INVALID` if the bucket is not public, else `UNSUPPORTED`: it
   * needs a server.
   */
  publicUrl(name: string): string {
    return publicUrlOf(this.#scope(), name);
  }

  /**
   * A URL with which anybody may store this object, for a time.
   *
   * @throws InvalidArgument for a `ttl` out of bounds, else ObjectsError with code `UNSUPPORTED`:
   * it needs a server.
   */
  async signedUploadUrl(name: string, options?: SignedUrlOptions): Promise<SignedUrl> {
    return signedUrlOf(this.#scope(), 'signed-upload', name, options);
  }

  /**
   * A URL with which anybody may read this object, for a time.
   *
   * @throws InvalidArgument for a `ttl` out of bounds, else ObjectsError with code `UNSUPPORTED`:
   * it needs a server.
   */
  async signedDownloadUrl(name: string, options?: SignedUrlOptions): Promise<SignedUrl> {
    return signedUrlOf(this.#scope(), 'signed-download', name, options);
  }

  #scope(): Scope {
    return { session: this.#session(), ...this.#handle };
  }
}
