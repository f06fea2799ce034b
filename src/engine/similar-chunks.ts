/**
 * Which chunks look alike: the newest chunks under each super-feature, in memory that is bounded.
 *
 * A chunk is known by its digest, or by the beginning of it: a file has no more. Nothing here knows
 * whether the store still has the chunk, nor needs to: the caller looks before it believes. What is
 * forgotten or lost costs only space, as a new chunk is then not stored as a delta; so this table
 * is kept in a derived file, and a damaged one is an empty table.
 *
 * How: digests lie in a ring in the order in which they came, and have numbers that count them. A
 * hash table has, for each super-feature, the numbers of its newest chunks. A number that the ring
 * has gone beyond is forgotten, wherever it is. When either array is full it grows, up to the
 * bound; from then on the older half of the super-features is forgotten at a time.
 *
 * The hash table is ordered by its keys, but for collisions: they are hashes themselves, and their
 * top bits say where they are looked for. So a file has only their small differences.
 *
 * @module
 */

import { assert } from '../base/assert.ts';
import {
  concatBytes,
  equalBytes,
  Reader,
  readU32,
  Writer,
  unZigzag,
  zigzag,
} from '../base/bytes.ts';
import { corrupt, isCorrupt } from '../base/errors.ts';

/** What the table needs, and may take. */
export interface SimilarChunksOptions {
  /** The CRC-32 of bytes, as `Hashing` has it. */
  readonly crc32: (bytes: Uint8Array, seed: number) => number;
  /**
   * How much memory the arrays may take; up to twice that, while they are made anew. 64 MiB by
   * default, and at least {@link similarBytesMin}.
   */
  readonly bytesMax?: number;
}

/** The bound, unless the caller says otherwise. */
const similarBytesMax: number = 64 * 2 ** 20;

/** A table with less memory than this would not be one. */
export const similarBytesMin: number = 16 * 2 ** 10;

/** How many chunks are known under one super-feature. */
const chunksPerFeature = 3;

/** A slot is a key and its chunks; two slots go with one digest in the ring. */
const slotWords = 1 + chunksPerFeature;
const digestWords = 8;
const slotsPerDigest = 2;

/**
 * So much of a digest is in a file. Chunks that share it cost a look at the wrong one: of a million
 * chunks one in 4,000 does.
 */
const filedWords = 1;

const slotsAtFirst = 256;

/** A hash table that is fuller than this is slow. */
const fullShare = 0.7;

/** A sample of at least so many bits' worth of slots says well enough how old they are. */
const sampleBits = 14;

/** The head of the file; the CRC of all behind it follows. */
const magic: Uint8Array = Uint8Array.of(0x56, 0x41, 0x52, 0x56, 0x45, 0x1a, 0x7e, 0x03);
const crcBytes = 4;

/** A bounded table of the newest chunks under each super-feature. */
export class SimilarChunks {
  readonly #crc32: (bytes: Uint8Array, seed: number) => number;
  readonly #slotsMax: number;
  /** Slots of a key and the numbers of its chunks, newest first; 0 is none. */
  #slots: Uint32Array;
  #usedSlots = 0;
  /** The digest of the chunk with number n, at n modulo its length. */
  #digests: Uint32Array;
  /** The number of the next chunk. Numbers begin at 1. */
  #next = 1;

  constructor(options: SimilarChunksOptions) {
    const bytesMax = options.bytesMax ?? similarBytesMax;
    assert(bytesMax >= similarBytesMin, 'a table of similar chunks has room for some');
    this.#crc32 = options.crc32;
    const bytesPerSlot = 4 * (slotWords + digestWords / slotsPerDigest);
    this.#slotsMax = Math.floor(bytesMax / bytesPerSlot);
    this.#slots = new Uint32Array(slotsAtFirst * slotWords);
    this.#digests = new Uint32Array((slotsAtFirst / slotsPerDigest) * digestWords);
  }

  /** How much memory its arrays take. */
  get memoryBytes(): number {
    return this.#slots.byteLength + this.#digests.byteLength;
  }

