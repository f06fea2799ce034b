/**
 * Snapshots: what the index held as of one commit, in a file of its own.
 *
 * With one, the journal before that commit is not needed to make the index again, and so files of
 * the log in which nothing lives can go (maintenance/compaction.ts). A snapshot is believed only if
 * every block of it is what was written; and it is written only if its rows add up to what the log
 * says: LevelDB may have lost rows, or brought some back, and a snapshot must not make that true.
 *
 * A file gets its name when it is whole, on stable storage, and has been read back. There is one at
 * a time: those before it are removed then. The index is its second copy.
 *
 * Errors: `CORRUPT` where rows do not add up; `IO`, `FULL` from the system; `ABORTED`.
 *
 * @module
 */

import { fromBinaryString, toBinaryString, equalBytes } from '../base/bytes.ts';
import { ObjectsError, corrupt, describe, throwIfAborted, isCorrupt } from '../base/errors.ts';
import { decodePayload } from './chunk/compress.ts';
import { FileUsage } from './file-usage.ts';
import type { Row } from './index/database.ts';
import type { FrozenIndex } from './index/frozen-index.ts';
import type { IndexChange, IndexStore } from './index/index-store.ts';
import { indexFormat } from './index/records.ts';
import { RowSums, derivedRows, isDerived, snapshotRanges } from './index/snapshot-rows.ts';
import type { LogPosition } from './log/file-header.ts';
import { ioError } from './log/io-errors.ts';
import { readFully, writeFully } from './log/log-writer.ts';
import type { FileUsageEntry } from './log/file-bodies.ts';
import {
  checkSnapshotBlock,
  decodeSnapshotBlockHead,
  decodeSnapshotHeader,
  decodeSnapshotRows,
  encodeSnapshotBlock,
  encodeSnapshotHeader,
  encodeSnapshotRows,
  lastSnapshotBlock,
  snapshotBlockHeadBytes,
  snapshotHeaderBytes,
  type SnapshotBlock,
  type SnapshotHeader,
  type SnapshotRow,
} from './log/snapshot-file.ts';
import type { Lsn, Totals } from './model.ts';
import type { File } from './platform/file-system.ts';
import type { Compression, Platform } from './platform/platform.ts';

/** Rows that are read at once: so much is done between two turns of the event loop. */
const pageRows = 500;

/**
 * So many bytes of rows become one block, or a single row that is larger. Names of chunks are most
 * of a snapshot, and each stands in several rows: it is found again if it lies in the same block.
 */
const blockBytes: number = 1024 * 1024;

/** What the sizes of a row take, at most. */
const rowHeadBytes = 8;

/** Rows that are given to LevelDB at once when a snapshot is loaded. */
const batchRows = 20_000;

/** A moment of the store, and the index as it was then. */
export interface SnapshotMoment {
  readonly lsn: Lsn;
  readonly position: LogPosition;
  readonly totals: Totals;
  readonly usage: readonly FileUsageEntry[];
  readonly frozen: FrozenIndex;
}

/** Where a snapshot is of. */
export type SnapshotPoint = Pick<SnapshotHeader, 'lsn' | 'position'>;

export class Snapshots {
  readonly #platform: Platform;
  readonly #storeDirectory: string;
  readonly #storeId: Uint8Array;
  #newest: SnapshotPoint | undefined;

  private constructor(platform: Platform, storeDirectory: string, storeId: Uint8Array) {
    this.#platform = platform;
    this.#storeDirectory = storeDirectory;
    this.#storeId = storeId;
  }

  /** Looks which there are. */
  static async open(
    platform: Platform,
    storeDirectory: string,
    storeId: Uint8Array,
  ): Promise<Snapshots> {
    const snapshots = new Snapshots(platform, storeDirectory, storeId);
    for (const lsn of await snapshots.#lsns()) {
      snapshots.#newest = (await snapshots.#headerOf(lsn)) ?? snapshots.#newest;
    }
    return snapshots;
  }

