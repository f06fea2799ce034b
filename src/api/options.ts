/**
 * Everything a caller passes in and gets back: the shapes of the public API, and nothing that runs.
 *
 * All values returned are plain and JSON-safe, and a field that is absent is absent: never `null`,
 * never `undefined`. Of what a caller passes in, `undefined` counts as absent, so that
 * `{ version: attrs.version }` is right whether or not there is a version.
 *
 * @module
 */

import type { Uploader } from './permissions.ts';
import type { Store } from './store.ts';

/**
 * Content to upload. A string is stored as UTF-8. A stream is read once, in order, and never held
 * in memory whole; Node streams are async iterables. The caller may reuse its buffers as soon as
 * the promise settles, and a stream those of a piece as soon as the next is asked for.
 */
export type Body =
  | Uint8Array
  | ArrayBuffer
  | string
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>;

/**
 * Where a store lies: in a folder, or in memory, for tests. In memory no folder is touched, and
 * closing the store forgets it all.
 */
export type StoreLocation = string | { memory: true };

/** How to open a store. */
export interface StoreOptions {
  /** Refuse to make a new store where there is none. Default: make one. */
  mustExist?: boolean | undefined;
  /**
   * Whether space is given back in the background. `'auto'` (the default): when much of the log is
   * garbage. `'manual'`: only by {@link Store.compact}.
   */
  compaction?: 'auto' | 'manual' | undefined;
  /**
   * How many bytes of the volume uploads, copies and new buckets leave free. Where they would use
   * this reserve they are refused with `FULL`, before anything is written: the store stays open and
   * whole, removing and compacting go on in the reserve, and uploads are welcome again once there
   * is space. 0 turns it off. Default: 64 MiB.
   */
  reserveBytes?: number | undefined;
  /**
   * Whether files of the log get parity, with which {@link repairStore} restores bytes that have
   * rotted on the disk: of each `every` blocks of 4 KiB, from 2 to 256, one. It takes 1 byte for
   * each `every` bytes of the log, and is written in the background once a file is not appended to
   * any more, and when the store is closed; {@link Store.compact} writes all that is missing. A
   * failure to write it is no failure of the store.
   *
   * It may be switched on, changed and switched off (`false`) at each opening. Default: as the
   * store has it; a new one has none. `{ every: 16 }` is a good choice.
   */
  parity?: { every: number } | false | undefined;
}

/** How many of each period keep a version. A whole number from 1 on, or absent. */
export interface RetentionPeriods {
  hourly?: number | undefined;
  daily?: number | undefined;
  /** Weeks begin on Monday. */
  weekly?: number | undefined;
  monthly?: number | undefined;
  yearly?: number | undefined;
}

/**
 * Which versions of each object stay in a versioned bucket. One stays if anything here keeps it;
 * the current one and those that are locked always do. A delete marker stays while there is
 * something older behind it.
 */
export interface Retention {
  /** So many newest versions, the current one among them. A whole number from 1 on. */
  keepLast?: number | undefined;
  /**
   * Versions for so long after they were replaced or removed: a whole number of milliseconds from 1
   * on, or weeks, days and hours in ISO 8601, where P and T may be left out: `'30d'`, `'P1DT12H'`.
   */
  keepFor?: string | number | undefined;
  /** The newest version of each of the last so many hours, days and so on that have one, in UTC. */
  keepWithin?: RetentionPeriods | undefined;
}

/** What a bucket is. */
export interface BucketConfig {
  /** Keep every version. Default: as the bucket is, else `false`. May be turned on, never off. */
  versioned?: boolean | undefined;
  /** Anybody may read it, once a server serves it. Default: as the bucket is, else `false`. */
  public?: boolean | undefined;
  /**
   * Which versions stay; the others are removed for good, in the background and by `store.prune()`.
   * Default: as the bucket has it, else all. `null` or `{}` turns it off: all stay from then on.
   */
  retention?: Retention | null | undefined;
  /**
   * Whether an upload that is a gzip stream is stored inflated, if its exact bytes can be made
   * again from that. Content that has changed little is then found again in it. What is downloaded
   * and its etag are the same either way; see docs/gzip.md for what it costs. Changes what is
   * uploaded from then on. Default: as the bucket is, else `true`.
   */
  seeThroughGzip?: boolean | undefined;
  /**
   * Whether the bucket shares no content with others: a chunk that another bucket has is stored
   * again, and no delta leads out of it. So nobody who may write to another bucket finds out what
   * is in this one (docs/security.md). Decided when the bucket is made. Default: as the bucket is,
   * else `false`.
   */
  isolated?: boolean | undefined;
  /** The store it lies in, for `new Bucket()`. Default: the default store. */
  store?: Store | undefined;
}

/** What must hold at the moment of the commit. Of N racing writers exactly one passes. */
export interface UploadPreconditions {
  /** The object does not exist. */
  notExists?: boolean | undefined;
  /** The object's etag is this one. */
  ifMatch?: string | undefined;
}

