/**
 * From a folder into a bucket: every file becomes an object, and what is there already is left
 * alone.
 *
 * A file is unchanged if its size, mode and modification time are those of the object, and its
 * stamp is too ({@link FileAttributes}). If only the stamp differs, as in a copy of the folder, or
 * if `checksum` is set, the contents are compared. Anything else is uploaded. The attributes are
 * taken *before* the content is read, so a file that changes meanwhile does not match what is
 * stored of it.
 *
 * A file that must be read and cannot be is reported, the others are imported, and nothing is
 * removed: what was not seen must not be taken for deleted.
 *
 * Uploads go with durability `'os'`, and one sync at the end makes all of them as safe as one with
 * `'power'`: the report is given only after it.
 *
 * @module
 */

import { type FileHandle, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bucket, type ObjectAttrs, ObjectsError, type Store } from '../index.ts';
import { forEachConcurrently } from './concurrency.ts';
import { isSystemError } from './exit-code.ts';
import { encodeAttributes } from './file-attributes.ts';
import {
  glanceAt,
  hasContent,
  likenessOf,
  lookAt,
  NotAFileError,
  openFile,
  piecesOf,
  type Seen,
} from './file-on-disk.ts';
import { walkFolder } from './folder-walk.ts';

/** Something in the folder that is not in the bucket, and why. */
export interface LeftOut {
  readonly path: string;
  readonly reason: string;
}

/** What an import did. */
export interface ImportReport {
  /** Regular files in the folder, and their bytes. */
  files: number;
  bytes: number;
  /** Files that were not there, */
  new: number;
  /** whose content differs, */
  changed: number;
  /** of which only mode or modification time differ, */
  touched: number;
  /** and of which nothing does. */
  unchanged: number;
  /** Objects removed because the folder has no such file. */
  removed: number;
  /** Bytes of content that no object had before. */
  newBytes: number;
  /** What the store's files grew by to hold them. */
  storedBytes: number;
  /** `bytes / newBytes`. Absent if nothing was new. */
  dedupRatio?: number;
  seconds: number;
  /** The version id that names the state reached, for `--at`. Absent in an unversioned bucket. */
  point?: string;
  /** Links and special files: left out on purpose. */
  skipped: LeftOut[];
  /** Files that could not be read or stored. */
  failed: LeftOut[];
}

export interface ImportOptions {
  readonly store: Store;
  /** The folder of the store: it is never imported into itself. */
  readonly storeFolder: string;
  readonly bucket: Bucket;
  readonly versioned: boolean;
  readonly folder: string;
  /** `''`, or ends in a slash. */
  readonly prefix: string;
  /** Remove objects under the prefix that the folder does not have. */
  readonly removeOthers: boolean;
  /** Compare contents even where the stamp proves that nothing changed. */
  readonly checksum: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (report: Readonly<ImportReport>) => void;
}

type FileFate = 'new' | 'changed' | 'touched' | 'unchanged';

/**
 * So many files in flight share a commit, and hide each other's waiting for the disk. Few of those
 * that are not small, as most of them are in memory whole.
 */
const smallFilesInFlight = 256;
const smallFileBytesMax = 128 * 1024;
const largeFilesInFlight = 32;

/**
 * So many files are compared with what is there before those of them that changed are uploaded:
 * uploads that come one after the other, between comparisons, would each be a commit of their own.
 */
const filesCompared = 4096;

/**
 * Larger files are streamed, one after the other: so that each can be stored as deltas of the one
 * before, which it often resembles. One keeps the machine busy.
 */
const wholeFileBytesMax = 1024 * 1024;

/** Imports a folder. Resolves when everything reported is on stable storage. */
export async function importFolder(options: ImportOptions): Promise<ImportReport> {
  return new ImportRun(options).finish();
}

/** Items in their order, so many at a time; the last time fewer. */
async function* batchesOf<T>(items: AsyncIterable<T>, itemsMax: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < itemsMax) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

class ImportRun {
  readonly #options: ImportOptions;
  readonly #report: ImportReport = emptyReport();
  /** Names that the folder has; only kept if others are to be removed. */
  readonly #seen = new Set<string>();
  #greatestVersion: string | undefined;
  /** Ends with the large file that is being read. */
  #largeFile: Promise<unknown> = Promise.resolve();

