/**
 * The index: LevelDB below, and above it what was committed but has not reached LevelDB yet.
 *
 * Every commit becomes a {@link Layer} in memory. A layer is visible to readers as soon as the
 * commit holds, and goes to LevelDB in the background, in order, and only once its commit is on
 * stable storage. So LevelDB is never ahead of the durable log (there is nothing to undo after a
 * power cut), it is off the path of an upload, and many commits share one batch. A few layers stay
 * in memory until there are more of them, or somebody wants everything in LevelDB: nothing is lost
 * with them that the log has not.
 *
 * Reads merge the layers, newest first, over LevelDB. A read takes hold of both in one step without
 * an await in between; a row that moves from a layer to LevelDB meanwhile is the same in both
 * places.
 *
 * Errors: what {@link Database} throws.
 *
 * @module
 */

import { assert } from '../../base/assert.ts';
import { flushEntriesMin, flushLayersMin, pendingEntriesMax } from '../../base/limits.ts';
import type { Lsn } from '../model.ts';
import { Cursor } from './cursor.ts';
import type { Database, DatabaseChange, KeyRange, Row } from './database.ts';
import { FrozenIndex } from './frozen-index.ts';
import { afterPrefix, factsGroup, flushesGroup, oldestFirst, type IndexKey } from './keys.ts';

/** A row to put, or with no value to delete. */
export interface IndexChange extends IndexKey {
  readonly value: Uint8Array | undefined;
}

/** What the lookups of this folder read from. */
export interface IndexReader {
  get(key: IndexKey): Promise<Uint8Array | undefined>;
  /** Rows of one group whose suffix begins with `suffixPrefix`, in order. */
  under(group: string, limit: number, suffixPrefix?: string): Promise<Row[]>;
  /** Rows of a range that may span groups, in order. */
  range(range: KeyRange): Promise<Row[]>;
  /**
   * Rows of such ranges here and there, all as they are now. Close them before a caller is
   * answered.
   */
  cursors(ranges: readonly Omit<KeyRange, 'limit'>[]): Cursor[];
}

/**
 * The changes of one commit group, in memory.
 *
 * They are a list until somebody looks for one: most layers of a rebuild are only written.
 */
export class Layer {
  readonly #changes: IndexChange[] = [];
  /** By group and suffix: the first {@link #sortedCount} changes. */
  readonly #groups = new Map<string, Map<string, Uint8Array | undefined>>();
  #sortedCount = 0;
  /** LSN of the last operation in it. */
  lastLsn: Lsn = 0;

  /** How many changes there are; of the same row there may be several. */
  get size(): number {
    return this.#changes.length;
  }

  add(changes: readonly IndexChange[]): void {
    for (const change of changes) this.#changes.push(change);
  }

  /** `undefined`: not in this layer. `{ value: undefined }`: deleted in it. */
  find(key: IndexKey): { readonly value: Uint8Array | undefined } | undefined {
    const rows = this.#sorted().get(key.group);
    return rows?.has(key.suffix) ? { value: rows.get(key.suffix) } : undefined;
  }

  /** Rows and deletions of a group, or all changes in order: the last one for a key counts. */
  *rows(group?: string): Generator<{ key: string; value: Uint8Array | undefined }> {
    if (group === undefined) {
      for (const { group: name, suffix, value } of this.#changes)
        yield { key: name + suffix, value };
      return;
    }
    for (const [suffix, value] of this.#sorted().get(group) ?? []) {
      yield { key: group + suffix, value };
    }
  }

  #sorted(): ReadonlyMap<string, ReadonlyMap<string, Uint8Array | undefined>> {
    for (; this.#sortedCount < this.#changes.length; this.#sortedCount++) {
      const { group, suffix, value } = this.#changes[this.#sortedCount] as IndexChange;
      let rows = this.#groups.get(group);
      if (rows === undefined) this.#groups.set(group, (rows = new Map()));
      rows.set(suffix, value);
    }
    return this.#groups;
  }
}

export class IndexStore {
  readonly #database: Database;
  /** Visible and not in LevelDB, oldest first. */
  #layers: readonly Layer[] = [];
  #durableLsn: Lsn = 0;
  #flushing: Promise<void> | undefined;
  /** The end of what excludes other work on LevelDB's rows. */
  #exclusive: Promise<unknown> = Promise.resolve();
  #frozen: FrozenIndex | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Reads what is visible.
   *
   * @param tentative - A layer on top that only this reader sees: the commit that is being decided.
   */
  reader(tentative?: Layer): IndexReader {
    const layers = (): readonly Layer[] =>
      tentative === undefined ? this.#layers : [...this.#layers, tentative];
    return {
      get: (key) => this.#get(layers(), key),
      under: (group, limit, suffixPrefix = '') => {
        const lower = group + suffixPrefix;
        return this.#range(layers(), { gte: lower, lt: afterPrefix(lower), limit }, group);
      },
      range: (range) => this.#range(layers(), range),
      cursors: (ranges) => this.#cursors(layers(), ranges),
    };
  }

  /** Makes a layer visible. It reaches LevelDB after {@link markDurable}. */
  publish(layer: Layer): void {
    this.#layers = [...this.#layers, layer];
  }

  /** Everything up to this LSN is on stable storage: it may go to LevelDB. */
  markDurable(lsn: Lsn): void {
    this.#durableLsn = Math.max(this.#durableLsn, lsn);
  }

  /** Whether so much waits for LevelDB that committing must wait too. */
  get isBehind(): boolean {
    return this.#pendingEntries > pendingEntriesMax;
  }

  /**
   * Whether enough waits for LevelDB to be worth a batch. Who uploads one after the other would
   * pay for a batch each time, and share the thread pool with it.
   */
  isWorthFlushing(entriesMin: number = flushEntriesMin): boolean {
    return this.#layers.length >= flushLayersMin || this.#pendingEntries >= entriesMin;
  }

