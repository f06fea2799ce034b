/**
 * Keys of which LevelDB may give an older row: those that were deleted not long ago.
 *
 * LevelDB has been seen to answer a `get` with what a key had before (docs/durability.md, 8): an
 * older row lay in a level that it looks at first. An iterator merges all levels, and is right. It
 * takes several times as long, so only these keys are read so. Most are never asked for again, or
 * put again under the same name.
 *
 * Only so many are remembered, the latest ones, and only until the store is closed.
 *
 * @module
 */

/** So many keys make a generation; the last two are remembered. */
const generationKeys = 32_768;

export class RecentKeys {
  #newer = new Set<string>();
  #older = new Set<string>();

  add(key: string): void {
    if (this.#newer.size >= generationKeys) {
      this.#older = this.#newer;
      this.#newer = new Set();
    }
    this.#newer.add(key);
  }

  has(key: string): boolean {
    return this.#newer.has(key) || this.#older.has(key);
  }
}