  constructor(options: ImportOptions) {
    this.#options = options;
  }

  async finish(): Promise<ImportReport> {
    const { store, versioned, removeOthers } = this.#options;
    const report = this.#report;
    const startedMs = performance.now();
    const before = await store.stats();
    for await (const paths of batchesOf(this.#files(), filesCompared)) {
      const [small, large]: [string[], string[]] = [[], []];
      await forEachConcurrently(paths, smallFilesInFlight, async (path) => {
        const bytes = await this.#bytesToImport(path);
        if (bytes !== undefined) (bytes <= smallFileBytesMax ? small : large).push(path);
      });
      const importOne = (path: string): Promise<void> => this.#importFile(path);
      await forEachConcurrently(small, smallFilesInFlight, importOne);
      await forEachConcurrently(large, largeFilesInFlight, importOne);
    }
    if (removeOthers && report.failed.length === 0) await this.#removeOthers();
    await store.sync();
    const after = await store.stats();
    // Uploads count a chunk that two of them bring at the same time twice. Where nothing is given
    // up, the difference is exact.
    if (versioned) report.newBytes = after.uniqueBytes - before.uniqueBytes;
    // Content that a file replaced became reclaimable: it is not a gain of this import.
    report.storedBytes =
      after.storedBytes + after.reclaimableBytes - before.storedBytes - before.reclaimableBytes;
    if (report.newBytes > 0) report.dedupRatio = round(report.bytes / report.newBytes);
    const point = versioned ? (this.#greatestVersion ?? (await this.#newestVersion())) : undefined;
    if (point !== undefined) report.point = point;
    report.seconds = round((performance.now() - startedMs) / 1000);
    return report;
  }

  /** The paths of the files; everything else goes into the report. */
  async *#files(): AsyncGenerator<string> {
    const { folder, storeFolder, signal } = this.#options;
    const root = await realpath(folder);
    for await (const item of walkFolder(root, await realpath(storeFolder))) {
      signal.throwIfAborted();
      if (item.kind === 'file') yield item.path;
      else this.#report[item.kind].push({ path: item.path, reason: item.reason });
    }
  }

  /**
   * How large a file is that is to be imported. `undefined`: it is as its object says, or cannot be
   * read, and that was reported.
   */
  async #bytesToImport(path: string): Promise<number | undefined> {
    const { bucket, prefix, removeOthers } = this.#options;
    const name = prefix + path;
    if (removeOthers) this.#seen.add(name);
    if (await this.#isKnown(path)) return undefined;
    let bytes: number | undefined;
    await this.#withFile(path, async (file, seen) => {
      const current = await currentAttrs(bucket, name);
      if (current !== undefined && (await this.#isUnchanged(current, file, seen))) {
        return 'unchanged';
      }
      bytes = seen.sizeBytes;
      return undefined;
    });
    return bytes;
  }

  /**
   * Whether the stamp proves, and so it is reported, that a file is unchanged. Such a file is not
   * opened: to look at it takes one call of the system, and to open it, look and close it three.
   */
  async #isKnown(path: string): Promise<boolean> {
    const { bucket, checksum, folder, prefix, onProgress } = this.#options;
    if (checksum) return false;
    // Whatever is wrong here is found again when the file is opened, and reported then.
    const seen = await glanceAt(join(folder, path)).catch(() => undefined);
    if (seen === undefined) return false;
    const current = await currentAttrs(bucket, prefix + path).catch(() => undefined);
    if (current === undefined || likenessOf(current, seen) !== 'proved') return false;
    this.#reportFate('unchanged', seen);
    onProgress(this.#report);
    return true;
  }