  get #pendingEntries(): number {
    let size = 0;
    for (const layer of this.#layers) size += layer.size;
    return size;
  }

  /** Moves all durable layers to LevelDB. Concurrent calls share the work. */
  async flush(): Promise<void> {
    while (this.#layers[0] !== undefined && this.#layers[0].lastLsn <= this.#durableLsn) {
      this.#flushing ??= this.#flushDurable().finally(() => {
        this.#flushing = undefined;
      });
      await this.#flushing;
    }
    await this.#flushing;
  }

  /**
   * What LevelDB holds at this moment, to be read while it goes on changing. One at a time; call
   * `end` when it is done with.
   */
  freeze(): FrozenIndex {
    assert(this.#frozen === undefined, 'the index is frozen once at a time');
    this.#frozen = new FrozenIndex(
      this.#database,
      (action) => this.#exclusively(action),
      () => {
        this.#frozen = undefined;
      },
    );
    return this.#frozen;
  }

  /** A fact about the index itself, past all layers. */
  async fact(name: string): Promise<Uint8Array | undefined> {
    return this.#database.get(factsGroup + name);
  }

  /** Something here is wrong though the log is right: the next opening makes the index again. */
  async distrust(): Promise<void> {
    await this.#database.distrust();
  }

  /** Writes rows that no commit has: facts, and the end of what is only advisory. */
  async writeDirectly(changes: readonly IndexChange[]): Promise<void> {
    const rows = changes.map(({ group, suffix, value }) => ({ key: group + suffix, value }));
    await this.#exclusively(async () => {
      await this.#frozen?.keep(rows.map(({ key }) => key));
      await this.#database.write(rows);
    });
  }

  async #flushDurable(): Promise<void> {
    const batch = this.#layers.filter((layer) => layer.lastLsn <= this.#durableLsn);
    const last = batch.at(-1);
    if (last === undefined) return;
    await this.#exclusively(async () => {
      await this.#frozen?.keep(keysOf(batch));
      await this.#database.write(rowsToFlush(batch, last.lastLsn));
    });
    this.#layers = this.#layers.filter((layer) => !batch.includes(layer));
  }

  /** Runs an action when those before it have ended. */
  #exclusively<T>(action: () => Promise<T>): Promise<T> {
    const running = this.#exclusive.then(action);
    this.#exclusive = running.catch(() => undefined);
    return running;
  }

  #get(layers: readonly Layer[], key: IndexKey): Promise<Uint8Array | undefined> {
    for (let i = layers.length - 1; i >= 0; i--) {
      const found = layers[i]?.find(key);
      if (found !== undefined) return Promise.resolve(found.value);
    }
    return this.#database.get(key.group + key.suffix);
  }

  #cursors(layers: readonly Layer[], ranges: readonly Omit<KeyRange, 'limit'>[]): Cursor[] {
    // Looked through once, as much may wait: the ranges lie close together.
    const gte = ranges.map((range) => range.gte).reduce((a, b) => (a < b ? a : b));
    const lt = ranges.map((range) => range.lt).reduce((a, b) => (a > b ? a : b));
    const pending = [...pendingIn(layers, { gte, lt })];
    return ranges.map((range) => {
      const inRange = pending.filter(([key]) => key >= range.gte && key < range.lt);
      return new Cursor(this.#database.iterate(range), inRange, range.reverse ?? false);
    });
  }

  async #range(layers: readonly Layer[], range: KeyRange, group?: string): Promise<Row[]> {
    const pending = pendingIn(layers, range, group);
    let deletions = 0;
    if (pending.size === 0) return this.#database.range(range);
    for (const value of pending.values()) if (value === undefined) deletions++;

    const limit = range.limit + deletions;
    const stored = await this.#database.range({ ...range, limit });
    const rows = new Map(stored.map(({ key, value }) => [key, value]));
    const last = stored.length === limit ? stored.at(-1)?.key : undefined;
    for (const [key, value] of pending) {
      // Behind the last stored row there may be others that were not read.
      const isBeyond = last !== undefined && (range.reverse === true ? key < last : key > last);
      if (isBeyond) continue;
      if (value === undefined) rows.delete(key);
      else rows.set(key, value);
    }
    const keys = [...rows.keys()].sort();
    if (range.reverse === true) keys.reverse();
    return keys.slice(0, range.limit).map((key) => ({ key, value: rows.get(key) as Uint8Array }));
  }
}

/** What waits for LevelDB in a range: `undefined` for rows that are to be deleted. */
function pendingIn(
  layers: readonly Layer[],
  { gte, lt }: Omit<KeyRange, 'limit'>,
  group?: string,
): Map<string, Uint8Array | undefined> {
  const pending = new Map<string, Uint8Array | undefined>();
  for (const layer of layers) {
    for (const { key, value } of layer.rows(group)) {
      if (key >= gte && key < lt) pending.set(key, value);
    }
  }
  return pending;
}

function* keysOf(layers: readonly Layer[]): Generator<string> {
  for (const layer of layers) for (const { key } of layer.rows()) yield key;
}

/**
 * The rows of layers, the newest last: the last one for a key counts. One at a time, as an object
 * of gigabytes has a row and more for each of its chunks.
 */
function* rowsToFlush(layers: readonly Layer[], lastLsn: Lsn): Generator<DatabaseChange> {
  for (const layer of layers) yield* layer.rows();
  // Says, in the same batch, how far LevelDB is: the next open can tell an index that is ahead of
  // its log, which only damage or a restored folder can bring about.
  yield { key: flushesGroup + oldestFirst(lastLsn), value: new Uint8Array(0) };
}
