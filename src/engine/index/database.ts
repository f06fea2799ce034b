/**
 * LevelDB as the index uses it: the door of `level` and `memory-level`.
 *
 * LevelDB is never trusted with the only copy of anything. What it may do wrong, and what is done
 * about it (docs/durability.md has the measurements):
 * - It returns flipped bits as data: every value carries a CRC-32 over key and value, checked here.
 *   A row that fails is answered with `CORRUPT`, and {@link Distrust} has the index rebuilt.
 * - After a failed write, later acknowledged writes vanish: the first error breaks this database
 *   for good, and the next open rebuilds it from the log.
 * - `compactRange` resolves though nothing was flushed: {@link Database.flush} believes only that
 *   the old write-ahead files are gone.
 * - Long snapshots make it return stale values: no iterator lives across an await of a caller; and
 *   keys that were deleted not long ago are read by an iterator, which merges what a get searches.
 *
 * Rows that were read lately are kept. Everything that LevelDB gets goes through
 * {@link Database.write}, which forgets the rows that it changes before LevelDB has them, and lets
 * no row be kept until it has. So what is kept is always what LevelDB would say, whenever a look-up
 * comes.
 *
 * Reads use the synchronous get where the backend has one (about 2 µs against 10 for the
 * asynchronous), which is why they look asynchronous but rarely wait.
 *
 * @module
 */

import { Level } from 'level';
import { MemoryLevel } from 'memory-level';
import {
  fromBinaryString,
  readU32,
  toBinaryString,
  writeBinaryString,
  writeU32,
} from '../../base/bytes.ts';
import { ObjectsError, corrupt } from '../../base/errors.ts';
import { rowsCacheBytesMax } from '../../base/limits.ts';
import { RecentMap } from '../../base/recent-map.ts';
import type { FileSystem } from '../platform/file-system.ts';
import type {
  KeyValueBatch,
  KeyValueIterator,
  KeyValueStore,
  KeyValueStoreIn,
} from '../platform/key-value-store.ts';
import type { Distrust } from './distrust.ts';
import { RecentKeys } from './recent-keys.ts';

/** One row to put, or with no value to delete. Keys are binary strings. */
export interface DatabaseChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** A row as it was read. */
export interface Row {
  readonly key: string;
  readonly value: Uint8Array;
}

/** A range of keys: from `gte` on, before `lt`. */
export interface KeyRange {
  readonly gte: string;
  readonly lt: string;
  readonly reverse?: boolean;
  readonly limit: number;
}

/** Rows of a range, one after the other, from wherever it was moved to last. */
export interface RowIterator {
  /** Moves on to a key, or to the next behind it: in reverse, the next before it. */
  seek(key: string): void;
  /** The next rows; fewer only at the end. */
  next(count: number): Promise<Row[]>;
  close(): Promise<void>;
}

type Crc32 = (bytes: Uint8Array, seed: number) => number;

const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const;
const checksumBytes = 4;

/** What a row that is kept takes besides its bytes. */
const keptRowBytes = 270;

/** LevelDB's binding sets memory aside for as many rows as are asked for, 64 bytes each. */
const rowsAtOnceMax = 4096;

