/**
 * The chunker: cuts content into chunks at places that the content itself determines (FastCDC).
 *
 * The rule: a chunk ends after a byte when the top bits of the gear hash of the 32 bytes up to
 * there are zero. No chunk but the last is smaller than `minBytes`, and none is larger than
 * `maxBytes`. The rule asks for two bits more than the average calls for until the chunk is nearly
 * as large as the average, and for two bits less from there on, so that sizes gather around it
 * (normalised chunking, level 2). The hash starts again with each chunk and is rolled over the 32
 * bytes before `minBytes`.
 *
 * What must stay true: cuts depend on the content and the limits alone, never on the slices in
 * which the content arrives; and after an edit they soon fall where they fell before. A store finds
 * its old chunks again only if this file cuts as it did when they were written: golden values pin
 * it.
 *
 * Why content is read in words: four bytes at a time double the speed of the hot loop. Why two
 * stretches are hashed side by side: a hash waits for the one before it and for nothing else, so
 * two take 0.37 ns a byte where one takes 0.6. Why runs have a fast path: disk images and files not
 * written yet are mostly zeros. The cuts are the same.
 *
 * @module
 */

import { assert } from '../../base/assert.ts';
import { isChunking, type ChunkingLimits } from '../../base/limits.ts';
import type { ContentPart } from '../model.ts';
import { gear, rollGear } from './gear.ts';

/** How far the two masks are from the average, in bits. Never change. */
const normalisationLevel = 2;

/** How many words are hashed before their repetitions are looked for: two stretches of half. */
const blockWords = 2048;

/** All but a museum piece. Elsewhere words would come with their bytes in the wrong order. */
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * Cuts content of which it is handed one slice after the other. It keeps no bytes, only the size
 * and the hash of the chunk that is open.
 */
class Chunker {
  readonly #limits: ChunkingLimits;
  /** From this size on a chunk is cut by the easier mask. */
  readonly #normalBytes: number;
  readonly #hardMask: number;
  readonly #easyMask: number;
  /** Of the open chunk: its bytes in earlier slices, and their hash. */
  #openBytes = 0;
  #hash = 0;

  constructor(limits: ChunkingLimits) {
    assert(isChunking(limits), 'content can be cut by these limits');
    const { minBytes, averageBytes } = limits;
    const averageBits = 31 - Math.clz32(averageBytes);
    this.#limits = limits;
    this.#hardMask = topBits(averageBits + normalisationLevel);
    this.#easyMask = topBits(averageBits - normalisationLevel);
    // With min = average / 4, chunks of random content come to 0.99 of the average. Never change.
    this.#normalBytes = averageBytes - Math.floor((3 * minBytes) / 4);
  }

  /** Begins a new chunk here. */
  restart(): void {
    this.#openBytes = 0;
    this.#hash = 0;
  }

