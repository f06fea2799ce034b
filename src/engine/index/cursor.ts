/**
 * Rows of one range of the index, read from one place and then from another.
 *
 * Rolling names up to groups reads a row and passes over the rest of its group, a thousand times a
 * page. An iterator that is moved does that in half the time of as many new ones, and what waits
 * for LevelDB is put in order once instead of looked through each time.
 *
 * It shows the range as it was when the cursor was made. It holds an iterator of LevelDB: close it
 * before a caller is answered.
 *
 * @module
 */

import type { Row, RowIterator } from './database.ts';

/** A row that waits for LevelDB, or with no value one that is to be deleted. */
export type PendingRow = readonly [key: string, value: Uint8Array | undefined];

export class Cursor {
  readonly #stored: RowIterator;
  readonly #pending: readonly PendingRow[];
  readonly #isReverse: boolean;
  #bound = '';

  /** @param pending - The rows of the range that wait for LevelDB, each once, in any order. */
  constructor(stored: RowIterator, pending: Iterable<PendingRow>, isReverse: boolean) {
    this.#stored = stored;
    this.#isReverse = isReverse;
    this.#pending = [...pending].sort(([a], [b]) => (this.#isBefore(a, b) ? -1 : 1));
  }

  /** Moves on to a bound. Bounds go forward in the cursor's direction. */
  seek(bound: string): void {
    this.#bound = bound;
    this.#stored.seek(bound);
  }

  /** The next rows from the bound on, or in reverse those before it; fewer only at the end. */
  async rows(limit: number): Promise<Row[]> {
    const bound = this.#bound;
    const rows: Row[] = [];
    let batch = await this.#stored.next(limit);
    let at = 0;
    let pendingAt = this.#firstPending(bound);
    while (rows.length < limit) {
      if (at === batch.length && at > 0) {
        batch = await this.#stored.next(limit);
        at = 0;
      }
      const stored = batch[at];
      const pending = this.#pending[pendingAt];
      if (stored !== undefined && !this.#isIn(stored.key, bound)) at++;
      else if (pending !== undefined && !(stored && this.#isBefore(stored.key, pending[0]))) {
        const [key, value] = pending;
        if (key === stored?.key) at++;
        pendingAt++;
        if (value !== undefined) rows.push({ key, value });
      } else if (stored !== undefined) {
        rows.push(stored);
        at++;
      } else break;
    }
    return rows;
  }

  close(): Promise<void> {
    return this.#stored.close();
  }

  #isBefore(a: string, b: string): boolean {
    return this.#isReverse ? a > b : a < b;
  }

  /** Whether a row lies behind the bound: a range has its lower bound in it, not the upper. */
  #isIn(key: string, bound: string): boolean {
    return this.#isReverse ? key < bound : key >= bound;
  }

  /** Binary search. */
  #firstPending(bound: string): number {
    let [low, high] = [0, this.#pending.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const [key] = this.#pending[middle] as PendingRow;
      if (this.#isIn(key, bound)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