export class Database {
  readonly #backend: KeyValueStore;
  readonly #crc32: Crc32;
  readonly #directory: string | undefined;
  readonly #distrust: Distrust | undefined;
  readonly #deleted = new RecentKeys();
  /** Rows of which LevelDB has this very value. */
  readonly #kept = new RecentMap<Uint8Array>(
    rowsCacheBytesMax,
    (value, key) => keptRowBytes + key.length + value.length,
  );
  #writesUnderWay = 0;
  #failure: ObjectsError | undefined;
  /** A row on its way: LevelDB copies it, so none needs arrays of its own. */
  #row: Uint8Array = new Uint8Array(1024);

  private constructor(
    backend: KeyValueStore,
    crc32: Crc32,
    directory: string | undefined,
    distrust: Distrust | undefined,
  ) {
    this.#backend = backend;
    this.#crc32 = crc32;
    this.#directory = directory;
    this.#distrust = distrust;
  }

  /**
   * Opens or makes the database in a folder, or one in memory.
   *
   * Throws `LOCKED` if another process has it, and whatever LevelDB says if it is damaged.
   *
   * @param backendIn - What keeps the rows of a folder.
   * @param distrust - Where it is noted that this database must be made again. None in memory.
   */
  static async open(
    crc32: Crc32,
    directory: string | undefined,
    backendIn: KeyValueStoreIn = levelIn,
    distrust?: Distrust,
  ): Promise<Database> {
    const backend = directory === undefined ? memoryLevel() : backendIn(directory);
    try {
      await backend.open();
    } catch (cause) {
      throw openError(cause);
    }
    return new Database(backend, crc32, directory, distrust);
  }

  /** The value of a row. It must not be changed. */
  get(key: string): Promise<Uint8Array | undefined> {
    const kept = this.#kept.get(key);
    return kept === undefined ? this.#read(key) : Promise.resolve(kept);
  }

  /** Rows of a range, in order (`reverse`: the other way), at most `limit`. */
  async range(range: KeyRange): Promise<Row[]> {
    if (range.limit <= 0 || range.gte >= range.lt) return [];
    const iterator = this.iterate(range);
    try {
      return await iterator.next(range.limit);
    } finally {
      await iterator.close();
    }
  }

  /** The same for who reads here and there. Close it soon: it holds a snapshot of LevelDB. */
  iterate({ gte, lt, reverse }: Omit<KeyRange, 'limit'>): RowIterator {
    const iterator = this.#backend.iterator({
      gte: fromBinaryString(gte),
      lt: fromBinaryString(lt),
      reverse: reverse ?? false,
      highWaterMarkBytes: 1024 * 1024,
    });
    return {
      seek: (key) => {
        // LevelDB takes the upper bound itself for a key outside, and would end there.
        if (reverse !== true || key < lt) iterator.seek(fromBinaryString(key));
      },
      next: (count) => this.#next(iterator, count),
      close: () => iterator.close(),
    };
  }

  async #next(iterator: KeyValueIterator, count: number): Promise<Row[]> {
    const rows: Row[] = [];
    while (rows.length < count) {
      const entries = await iterator.nextv(Math.min(count - rows.length, rowsAtOnceMax));
      if (entries.length === 0) break;
      for (const [key, stored] of entries) {
        const value = this.#open(key, stored) ?? (await this.#mustOpen(key, stored));
        rows.push({ key: toBinaryString(key), value });
      }
    }
    return rows;
  }

  /** All changes or none, in order: the last for a key counts. Not synced: the log is the truth. */
  async write(changes: Iterable<DatabaseChange>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#writesUnderWay++;
    try {
      // A chained batch takes a fifth of the time that an array of operations does.
      const batch = this.#backend.batch();
      for (const { key, value } of changes) this.#addTo(batch, key, value);
      await batch.write({ sync: false });
    } catch (cause) {
      this.#failure = new ObjectsError(
        'cannot write to the index; see whether the disk is full, then reopen the store',
        { code: 'IO', cause },
      );
      throw this.#failure;
    } finally {
      this.#writesUnderWay--;
    }
  }

  /**
   * Whether everything written before is in LevelDB's tables, and those on the disk.
   *
   * An empty `compactRange` makes LevelDB write its memory to a table and drop the write-ahead
   * files that covered it. It resolves even where that failed, so what counts is that the files are
   * gone. A folder that cannot be listed proves nothing.
   */
  async flush(fileSystem: FileSystem): Promise<boolean> {
    const directory = this.#directory;
    if (directory === undefined) return true;
    try {
      const before = await writeAheadFiles(fileSystem, directory);
      await this.#backend.compactRange?.(new Uint8Array(0), new Uint8Array(0));
      const after = await writeAheadFiles(fileSystem, directory);
      return !before.some((name) => after.includes(name));
    } catch {
      return false;
    }
  }

  /** Merges all tables, so that what was replaced takes no space. What fails costs only that. */
  async shrink(): Promise<void> {
    try {
      await this.#backend.compactRange?.(Uint8Array.of(0), Uint8Array.of(255));
    } catch {
      // A database that is broken says so when it is read or written.
    }
  }

  async close(): Promise<void> {
    await this.#backend.close();
  }

  async #read(key: string): Promise<Uint8Array | undefined> {
    if (this.#deleted.has(key)) {
      const [row] = await this.range({ gte: key, lt: `${key}\0`, limit: 1 });
      return row?.value;
    }
    const bytes = fromBinaryString(key);
    if (!this.#backend.supports.getSync) {
      const stored = await this.#backend.get(bytes);
      return stored === undefined ? undefined : this.#mustOpen(bytes, stored);
    }
    const stored = this.#backend.getSync(bytes);
    if (stored === undefined) return undefined;
    const value = this.#open(bytes, stored);
    if (value === undefined) return this.#mustOpen(bytes, stored);
    // No write has come between, as nothing was waited for.
    if (this.#writesUnderWay === 0) this.#kept.set(key, value);
    return value;
  }

  #addTo(batch: KeyValueBatch, key: string, value: Uint8Array | undefined): void {
    this.#kept.delete(key);
    const sealedAt = key.length;
    const valueAt = sealedAt + checksumBytes;
    const end = valueAt + (value?.length ?? 0);
    if (end > this.#row.length) this.#row = new Uint8Array(2 * end);
    writeBinaryString(this.#row, 0, key);
    const keyBytes = this.#row.subarray(0, sealedAt);
    if (value === undefined) {
      this.#deleted.add(key);
      batch.del(keyBytes);
      return;
    }
    this.#row.set(value, valueAt);
    const valueBytes = this.#row.subarray(valueAt, end);
    writeU32(this.#row, sealedAt, this.#crc32(valueBytes, this.#crc32(keyBytes, 0)));
    batch.put(keyBytes, this.#row.subarray(sealedAt, end));
  }

  /** Has this database made again at the next opening. */
  async distrust(): Promise<void> {
    await this.#distrust?.declare();
  }

  async #mustOpen(key: Uint8Array, stored: Uint8Array): Promise<Uint8Array> {
    const value = this.#open(key, stored);
    if (value !== undefined) return value;
    await this.distrust();
    throw corrupt(
      'a row of the index is damaged; close the store and open it again, which rebuilds the index',
    );
  }

  #open(key: Uint8Array, stored: Uint8Array): Uint8Array | undefined {
    if (stored.length < checksumBytes) return undefined;
    const { buffer, byteOffset, length } = stored;
    // A view, as each row that was read has memory of its own.
    const value = new Uint8Array(buffer, byteOffset + checksumBytes, length - checksumBytes);
    return readU32(stored, 0) === this.#crc32(value, this.#crc32(key, 0)) ? value : undefined;
  }
}