  /**
   * The next cut in this slice: the offset behind the last byte of the open chunk. `undefined` if
   * the chunk goes on in the next slice; hand that over with `start` 0.
   *
   * @param slice - The bytes, of which those before `start` have been cut already.
   */
  next(slice: Uint8Array, start: number): number | undefined {
    const chunkStart = start - this.#openBytes; // Negative, if it lies in an earlier slice.
    const chunkEnd = chunkStart + this.#limits.maxBytes;
    const end = Math.min(slice.length, chunkEnd);
    // Whether a chunk may have n bytes is decided by the hash as it is after the n-th.
    const hard = clamp(chunkStart + this.#limits.minBytes - 1, start, end);
    const easy = clamp(chunkStart + this.#normalBytes - 1, hard, end);

    let hash = rollGear(this.#hash, slice, start, hard);
    let cut = findCut(slice, hard, easy, hash, this.#hardMask);
    if (cut === -1) {
      hash = rollGear(hash, slice, hard, easy);
      cut = findCut(slice, easy, end, hash, this.#easyMask);
    }
    if (cut === -1 && end < chunkEnd) {
      this.#openBytes = end - chunkStart;
      this.#hash = rollGear(hash, slice, easy, end);
      return undefined;
    }
    this.restart();
    return cut === -1 ? end : cut;
  }
}

/**
 * Cuts content that it is handed slice by slice. Of the slices nothing is kept but what the open
 * chunk has of them, copied.
 *
 * A chunk is lent: its memory serves one chunk after the other. It is good until the next is asked
 * for, and whoever keeps it copies it; of a chunk that is known already there is nothing to keep.
 * It is never a view of a slice, even where it lies in one: were that written to between the hash
 * and the copy, a chunk would get the name of another.
 */
export class Cutter {
  readonly #chunker: Chunker;
  readonly #open = new OpenChunk();

  constructor(limits: ChunkingLimits) {
    this.#chunker = new Chunker(limits);
  }

  /** The chunks that end in the next slice. */
  *cut(slice: Uint8Array): Generator<Uint8Array, void, undefined> {
    let start = 0;
    for (;;) {
      const cut = this.#chunker.next(slice, start);
      if (cut === undefined) break;
      yield this.#open.finish(slice.subarray(start, cut));
      start = cut;
    }
    this.#open.append(slice.subarray(start));
  }

  /** The chunk that is open, which ends here: at the end of content, or at a place told. */
  *end(): Generator<Uint8Array, void, undefined> {
    this.#chunker.restart();
    if (this.#open.sizeBytes > 0) yield this.#open.finish(new Uint8Array(0));
  }
}

/**
 * Cuts the content that `source` yields, in slices of whatever size. Empty content has no chunks.
 *
 * Each chunk is lent until the next is asked for (see {@link Cutter}). The source may reuse its
 * memory once it is asked for the next slice. At most one chunk is held back. When the consumer
 * stops early, the source is closed.
 */
export async function* chunksOf(
  source: AsyncIterable<ContentPart> | Iterable<ContentPart>,
  limits: ChunkingLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  const cutter = new Cutter(limits);
  for await (const part of source) yield* part === 'cut' ? cutter.end() : cutter.cut(part);
  yield* cutter.end();
}

/** What the open chunk has in slices that are gone. Its memory serves one chunk after the other. */
class OpenChunk {
  #bytes = new Uint8Array(0);
  #size = 0;

  get sizeBytes(): number {
    return this.#size;
  }

  append(part: Uint8Array): void {
    const size = this.#size + part.length;
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = grown;
    }
    this.#bytes.set(part, this.#size);
    this.#size = size;
  }

  /** The whole chunk, good until the next one is begun; and an empty one begins. */
  finish(lastPart: Uint8Array): Uint8Array {
    this.append(lastPart);
    const chunk = this.#bytes.subarray(0, this.#size);
    this.#size = 0;
    return chunk;
  }
}

/**
 * The offset behind the first byte of `from` to `to` at which the masked hash is zero, or -1.
 *
 * A word that leaves the hash as it found it does so again, and again without a cut: so its
 * repetitions are skipped. That is how runs go fast, without being known as such.
 */
function findCut(bytes: Uint8Array, from: number, to: number, hash: number, mask: number): number {
  if (!isLittleEndian || to - from < 4) return findCutInBytes(bytes, from, to, hash, mask);
  const wordsFrom = from + ((4 - ((bytes.byteOffset + from) % 4)) % 4);
  const headCut = findCutInBytes(bytes, from, wordsFrom, hash, mask);
  if (headCut !== -1) return headCut;

  const words = new Int32Array(bytes.buffer, bytes.byteOffset + wordsFrom, (to - wordsFrom) >> 2);
  let rolled = rollGear(hash, bytes, from, wordsFrom);
  let at = 0;
  while (at + 1 < words.length) {
    const half = Math.min(blockWords, words.length - at) >> 1;
    const blockEnd = at + 2 * half;
    const atHalf = rollGear(rolled, bytes, wordsFrom + at * 4, wordsFrom + (at + half) * 4);
    if (!hasNoCut(words, at, half, rolled, atHalf, mask)) {
      const cut = findCutInWords(words, at, blockEnd, rolled, mask);
      if (cut !== -1) return wordsFrom + cut;
    }

    const lastFrom = wordsFrom + blockEnd * 4 - 4;
    const before = rollGear(rolled, bytes, wordsFrom + at * 4, lastFrom);
    rolled = rollGear(before, bytes, lastFrom, lastFrom + 4);
    at = rolled === before ? endOfRepetition(words, blockEnd - 1) : blockEnd;
  }
  return findCutInBytes(bytes, wordsFrom + at * 4, to, rolled, mask);
}

/*
 * The hot loops. They are functions of numbers and one type of array, and outside of any class,
 * because that is what engines compile best.
 */

function findCutInBytes(
  bytes: Uint8Array,
  from: number,
  to: number,
  hash: number,
  mask: number,
): number {
  let rolled = hash;
  for (let at = from; at < to; at++) {
    rolled = ((rolled << 1) + (gear[bytes[at] as number] as number)) | 0;
    if ((rolled & mask) === 0) return at + 1;
  }
  return -1;
}

/** The same over words of four bytes, the first in the lowest bits. The cut counts bytes. */
function findCutInWords(
  words: Int32Array,
  from: number,
  to: number,
  hash: number,
  mask: number,
): number {
  let rolled = hash;
  for (let at = from; at < to; at++) {
    const word = words[at] as number;
    rolled = ((rolled << 1) + (gear[word & 0xff] as number)) | 0;
    if ((rolled & mask) === 0) return at * 4 + 1;
    rolled = ((rolled << 1) + (gear[(word >>> 8) & 0xff] as number)) | 0;
    if ((rolled & mask) === 0) return at * 4 + 2;
    rolled = ((rolled << 1) + (gear[(word >>> 16) & 0xff] as number)) | 0;
    if ((rolled & mask) === 0) return at * 4 + 3;
    rolled = ((rolled << 1) + (gear[word >>> 24] as number)) | 0;
    if ((rolled & mask) === 0) return at * 4 + 4;
  }
  return -1;
}

/** Whether there is no cut in two stretches of so many words, one behind the other. */
function hasNoCut(
  words: Int32Array,
  from: number,
  wordCount: number,
  hash: number,
  hashAtSecond: number,
  mask: number,
): boolean {
  let first = hash;
  let second = hashAtSecond;
  for (let at = from; at < from + wordCount; at++) {
    const one = words[at] as number;
    const two = words[at + wordCount] as number;
    first = ((first << 1) + (gear[one & 0xff] as number)) | 0;
    second = ((second << 1) + (gear[two & 0xff] as number)) | 0;
    if ((first & mask) === 0 || (second & mask) === 0) return false;
    first = ((first << 1) + (gear[(one >>> 8) & 0xff] as number)) | 0;
    second = ((second << 1) + (gear[(two >>> 8) & 0xff] as number)) | 0;
    if ((first & mask) === 0 || (second & mask) === 0) return false;
    first = ((first << 1) + (gear[(one >>> 16) & 0xff] as number)) | 0;
    second = ((second << 1) + (gear[(two >>> 16) & 0xff] as number)) | 0;
    if ((first & mask) === 0 || (second & mask) === 0) return false;
    first = ((first << 1) + (gear[one >>> 24] as number)) | 0;
    second = ((second << 1) + (gear[two >>> 24] as number)) | 0;
    if ((first & mask) === 0 || (second & mask) === 0) return false;
  }
  return true;
}

/** Where the words that are equal to the one at `from` end. */
function endOfRepetition(words: Int32Array, from: number): number {
  const word = words[from];
  let at = from + 1;
  while (at < words.length && words[at] === word) at++;
  return at;
}

/** A mask of the `bitCount` top bits of 32. */
function topBits(bitCount: number): number {
  return -1 << (32 - bitCount);
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