  /** The newest one whose header can be read; replay can begin behind its commit. */
  get newest(): SnapshotPoint | undefined {
    return this.#newest;
  }

  /** Whether all of the newest one is what was written; so it is if there is none. */
  async isNewestWhole(): Promise<boolean> {
    return this.#newest === undefined || this.#isWhole(this.#newest.lsn);
  }

  /** Path of the newest one. */
  get newestPath(): string | undefined {
    return this.#newest === undefined ? undefined : this.#pathOf(this.#newest.lsn);
  }

  /** Writes what the index was at a moment. It is safe, and the only one, when this resolves. */
  async take(moment: SnapshotMoment, signal?: AbortSignal): Promise<void> {
    const { fileSystem } = this.#platform;
    const { lsn, position } = moment;
    const path = this.#pathOf(lsn);
    const unfinished = `${path}.tmp`;
    try {
      await this.#makeFolder();
      if ((await fileSystem.status(unfinished)) !== undefined) await fileSystem.remove(unfinished);
      const file = await fileSystem.open(unfinished, 'create');
      try {
        let end = 0;
        const append = async (parts: readonly Uint8Array[]): Promise<void> => {
          await writeFully(file, parts, end);
          for (const part of parts) end += part.length;
        };
        await this.#write(append, moment, signal);
        await file.sync();
        for await (const _ of this.#rowsOf(file)) throwIfAborted(signal);
      } finally {
        await file.close();
      }
      await fileSystem.rename(unfinished, path);
      await fileSystem.syncDirectory(this.#folder);
      this.#newest = { lsn, position };
      await this.#removeOthers(lsn);
    } catch (cause) {
      // What is unfinished only takes room, which may be what was missing.
      await fileSystem.remove(unfinished).catch(() => undefined);
      throw ioError('write a snapshot', cause, path);
    }
  }

  /**
   * Fills an empty index from the newest snapshot that is whole. Returns what it is of, and what
   * log files held then; `undefined` if there is none.
   */
  async load(
    index: IndexStore,
  ): Promise<{ readonly position: LogPosition; readonly usage: FileUsage } | undefined> {
    for (const lsn of (await this.#lsns()).reverse()) {
      const found = await this.#headerOf(lsn);
      if (found === undefined || !(await this.#isWhole(lsn))) continue;
      return { position: found.position, usage: await this.#fill(index, lsn) };
    }
    return undefined;
  }

  async #fill(index: IndexStore, lsn: Lsn): Promise<FileUsage> {
    const sums = new RowSums();
    let batch: IndexChange[] = [];
    await this.#withFile(lsn, async (file) => {
      for await (const row of this.#rowsOf(file)) {
        sums.add(row);
        batch.push({ group: row.key, suffix: '', value: row.value }, ...derivedRows(row));
        if (batch.length < batchRows) continue;
        await index.writeDirectly(batch);
        batch = [];
      }
    });
    await index.writeDirectly(batch);
    const live = [...sums.liveBytes];
    return new FileUsage(live.map(([fileId, liveBytes]) => [fileId, { liveBytes, deadBytes: 0 }]));
  }

  /** Whether all of a snapshot is what was written. */
  async #isWhole(lsn: Lsn): Promise<boolean> {
    try {
      await this.#withFile(lsn, async (file) => {
        for await (const _ of this.#rowsOf(file));
      });
      return true;
    } catch (error) {
      if (isCorrupt(error)) return false;
      throw error;
    }
  }

  /** What {@link take} would write, in bytes. */
  async measure(moment: SnapshotMoment, signal?: AbortSignal): Promise<number> {
    let sizeBytes = 0;
    const count = async (parts: readonly Uint8Array[]): Promise<void> => {
      for (const part of parts) sizeBytes += part.length;
    };
    await this.#write(count, moment, signal);
    return sizeBytes;
  }

  /** The size of the newest one: 0 if there is none. */
  async newestBytes(): Promise<number> {
    const path = this.newestPath;
    if (path === undefined) return 0;
    return (await this.#platform.fileSystem.status(path))?.sizeBytes ?? 0;
  }

  async #write(
    append: (parts: readonly Uint8Array[]) => Promise<void>,
    moment: SnapshotMoment,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { hashing, compression, clock } = this.#platform;
    const { lsn, position, frozen } = moment;
    const header = { storeId: this.#storeId, rowFormat: indexFormat, lsn, position };
    const start = encodeSnapshotHeader(hashing.crc32, header);
    let { chain } = start;
    const appendBlock = async (block: SnapshotBlock): Promise<void> => {
      const encoded = encodeSnapshotBlock(hashing.crc32, chain, block);
      ({ chain } = encoded);
      await append([encoded.head, block.payload]);
    };
    await append([start.bytes]);
    const sums = new RowSums();
    let block: SnapshotRow[] = [];
    let plainBytes = 0;
    const endBlock = async (): Promise<void> => {
      if (block.length > 0) await appendBlock(await encodeBlock(compression, block));
      [block, plainBytes] = [[], 0];
    };
    for (const [first, last] of snapshotRanges) {
      for await (const page of frozen.rowsFrom(first, last, pageRows)) {
        throwIfAborted(signal);
        for (const row of page) sums.add(row);
        for (const row of rowsToKeep(page)) {
          const rowBytes = rowHeadBytes + row.key.length + row.value.length;
          if (plainBytes + rowBytes > blockBytes) await endBlock();
          block.push(row);
          plainBytes += rowBytes;
        }
        await clock.yield();
      }
    }
    await endBlock();
    await appendBlock(lastSnapshotBlock);
    refuseUnlessEqual(sums, moment);
  }

  /** All rows of a file. Throws `CORRUPT` at the first block that is not what was written. */
  async *#rowsOf(file: File): AsyncGenerator<Row> {
    const { hashing, compression } = this.#platform;
    const read = (at: number, byteCount: number): Promise<Uint8Array> =>
      readFully(file, new Uint8Array(byteCount), at);
    const decoded = decodeSnapshotHeader(hashing.crc32, await read(0, snapshotHeaderBytes));
    if (decoded === undefined) throw corrupt('a snapshot has no valid header');
    let { chain } = decoded;
    let at = snapshotHeaderBytes;
    for (;;) {
      const head = await read(at, snapshotBlockHeadBytes);
      const { encoding, rawBytes, payloadBytes } = decodeSnapshotBlockHead(head);
      const payload = await read(at + snapshotBlockHeadBytes, payloadBytes);
      chain = checkSnapshotBlock(hashing.crc32, chain, head, payload);
      if (rawBytes === 0) return;
      const plain = await decodePayload(compression, encoding, payload, rawBytes);
      for (const { key, value } of decodeSnapshotRows(plain)) {
        yield { key: toBinaryString(key), value };
      }
      at += snapshotBlockHeadBytes + payloadBytes;
    }
  }

  async #headerOf(lsn: Lsn): Promise<SnapshotHeader | undefined> {
    const bytes = await this.#withFile(lsn, (file) =>
      readFully(file, new Uint8Array(snapshotHeaderBytes), 0),
    );
    const header = decodeSnapshotHeader(this.#platform.hashing.crc32, bytes)?.header;
    const isOurs = header?.lsn === lsn && equalBytes(header.storeId, this.#storeId);
    if (!isOurs) return undefined;
    if (header.rowFormat === indexFormat) return header;
    throw new ObjectsError(
      `a snapshot has a newer format; upgrade varve to open it: ${this.#pathOf(lsn)}`,
      { code: 'UNSUPPORTED' },
    );
  }

  async #withFile<T>(lsn: Lsn, use: (file: File) => Promise<T>): Promise<T> {
    const path = this.#pathOf(lsn);
    try {
      const file = await this.#platform.fileSystem.open(path, 'read');
      try {
        return await use(file);
      } finally {
        await file.close();
      }
    } catch (cause) {
      throw ioError('read a snapshot', cause, path);
    }
  }