/** LevelDB. The types of both kinds lag behind what they do. */
function levelIn(directory: string): KeyValueStore {
  return new Level(directory, {
    ...encodings,
    cacheSize: 32 * 1024 * 1024,
    writeBufferSize: 8 * 1024 * 1024,
    maxFileSize: 16 * 1024 * 1024,
    // Names and versions that lie side by side are alike, so larger blocks are smaller on the disk;
    // but each look-up that meets none that is kept decodes one. Twice the defaults of both.
    blockSize: 8 * 1024,
    blockRestartInterval: 32,
  }) as unknown as KeyValueStore;
}

/** One in memory. It keeps the very arrays that it is given, so it is given copies. */
export function memoryLevel(): KeyValueStore {
  const options = { ...encodings, storeEncoding: 'view' } as const;
  const level = new MemoryLevel(options) as unknown as KeyValueStore;
  const makeBatch = level.batch.bind(level);
  level.batch = (): KeyValueBatch => {
    const batch = makeBatch();
    return {
      put: (key, value) => batch.put(new Uint8Array(key), new Uint8Array(value)),
      del: (key) => batch.del(new Uint8Array(key)),
      write: (how) => batch.write(how),
    };
  };
  return level;
}

async function writeAheadFiles(fileSystem: FileSystem, directory: string): Promise<string[]> {
  const names = await fileSystem.readDirectory(directory);
  return names.filter((name) => name.endsWith('.log'));
}

function openError(cause: unknown): ObjectsError {
  const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  const code = inner instanceof Error && 'code' in inner ? inner.code : undefined;
  if (code === 'LEVEL_LOCKED') {
    return new ObjectsError('another process has the store open', { code: 'LOCKED', cause });
  }
  return new ObjectsError(
    'cannot open the index; see whether the disk is full or refuses writing, then open it again',
    { code: code === 'LEVEL_CORRUPTION' ? 'CORRUPT' : 'IO', cause },
  );
}
