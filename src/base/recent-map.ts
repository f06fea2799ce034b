/**
 * A map that remembers what was used lately, up to a bound in bytes: the ground of every cache.
 *
 * Entries stand in a ring, and a hand goes round when there is no room (the algorithm known as
 * CLOCK): what was found since it last came by stays until it comes again, and anything else is
 * forgotten. So an entry stays as long as it is asked for within a round, a look-up moves nothing,
 * which a list in order of use would do each time, and nearly all of the room is in use.
 *
 * @module
 */

import { assert } from './assert.ts';

interface Entry<Value> {
  readonly key: string;
  readonly value: Value;
  readonly bytes: number;
  /** Since the hand came by, or the entry was put. */
  wasFound: boolean;
  before: Entry<Value>;
  after: Entry<Value>;
}

export class RecentMap<Value> {
  readonly #bytesMax: number;
  readonly #bytesOf: (value: Value, key: string) => number;
  readonly #entries = new Map<string, Entry<Value>>();
  /** The entry that is looked at next; none while there are no entries. */
  #hand: Entry<Value> | undefined;
  #bytes = 0;

  /** @param bytesOf - What an entry takes. */
  constructor(bytesMax: number, bytesOf: (value: Value, key: string) => number) {
    assert(bytesMax > 0, 'there is room for something');
    this.#bytesMax = bytesMax;
    this.#bytesOf = bytesOf;
  }

  /** What is remembered takes so much. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.wasFound = true;
    return entry.value;
  }

  /** What takes more than half of the bound is not remembered. */
  set(key: string, value: Value): void {
    this.delete(key);
    const bytes = this.#bytesOf(value, key);
    if (bytes > this.#bytesMax / 2) return;
    while (this.#bytes + bytes > this.#bytesMax) this.#moveHand();
    this.#insert(key, value, bytes);
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#remove(entry);
  }

  clear(): void {
    this.#entries.clear();
    this.#hand = undefined;
    this.#bytes = 0;
  }

  #moveHand(): void {
    const entry = this.#hand;
    assert(entry !== undefined, 'what takes room is in the ring');
    this.#hand = entry.after;
    if (entry.wasFound) entry.wasFound = false;
    else this.#remove(entry);
  }

  /** Puts an entry where the hand comes by last. */
  #insert(key: string, value: Value, bytes: number): void {
    const entry = { key, value, bytes, wasFound: false } as Entry<Value>;
    const after = this.#hand ?? entry;
    const before = this.#hand?.before ?? entry;
    [entry.before, entry.after] = [before, after];
    before.after = entry;
    after.before = entry;
    this.#hand = after;
    this.#entries.set(key, entry);
    this.#bytes += bytes;
  }

  #remove(entry: Entry<Value>): void {
    entry.before.after = entry.after;
    entry.after.before = entry.before;
    if (this.#hand === entry) this.#hand = entry.after === entry ? undefined : entry.after;
    this.#entries.delete(entry.key);
    this.#bytes -= entry.bytes;
  }
}
