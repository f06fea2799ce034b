/**
 * What is asked of a whole store, and what comes of it: the shapes of long operations.
 *
 * As in options.ts, all values are plain and JSON-safe, and a field that is absent is absent.
 *
 * @module
 */

import type { Retention } from './options.ts';

/** Totals of a store, exact at the moment of the call. Sizes are in bytes. */
export interface StoreStats {
  buckets: number;
  /** Names that have a current version. */
  objects: number;
  /** Versions with content, current and historic. */
  versions: number;
  deleteMarkers: number;
  chunks: number;
  /** What callers stored, over all versions. */
  logicalBytes: number;
  /** What is left of it after deduplication. */
  uniqueBytes: number;
  /** What live content takes in the truth files. */
  storedBytes: number;
  /** What compaction would give back. */
  reclaimableBytes: number;
  /** What parity takes, beside all of that. */
  parityBytes: number;
}

/** Long operations tell how far they are. `total` is absent while it is not known. */
export interface LongProgress {
  done: number;
  total?: number;
  unit: 'bytes' | 'chunks' | 'versions' | 'files';
}

export interface LongOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: LongProgress) => void) | undefined;
}

/** Of which versions to tell what they take. Default: all of the bucket. */
export interface StorageOptions extends LongOptions {
  /** Only this object, with all its versions. */
  name?: string | undefined;
  /** Only this version of it. Ignored in a bucket that is not versioned. Needs `name`. */
  version?: string | undefined;
  /** Only objects whose names begin so. Not with `name`. */
  prefix?: string | undefined;
}

/**
 * What versions take, step by step: from `logicalBytes` each size is what the step before leaves,
 * down to `compressedBytes`. That, `bookkeepingBytes` and `baseBytes` are together `storedBytes`,
 * which is `ownBytes` and `sharedBytes`.
 *
 * What the versions share with one another counts once. What they share with others counts in
 * full, so the reports of two names do not add up.
 */
export interface StorageReport {
  /** Versions with content. */
  versions: number;
  /** Those of them that are gzip streams and stored inflated, or hold such. */
  seenThrough: number;
  /** What callers stored. */
  logicalBytes: number;
  /** The same in the form in which it is stored: more, where gzip is seen through. */
  contentBytes: number;
  /** What is left of it after deduplication. */
  uniqueBytes: number;
  /** What is left of that after deltas: of a chunk that is stored as one, the delta. */
  reducedBytes: number;
  /** What is left of that after compression. */
  compressedBytes: number;
  /** What goes with it in the truth files: heads of frames, and nodes that list chunks. */
  bookkeepingBytes: number;
  /** What chunks take that no version of these names, and that deltas need. */
  baseBytes: number;
  /** All that these versions need in the truth files. */
  storedBytes: number;
  /** What nothing else uses: so much their removal would free. */
  ownBytes: number;
  /** What others use too. */
  sharedBytes: number;
  /** Chunks of content. */
  chunks: number;
  /** Those of them that are stored as deltas. */
  deltas: number;
  /** Nodes that list chunks. */
  nodes: number;
  /** Chunks that no version of these names, and that deltas need. */
  bases: number;
  /** How many chunks are read to get at one, at most. 1: it is no delta. */
  readCostMax: number;
  /** And on average. */
  readCostMean: number;
}

export interface CompactOptions extends LongOptions {
  /** Store everything as small as it can be first, whatever time that takes. Default: `false`. */
  optimize?: boolean | undefined;
  /**
   * With `optimize`: end after about so many seconds, and give back what was gained by then. The
   * next run goes on where this one ended. Default: at the end of the store.
   */
  maxSeconds?: number | undefined;
}

/** How much to verify. With a budget, a run goes on where the last one with a budget ended. */
export interface VerifyOptions extends LongOptions {
  /** End after so many seconds. Default: at the end of the store. */
  maxSeconds?: number | undefined;
  /** End after so large a part of the store, in per cent: above 0, at most 100. Default: 100. */
  percent?: number | undefined;
}

export interface PruneOptions extends LongOptions {
  /** Only this bucket. Default: every one that has a rule. */
  bucket?: string | undefined;
  /** Follow this rule once, and not the bucket's own. Needs `bucket`. */
  retention?: Retention | undefined;
  /** Remove nothing, and report what would be removed. */
  dryRun?: boolean | undefined;
}

/** What was pruned, or with `dryRun` would be. */
export interface PruneReport {
  /** Versions with content. */
  versions: number;
  deleteMarkers: number;
  /** What callers had stored in these versions. */
  logicalBytes: number;
  /** Bytes in the truth files that nothing uses any more: what they and no others consisted of. */
  freedBytes: number;
}

/** What `verify` found. */
export interface VerifyReport {
  /** Whether nothing is damaged. */
  ok: boolean;
  versions: number;
  chunks: number;
  bytes: number;
  /** Versions whose content cannot be read whole. */
  damaged: { bucket: string; name: string; version?: string; reason: string }[];
  /**
   * Damage that no version shows: a log frame, a reference, a total; and in a run with a budget a
   * chunk that is damaged, if the run did not come to the versions that need it.
   */
  problems: string[];
  /** How much of the store this run looked at, in per cent. */
  percent: number;
  /** Whether this run came to the end of the store. The next one with a budget begins anew. */
  complete: boolean;
}

/** How to repair. */
export interface RepairOptions extends LongOptions {
  /** Find out what would be done and what is lost, and change nothing. Default: `false`. */
  dryRun?: boolean | undefined;
  /** Remove the versions whose content is not whole. Default: keep them, unreadable. */
  dropDamaged?: boolean | undefined;
}

/** A version that repair could not make whole. */
export interface LostVersion {
  bucket: string;
  name: string;
  /** In a versioned bucket. */
  version?: string;
  reason: string;
}

/** What `repairStore` did, and what is lost. */
export interface RepairReport {
  /** Whether the store is whole now: nothing is lost, and nothing else is wrong. */
  ok: boolean;
  /** What was done, for people. Empty: there was nothing to do. */
  actions: string[];
  /** Files that were moved to `quarantine/`, named from the folder of the store. */
  quarantined: { file: string; reason: string }[];
  /** Changes from behind damage in the journal that were made anew. */
  renewed: number;
  /** Versions whose content is not whole. They are still there, and cannot be read whole. */
  lost: LostVersion[];
  /** Versions that `dropDamaged` removed. */
  dropped: LostVersion[];
  /** What else is wrong. */
  problems: string[];
}

export interface CompactReport {
  /** Bytes given back to the file system. */
  reclaimedBytes: number;
  /** Bytes that were moved to do so. */
  movedBytes: number;
  /** With `optimize`: whether all of the store is as small as it can be. Else `true`. */
  complete: boolean;
}

/** What a backup consists of, and how it came there: what is not shared was copied. */
export interface BackupReport {
  files: number;
  bytes: number;
  /** Of these bytes, those that a hard link, a clone or an earlier backup spared. */
  sharedBytes: number;
  /** Of those, what the earlier backup had already. */
  keptBytes: number;
}
