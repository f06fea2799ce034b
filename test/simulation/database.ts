/**
 * A LevelDB that behaves as the real one was measured to, at its worst (docs/durability.md, 8).
 *
 * - A batch that was written is in the write-ahead file, which nobody syncs: a power cut leaves any
 *   subset of the batches, not only a prefix.
 * - `compactRange` makes all batches safe and begins a new write-ahead file; or, where it lies, it
 *   does neither, and resolves all the same.
 * - After a write that failed, later writes are acknowledged, and are not there after reopening.
 * - A read may give what the key had before: an older value, or nothing where it was deleted and
 *   put again, or a value that was deleted since.
 * - A read may give a value with one bit flipped.
 *
 * What it holds lies in the directory node of the simulated disk, so that a crash of the disk is a
 * crash of it too.
 */

import type {
  KeyValueBatch,
  KeyValueIterator,
  KeyValueRange,
  KeyValueStore,
} from '../../src/engine/platform/key-value-store.ts';
import type { Batch, DirectoryNode, Rows } from './disk.ts';
import { errorOf, type Course, type SimulatedFileSystem } from './file-system.ts';

/** What this LevelDB does wrong: asked at each call. */
export interface Misbehaviour {
  readonly lies: () => boolean;
  readonly failsToWrite: () => boolean;
  /** Which of so many older states of a key is read; `undefined`: the right one. */
  readonly stale: (key: string, olderCount: number) => number | undefined;
  readonly flips: (key: string) => boolean;
}

export const noMisbehaviour: Misbehaviour = {
  lies: () => false,
  failsToWrite: () => false,
  stale: () => undefined,
  flips: () => false,
};

let lastBatchId = 0;
const noRows: ReadonlyMap<string, Uint8Array> = new Map();

export class SimulatedDatabase implements KeyValueStore {
  readonly supports = { getSync: true };
  readonly #fileSystem: SimulatedFileSystem;
  readonly #path: string;
  readonly #course: Course;
  readonly #misbehaviour: Misbehaviour;
  #rows: Rows = { tables: noRows, tablesKey: '', batches: [], logNumber: 1 };
  #live = new Map<string, Uint8Array>();
  /** Keys in order, until something is written. */
  #sorted: string[] | undefined;
  /** What keys were before: values, and `undefined` where there was none. */
  readonly #older = new Map<string, (Uint8Array | undefined)[]>();
  #hasFailed = false;

  constructor(
    fileSystem: SimulatedFileSystem,
    path: string,
    course: Course,
    misbehaviour: Misbehaviour,
  ) {
    this.#fileSystem = fileSystem;
    this.#path = path;
    this.#course = course;
    this.#misbehaviour = misbehaviour;
  }

  async open(): Promise<void> {
    await this.#fileSystem.makeDirectory(this.#path);
    const directory = this.#fileSystem.directoryAt(this.#path) as DirectoryNode;
    directory.rows ??= { tables: noRows, tablesKey: '', batches: [], logNumber: 1 };
    this.#rows = directory.rows;
    this.#live = new Map(this.#rows.tables);
    for (const batch of this.#rows.batches) if (!batch.isDoomed) this.#apply(batch);
  }

  async close(): Promise<void> {
    await this.#course.delay('close', this.#path);
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.getSync(key);
  }

  getSync(bytes: Uint8Array): Uint8Array | undefined {
    const key = binary(bytes);
    const older = this.#older.get(key) ?? [];
    const stale = this.#misbehaviour.stale(key, older.length);
    const value = stale === undefined ? this.#live.get(key) : older[stale];
    return value === undefined ? undefined : this.#asRead(key, value);
  }

  batch(): KeyValueBatch {
    const changes: [string, Uint8Array | undefined][] = [];
    return {
      put: (key, value) => changes.push([binary(key), value.slice()]),
      del: (key) => changes.push([binary(key), undefined]),
      write: () => this.#write(changes),
    };
  }

  async #write(changes: Batch['changes']): Promise<void> {
    this.#course.onCall('batch', this.#path, bytesOf(changes));
    await this.#course.delay('batch', this.#path);
    this.#course.onBoundary('batch', this.#path);
    if (this.#misbehaviour.failsToWrite()) {
      this.#hasFailed = true;
      throw errorOf('LEVEL_IO_ERROR', this.#path);
    }
    const batch = { id: ++lastBatchId, changes, isDoomed: this.#hasFailed };
    this.#rows.batches.push(batch);
    this.#apply(batch);
  }

  #apply({ changes }: Batch): void {
    this.#sorted = undefined;
    for (const [key, value] of changes) {
      const before = this.#older.get(key);
      const current = this.#live.get(key);
      if (before !== undefined) before.push(current);
      else if (current !== undefined) this.#older.set(key, [current]);
      if (value === undefined) this.#live.delete(key);
      else this.#live.set(key, value);
    }
  }

  async compactRange(): Promise<void> {
    this.#course.onCall('compactRange', this.#path);
    await this.#course.delay('compactRange', this.#path);
    this.#course.onBoundary('compactRange', this.#path);
    if (this.#misbehaviour.lies()) return;
    const lasting = this.#rows.batches.filter(({ isDoomed }) => !isDoomed);
    const rows = withBatches(this.#rows, lasting);
    this.#rows.tables = rows.tables;
    this.#rows.tablesKey = rows.tablesKey;
    this.#rows.batches = [];
    this.#rows.logNumber++;
  }

  iterator({ gte, lt, reverse }: KeyValueRange): KeyValueIterator {
    const [from, to] = [binary(gte), binary(lt)];
    this.#sorted ??= [...this.#live.keys()].sort();
    const keys = this.#sorted.filter((key) => key >= from && key < to);
    if (reverse) keys.reverse();
    const rows = keys.map((key) => [key, this.#live.get(key) as Uint8Array] as const);
    let at = 0;
    return {
      nextv: async (size) => {
        const found = rows.slice(at, at + size);
        at += found.length;
        return found.map(([key, value]) => [Buffer.from(key, 'latin1'), this.#asRead(key, value)]);
      },
      seek: (target) => {
        const bound = binary(target);
        at = rows.findIndex(([key]) => (reverse ? key <= bound : key >= bound));
        if (at < 0) at = rows.length;
      },
      close: async () => undefined,
    };
  }

  #asRead(key: string, value: Uint8Array): Uint8Array {
    if (value.length === 0 || !this.#misbehaviour.flips(key)) return value;
    const flipped = value.slice();
    flipped[key.length % value.length] = (flipped[key.length % value.length] as number) ^ 4;
    return flipped;
  }
}

/** Rows with some of the batches in the tables, as reopening finds them. */
export function withBatches(rows: Rows, batches: readonly Batch[]): Rows {
  if (batches.length === 0) return { ...rows, batches: [] };
  const tables = new Map(rows.tables);
  for (const { changes } of batches) {
    for (const [key, value] of changes) {
      if (value === undefined) tables.delete(key);
      else tables.set(key, value);
    }
  }
  const tablesKey = keyWith(rows.tablesKey, batches);
  return { tables, tablesKey, batches: [], logNumber: rows.logNumber };
}

/** A name for rows after some batches: the same rows may have several. */
function keyWith(tablesKey: string, batches: readonly Batch[]): string {
  let key = tablesKey;
  for (const { id } of batches) key += `,${id}`;
  return key;
}

function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function bytesOf(changes: Batch['changes']): Uint8Array[] {
  return changes.flatMap(([key, value]) => [
    Buffer.from(key, 'latin1'),
    value ?? new Uint8Array(1),
  ]);
}
