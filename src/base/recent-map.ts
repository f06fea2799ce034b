/**
 * A map that remembers what was used lately, up to a bound in bytes: the ground of every cache.
 *
 * It keeps two generations. What is put or found goes to the newer one; when that has half of the
 * bound, the older one is forgotten and the newer takes its place. So an entry stays as long as it
 * is asked for within one generation, and a look-up moves nothing while it is young, which a list
 * in order of use would do each time.
 *
 * @module
 */

import { assert } from './assert.ts';

export class RecentMap<Value> {
  readonly #bytesMax: number;
  readonly #bytesOf: (value: Value, key: string) => number;
  #newer = new Map<string, Value>();
  #older = new Map<string, Value>();
  #newerBytes = 0;
  #olderBytes = 0;

  /** @param bytesOf - What an entry takes. It must say the same of the same entry each time. */
  constructor(bytesMax: number, bytesOf: (value: Value, key: string) => number) {
    assert(bytesMax > 0, 'there is room for something');
    this.#bytesMax = bytesMax;
    this.#bytesOf = bytesOf;
  }

  /** What is remembered takes so much. */
  get bytes(): number {
    return this.#newerBytes + this.#olderBytes;
  }

  get(key: string): Value | undefined {
    const young = this.#newer.get(key);
    if (young !== undefined || this.#older.size === 0) return young;
    const old = this.#older.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** What takes more than half of the bound is not remembered. */
  set(key: string, value: Value): void {
    this.delete(key);
    const bytes = this.#bytesOf(value, key);
    if (bytes > this.#bytesMax / 2) return;
    if (this.#newerBytes + bytes > this.#bytesMax / 2) {
      [this.#older, this.#olderBytes] = [this.#newer, this.#newerBytes];
      [this.#newer, this.#newerBytes] = [new Map(), 0];
    }
    this.#newer.set(key, value);
    this.#newerBytes += bytes;
  }

  delete(key: string): void {
    const young = this.#newer.get(key);
    if (young !== undefined) {
      this.#newer.delete(key);
      this.#newerBytes -= this.#bytesOf(young, key);
    }
    const old = this.#older.get(key);
    if (old !== undefined) {
      this.#older.delete(key);
      this.#olderBytes -= this.#bytesOf(old, key);
    }
  }

  clear(): void {
    [this.#newer, this.#newerBytes] = [new Map(), 0];
    [this.#older, this.#olderBytes] = [new Map(), 0];
  }
}