export interface UploadOptions {
  contentType?: string | undefined;
  metadata?: Record<string, string> | undefined;
  preconditions?: UploadPreconditions | undefined;
  /**
   * Nothing removes this version before then: not `remove`, nor retention, nor in a bucket without
   * versions another upload. It can be locked for longer and never for less. See
   * {@link Bucket.lock}.
   */
  lockedUntil?: Date | undefined;
  /**
   * `'power'` (the default): when the promise resolves, the upload survives a power cut.
   * `'os'`: it survives the death of the process; a power cut may cost the last 100 ms.
   */
  durability?: 'power' | 'os' | undefined;
  /** Whether to see through gzip in this upload. Default: as the bucket has it. */
  seeThroughGzip?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Called at most a few times a second: bytes read so far, and how many of them were new. */
  onProgress?: ((progress: UploadProgress) => void) | undefined;
}

export interface UploadProgress {
  bytes: number;
  newBytes: number;
}

/** Bytes to read. `end` is exclusive. A negative `start` counts from the end, as for `slice`. */
export interface ByteRange {
  /**
   * Default: 0. At most the size of the object. Further back than its beginning is its beginning.
   */
  start?: number | undefined;
  /** Default: the size of the object, which is also what a larger one counts as. */
  end?: number | undefined;
}

/** Which version is meant. */
export interface VersionOptions {
  /** Default: the newest. Ignored in a bucket that is not versioned. */
  version?: string | undefined;
}

/** What to read, in a bucket as it was at a point. */
export interface ViewDownloadOptions {
  range?: ByteRange | undefined;
  signal?: AbortSignal | undefined;
}

/** What to read. */
export interface DownloadOptions extends ViewDownloadOptions, VersionOptions {}

export interface CopyOptions extends VersionOptions {
  /** Default: this bucket. Must lie in the same store, and its handle must allow `write`. */
  toBucket?: Uploader | undefined;
  preconditions?: UploadPreconditions | undefined;
  /** Default: the copy is not locked, whatever it is a copy of. */
  lockedUntil?: Date | undefined;
}

/** How long to lock a version. */
export interface LockOptions extends VersionOptions {
  /** Nothing removes it before this time. If a lock that is there lasts longer, that stays. */
  until: Date;
}

export interface SignedUrlOptions {
  /** Seconds until the URL expires: 1 to 604,800. Default 3600. */
  ttl?: number | undefined;
}

export interface SignedUrl {
  url: string;
}

export interface ObjectAttrs {
  name: string;
  size: number;
  /** In a versioned bucket always there. Opaque; sorts in commit order. */
  version?: string;
  /** Depends on the content alone: same content, same etag. */
  etag: string;
  contentType?: string;
  metadata?: Record<string, string>;
  lastModified: Date;
  /** Nothing removes it before this time. Absent if it was never locked. */
  lockedUntil?: Date;
}

/** A range of names, compared as UTF-8 bytes. */
export interface ListOptions {
  prefix?: string | undefined;
  /** At most so many. Default: all. */
  limit?: number | undefined;
  /** Only names after this one. */
  startAfter?: string | undefined;
  /** Only names before this one. */
  endBefore?: string | undefined;
  /** From the last name to the first. Versions of one name stay newest first. */
  reverse?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** Give the same options for each page of a listing; `limit` counts over all of them. */
export interface ListPageOptions extends ListOptions {
  /** Names with this text after the prefix are rolled up to one entry of `prefixes`. */
  delimiter?: string | undefined;
  /** From the page before. */
  pageToken?: string | undefined;
  /** How many entries and prefixes, together: 1 to 1000. Default 1000. */
  pageSize?: number | undefined;
}

export interface VersionsOptions extends ListOptions {
  /** Only the versions of this object. Cannot be combined with a range of names. */
  name?: string | undefined;
}

export interface ListEntry {
  name: string;
  size: number;
  etag: string;
  lastModified: Date;
  /** In a versioned bucket always there. */
  version?: string;
}

export interface ListPage {
  entries: ListEntry[];
  prefixes: string[];
  /** Absent on the last page. */
  nextPageToken?: string;
}

/** Of a delete marker, `size` is 0 and `etag` is `''`. */
export interface VersionEntry extends ListEntry {
  version: string;
  isLatest: boolean;
  deleteMarker: boolean;
  /** Nothing removes it before this time. Absent if it was never locked. */
  lockedUntil?: Date;
}

/** A bucket, as a store lists it. */
export interface BucketInfo {
  name: string;
  versioned: boolean;
  public: boolean;
  /** Absent: every version stays. */
  retention?: Retention;
  /** `false`: gzip streams are stored as they come. Absent: they are seen through. */
  seeThroughGzip?: boolean;
  /** `true`: it shares no content with other buckets. Absent: it does. */
  isolated?: boolean;
}

/** An object with all its versions, by its name; or one version of it. */
export type ObjectOrVersion = string | { name: string; version?: string | undefined };

export interface WouldFreeOptions {
  signal?: AbortSignal | undefined;
}

/** What a removal for good would free. */
export interface WouldFree {
  /** Versions with content. */
  versions: number;
  /** What callers had stored in them. */
  logicalBytes: number;
  /** Bytes in the truth files that nothing else uses. */
  storedBytes: number;
}
