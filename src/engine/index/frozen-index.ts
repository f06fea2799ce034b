/**
 * The rows of LevelDB as they were at one moment, read a page at a time while it goes on changing.
 *
 * A snapshot or a long iterator of LevelDB would be the ready way, and is how LevelDB comes to
 * return stale rows (docs/durability.md). So the rows are kept here instead: whoever changes rows
 * behind the reader's place hands over first what they were. That costs one look-up for each such
 * row, and memory for those that changed ahead of the reader.
 *
 * A page and a change exclude each other; the owner (index-store.ts) sees to that.
 *
 * @module
 */

import type { Database, Row } from './database.ts';

export class FrozenIndex {
  readonly #database: Database;
  readonly #exclusively: <T>(action: () => Promise<T>) => Promise<T>;
  readonly #onEnd: () => void;
  /** What rows that changed were; `undefined`: there was none. */
  readonly #before = new Map<string, Uint8Array | undefined>();
  /** Rows below this were read already. */
  #position = '';

  constructor(
    database: Database,
    exclusively: <T>(action: () => Promise<T>) => Promise<T>,
    onEnd: () => void,
  ) {
    this.#database = database;
    this.#exclusively = exclusively;
    this.#onEnd = onEnd;
  }

  /** Rows of a group of keys, in order, a page at a time. Ask for groups in their order. */
  async *rowsFrom(first: string, end: string, pageRows: number): AsyncGenerator<Row[]> {
    let from = first;
    while (from < end) {
      const { rows, next } = await this.#exclusively(() => this.#page(from, end, pageRows));
      if (rows.length > 0) yield rows;
      from = next;
    }
  }

  /** Keeps what rows are before they are changed. */
  async keep(keys: Iterable<string>): Promise<void> {
    for (const key of keys) {
      if (key < this.#position || this.#before.has(key)) continue;
      this.#before.set(key, await this.#database.get(key));
    }
  }

  /** Lets the rows go. */
  end(): void {
    this.#before.clear();
    this.#onEnd();
  }

  async #page(
    gte: string,
    lt: string,
    limit: number,
  ): Promise<{ readonly rows: Row[]; readonly next: string }> {
    const stored = await this.#database.range({ gte, lt, limit });
    const last = stored.length < limit ? undefined : stored.at(-1)?.key;
    const next = last === undefined ? lt : `${last}\0`;
    const rows = new Map(stored.map(({ key, value }) => [key, value]));
    for (const [key, value] of this.#before) {
      if (key < next) this.#before.delete(key);
      if (key < gte || key >= next) continue;
      if (value === undefined) rows.delete(key);
      else rows.set(key, value);
    }
    this.#position = next;
    const keys = [...rows.keys()].sort();
    return { rows: keys.map((key) => ({ key, value: rows.get(key) as Uint8Array })), next };
  }
}