  #reportFate(fate: FileFate, { sizeBytes }: Seen): void {
    this.#report[fate]++;
    this.#report.files++;
    this.#report.bytes += sizeBytes;
  }

  async #importFile(path: string): Promise<void> {
    const name = this.#options.prefix + path;
    await this.#withFile(path, (file, seen) => this.#importOpenFile(name, file, seen));
  }

  /** Does what is to be done for a file, and reports what became of it, if that is known then. */
  async #withFile(
    path: string,
    work: (file: FileHandle, seen: Seen) => Promise<FileFate | undefined>,
  ): Promise<void> {
    const { folder, onProgress } = this.#options;
    const report = this.#report;
    try {
      const file = await openFile(join(folder, path));
      try {
        const seen = await lookAt(file);
        const fate = await work(file, seen);
        if (fate === undefined) return;
        this.#reportFate(fate, seen);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!concernsOneFile(error)) throw error;
      report.failed.push({ path, reason: (error as Error).message });
    }
    onProgress(report);
  }

  async #importOpenFile(name: string, file: FileHandle, seen: Seen): Promise<FileFate> {
    const { bucket, signal } = this.#options;
    const current = await currentAttrs(bucket, name);
    let newBytes = 0;
    const options = {
      durability: 'os',
      metadata: encodeAttributes(seen.attributes),
      ...(current?.contentType !== undefined && { contentType: current.contentType }),
      signal,
      onProgress: (progress: { readonly newBytes: number }): void => {
        newBytes = progress.newBytes;
      },
    } as const;
    const isLarge = seen.sizeBytes > wholeFileBytesMax;
    const uploaded = isLarge
      ? await this.#inTurn(() => bucket.upload(name, piecesOf(file, wholeFileBytesMax), options))
      : await bucket.upload(name, await file.readFile(), options);
    this.#report.newBytes += newBytes;
    this.#notice(uploaded.version);
    if (current === undefined) return 'new';
    return uploaded.etag === current.etag ? 'touched' : 'changed';
  }

  /** Waits for the large file before. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#largeFile.then(work);
    this.#largeFile = turn.catch(() => undefined);
    return turn;
  }

  async #isUnchanged(current: ObjectAttrs, file: FileHandle, seen: Seen): Promise<boolean> {
    const { bucket, checksum, signal } = this.#options;
    const likeness = likenessOf(current, seen);
    if (likeness === 'none') return false;
    if (likeness === 'proved' && !checksum) return true;
    return hasContent(file, bucket.downloadStream(current.name, { signal }));
  }

  async #removeOthers(): Promise<void> {
    const { bucket, prefix, versioned, signal, onProgress } = this.#options;
    const seen = this.#seen;
    async function* others(): AsyncGenerator<string> {
      for await (const { name } of bucket.list({ prefix, signal })) if (!seen.has(name)) yield name;
    }
    await forEachConcurrently(others(), smallFilesInFlight, async (name) => {
      await bucket.remove(name);
      this.#report.removed++;
      onProgress(this.#report);
      if (!versioned) return;
      // The delete marker is part of the state reached: its version id may be the greatest.
      for await (const marker of bucket.versions({ name, limit: 1 })) this.#notice(marker.version);
    });
  }

  /** The greatest version id of the state as it is, for an import that changed nothing. */
  async #newestVersion(): Promise<string | undefined> {
    const { bucket, prefix, signal } = this.#options;
    for await (const entry of bucket.versions({ prefix, signal })) {
      if (entry.isLatest) this.#notice(entry.version);
    }
    return this.#greatestVersion;
  }

  #notice(version: string | undefined): void {
    // Version ids sort in the order of commits.
    if (version === undefined) return;
    if (this.#greatestVersion === undefined || version > this.#greatestVersion) {
      this.#greatestVersion = version;
    }
  }
}

function emptyReport(): ImportReport {
  return {
    files: 0,
    bytes: 0,
    new: 0,
    changed: 0,
    touched: 0,
    unchanged: 0,
    removed: 0,
    newBytes: 0,
    storedBytes: 0,
    seconds: 0,
    skipped: [],
    failed: [],
  };
}

/** The object as it is; `undefined` if there is none. */
async function currentAttrs(bucket: Bucket, name: string): Promise<ObjectAttrs | undefined> {
  try {
    return await bucket.attrs(name);
  } catch (error) {
    if (error instanceof ObjectsError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** A name that is not allowed, a file that cannot be read: the others can still be imported. */
function concernsOneFile(error: unknown): boolean {
  if (error instanceof ObjectsError) return ['INVALID', 'SOURCE_FAILED'].includes(error.code);
  return isSystemError(error) || error instanceof NotAFileError;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