  async #makeFolder(): Promise<void> {
    const { fileSystem } = this.#platform;
    if ((await fileSystem.status(this.#folder)) === undefined) {
      await fileSystem.makeDirectory(this.#folder);
    }
    // A crash may have come between the making and the sync.
    await fileSystem.syncDirectory(this.#storeDirectory);
  }

  /** Older ones, and what a crash left unfinished. */
  async #removeOthers(lsn: Lsn): Promise<void> {
    const { fileSystem } = this.#platform;
    for (const name of await fileSystem.readDirectory(this.#folder)) {
      const isOther = snapshotName.test(name) && name !== nameOf(lsn);
      if (isOther || unfinishedName.test(name)) await fileSystem.remove(`${this.#folder}/${name}`);
    }
  }

  /** In their order. */
  async #lsns(): Promise<Lsn[]> {
    const { fileSystem } = this.#platform;
    try {
      if ((await fileSystem.status(this.#folder)) === undefined) return [];
      const names = await fileSystem.readDirectory(this.#folder);
      return names
        .map((name) => snapshotName.exec(name)?.[1])
        .filter((digits) => digits !== undefined)
        .map(Number)
        .sort((a, b) => a - b);
    } catch (cause) {
      throw ioError('list the snapshots', cause, this.#folder);
    }
  }

  get #folder(): string {
    return `${this.#storeDirectory}/snapshots`;
  }

  #pathOf(lsn: Lsn): string {
    return `${this.#folder}/${nameOf(lsn)}`;
  }
}

const snapshotName = /^(\d{16})\.vsnap$/;
const unfinishedName = /^\d{16}\.vsnap\.tmp$/;

function nameOf(lsn: Lsn): string {
  return `${String(lsn).padStart(16, '0')}.vsnap`;
}

/** With zstd, whatever the platform prefers: the window of DEFLATE is too small for a block. */
async function encodeBlock(
  compression: Compression,
  rows: readonly SnapshotRow[],
): Promise<SnapshotBlock> {
  const plain = encodeSnapshotRows(rows);
  const payload = await compression.compress('zstd', plain, 'fast');
  return payload.length < plain.length
    ? { encoding: 'zstd', payload, rawBytes: plain.length }
    : { encoding: 'raw', payload: plain, rawBytes: plain.length };
}

function* rowsToKeep(page: readonly Row[]): Generator<SnapshotRow> {
  for (const row of page) {
    if (!isDerived(row)) yield { key: fromBinaryString(row.key), value: row.value };
  }
}

/** Throws `CORRUPT` unless the rows add up to what the log says. */
function refuseUnlessEqual(sums: RowSums, { totals, usage }: SnapshotMoment): void {
  const found: Record<string, number> = { ...sums.totals };
  const expected: Record<string, number> = { ...totals };
  for (const [fileId, liveBytes] of sums.liveBytes) found[`file ${fileId}`] = liveBytes;
  for (const [fileId, { liveBytes }] of usage) {
    if (liveBytes !== 0 || sums.liveBytes.has(fileId)) expected[`file ${fileId}`] = liveBytes;
  }
  const names = new Set([...Object.keys(found), ...Object.keys(expected)]);
  const different = [...names].filter((name) => found[name] !== expected[name]);
  if (different.length === 0) return;
  const values = different.map((name) => [name, `${found[name]}≠${expected[name]}`]);
  throw corrupt(
    'the index has lost rows, or has some that are gone; reopen the store to rebuild it: ' +
      describe(Object.fromEntries(values) as Record<string, unknown>),
  );
}