  /** Makes a chunk known under its super-features, as the newest. Without any it is not noted. */
  add(features: Uint32Array, digest: Uint8Array): void {
    if (features.length === 0) return;
    if (this.#next === 0xffffffff) this.#forgetAll();
    const number = this.#append(digest);
    for (const feature of features) this.#note(feature, number);
  }

  /**
   * The chunks that were known under any of these super-features: those first that agree in most of
   * them, and of these the newest. Each as its digest, or as the beginning of it.
   */
  candidates(features: Uint32Array): Uint8Array[] {
    const votes = new Map<number, number>();
    for (const feature of features) {
      const slot = this.#slotOf(feature);
      for (let i = 1; i <= chunksPerFeature; i++) {
        const number = this.#slots[slot + i] as number;
        if (this.#isKnown(number)) votes.set(number, (votes.get(number) ?? 0) + 1);
      }
    }
    return [...votes]
      .sort(([numberA, votesA], [numberB, votesB]) => votesB - votesA || numberB - numberA)
      .map(([number]) => this.#digestOf(number));
  }

  /** The table as the bytes of a file: about five for each super-feature and chunk. */
  dump(): Uint8Array {
    const oldest = this.#oldestKnown;
    const body = new Writer().varint(this.#next - oldest);
    for (let number = oldest; number < this.#next; number++) {
      body.bytes(this.#digestOf(number).subarray(0, 4 * filedWords));
    }
    let keyBefore = 0;
    for (let slot = 0; slot < this.#slots.length; slot += slotWords) {
      if (!this.#isKnown(this.#slots[slot + 1] as number)) continue;
      const key = this.#slots[slot] as number;
      body.varint(zigzag(key - keyBefore));
      keyBefore = key;
      // Each as how much older it is than the one before; the first also says how many follow.
      const numbers = this.#slots.subarray(slot + 1, slot + slotWords);
      const known = numbers.filter((number) => this.#isKnown(number));
      let numberBefore = this.#next;
      for (const [i, number] of known.entries()) {
        const age = numberBefore - number;
        body.varint(i === 0 ? age * chunksPerFeature + known.length - 1 : age);
        numberBefore = number;
      }
    }
    const bytes = body.finish();
    return concatBytes([magic, new Writer().u32(this.#crc32(bytes, 0)).finish(), bytes]);
  }

  /** A table from a file. One that is damaged, or of another version, gives an empty table. */
  static load(bytes: Uint8Array, options: SimilarChunksOptions): SimilarChunks {
    const bodyAt = magic.length + crcBytes;
    const body = bytes.subarray(bodyAt);
    const isWhole =
      bytes.length > bodyAt &&
      equalBytes(bytes.subarray(0, magic.length), magic) &&
      readU32(bytes, magic.length) === options.crc32(body, 0);
    if (!isWhole) return new SimilarChunks(options);
    try {
      const table = new SimilarChunks(options);
      table.#fill(new Reader(body, 'a table of similar chunks'));
      return table;
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      return new SimilarChunks(options);
    }
  }

  /** Takes what `dump` wrote; if the bound is lower than it was there, the newest of it. */
  #fill(reader: Reader): void {
    const digestCount = reader.varint();
    for (let i = 0; i < digestCount; i++) this.#append(reader.bytes(4 * filedWords));
    const slots: number[] = [];
    let key = 0;
    while (!reader.atEnd) {
      key += unZigzag(reader.varint());
      slots.push(key);
      const first = reader.varint();
      const followers = first % chunksPerFeature;
      let number = this.#next - Math.floor(first / chunksPerFeature);
      for (let i = 0; i < chunksPerFeature; i++) {
        if (i > 0 && i <= followers) number -= reader.varint();
        if (number < 1) throw corrupt('a table of similar chunks has a chunk too many');
        slots.push(i > followers ? 0 : number);
      }
      if (key < 0 || key > 0xffffffff) throw corrupt('a table of similar chunks has no such key');
    }
    this.#slots = Uint32Array.from(slots);
    this.#usedSlots = slots.length / slotWords;
    // All at once: one after the other, in the order of their keys, they would crowd at the start.
    this.#rebuild();
  }

  get #ringLength(): number {
    return this.#digests.length / digestWords;
  }

  /** The lowest number that the ring still has. */
  get #oldestKnown(): number {
    return Math.max(1, this.#next - this.#ringLength);
  }

  #isKnown(number: number): boolean {
    return number !== 0 && number >= this.#next - this.#ringLength;
  }

  #digestOf(number: number): Uint8Array {
    const at = (number % this.#ringLength) * digestWords;
    const isWhole = this.#digests.subarray(at + filedWords, at + digestWords).some(isSet);
    const byteCount = 4 * (isWhole ? digestWords : filedWords);
    return new Uint8Array(this.#digests.buffer, 4 * at, byteCount).slice();
  }

  /** Where the slot of a key is, or the free one where it would be. */
  #slotOf(key: number): number {
    const count = this.#slots.length / slotWords;
    let slot = Math.floor((key / 2 ** 32) * count);
    while (this.#slots[slot * slotWords + 1] !== 0 && this.#slots[slot * slotWords] !== key) {
      slot = slot + 1 === count ? 0 : slot + 1;
    }
    return slot * slotWords;
  }

  #note(key: number, number: number): void {
    let slot = this.#slotOf(key);
    if (this.#slots[slot + 1] === 0) {
      if (slotsFor(this.#usedSlots + 1) * slotWords > this.#slots.length) {
        this.#rebuild();
        slot = this.#slotOf(key);
      }
      this.#usedSlots++;
      this.#slots[slot] = key;
    }
    if (this.#slots[slot + 1] === number) return;
    for (let i = chunksPerFeature; i > 1; i--) {
      this.#slots[slot + i] = this.#slots[slot + i - 1] as number;
    }
    this.#slots[slot + 1] = number;
  }

  /** Gives the next chunk its number. Of its digest the beginning may do. */
  #append(digest: Uint8Array): number {
    const number = this.#next++;
    this.#growRing();
    const start = (number % this.#ringLength) * 4 * digestWords;
    const ring = new Uint8Array(this.#digests.buffer);
    ring.fill(0, start, start + 4 * digestWords);
    ring.set(digest, start);
    return number;
  }

  /** The ring keeps as many digests as half of the slots, at the least. */
  #growRing(): void {
    const length = this.#ringLength;
    const lengthMax = Math.floor(this.#slotsMax / slotsPerDigest);
    if (this.#next <= length || length === lengthMax) return;
    const grown = new Uint32Array(Math.min(length * 2, lengthMax) * digestWords);
    const grownLength = grown.length / digestWords;
    for (let number = Math.max(1, this.#next - length); number < this.#next; number++) {
      const from = (number % length) * digestWords;
      const digest = this.#digests.subarray(from, from + digestWords);
      grown.set(digest, (number % grownLength) * digestWords);
    }
    this.#digests = grown;
  }

  /**
   * Makes the hash table anew, with room for one more. If that is beyond the bound, it has as many
   * slots as there may be, and the oldest are forgotten until half of what it can hold is free.
   */
  #rebuild(): void {
    const slots = this.#slots;
    const needed = slotsFor(this.#usedSlots + 1);
    let count = slotsAtFirst;
    while (count < needed) count *= 2;
    count = Math.min(count, this.#slotsMax);
    const oldest =
      count < needed ? this.#oldestOf(Math.floor((count * fullShare) / 2)) : this.#oldestKnown;
    this.#slots = new Uint32Array(count * slotWords);
    this.#usedSlots = 0;
    for (let from = 0; from < slots.length; from += slotWords) {
      if ((slots[from + 1] as number) < oldest) continue;
      const to = this.#slotOf(slots[from] as number);
      for (let i = 0; i < slotWords; i++) this.#slots[to + i] = slots[from + i] as number;
      this.#usedSlots++;
    }
  }

  /** A number than which about so many slots have no older one as their newest: by a sample. */
  #oldestOf(slotCount: number): number {
    const every = Math.max(1, this.#usedSlots >> sampleBits) * slotWords;
    const sample: number[] = [];
    for (let slot = 1; slot < this.#slots.length; slot += every) {
      if (this.#slots[slot] !== 0) sample.push(this.#slots[slot] as number);
    }
    sample.sort((a, b) => b - a);
    const at = Math.floor((sample.length * slotCount) / this.#usedSlots);
    return Math.max(this.#oldestKnown, (sample[at] ?? 0) + 1);
  }

  #forgetAll(): void {
    this.#slots.fill(0);
    this.#usedSlots = 0;
    this.#next = 1;
  }
}

/** How many slots a hash table needs, to hold so many. */
function slotsFor(usedSlots: number): number {
  return Math.ceil(usedSlots / fullShare);
}

function isSet(word: number): boolean {
  return word !== 0;
}
