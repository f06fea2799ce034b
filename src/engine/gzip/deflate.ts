/**
 * DEFLATE that comes out the same everywhere and for ever: the one door to `pako`.
 *
 * A gzip stream that is stored inflated is made again from what is stored here, bit for bit, years
 * later and on another machine. The zlib of the platform will not do: builds of it differ in what
 * they write, and so do versions of Node. So the implementation is a port of zlib in plain
 * JavaScript, of one exact version, and a recipe says which (docs/decisions/0023).
 *
 * What must stay true: a {@link Deflater} of the same settings gives the same bytes for the same
 * content, whatever the slices that it comes in. zlib itself promises less than that (the last
 * strings of a piece are hashed with what lies behind them in its window), so what it is handed are
 * always pieces of {@link pieceBytes}, and the end of the content is a call of its own.
 *
 * @module
 */

import {
  ZStream,
  Z_BUF_ERROR,
  Z_FINISH,
  Z_NO_FLUSH,
  Z_OK,
  Z_STREAM_END,
  zlibDeflate,
  zlibDeflateInit2,
  zlibInflate,
  zlibInflateInit2,
} from 'pako';
import { assert } from '../../base/assert.ts';

/**
 * Who regenerates, as a number on disk: never renumber, never reuse. All are pako 3.0.3. `classic`
 * hashes strings as zlib does, `chromium` as the zlib of Chromium and Node. `gnu` is `classic` with
 * a hash of 15 bits whatever the memory level, as GNU gzip has it.
 */
export const deflateImplementations = { chromium: 1, classic: 2, gnu: 3 } as const;

export type DeflateImplementation = keyof typeof deflateImplementations;

/** What a DEFLATE stream was made with, as zlib calls it. */
export interface DeflateSettings {
  readonly implementation: DeflateImplementation;
  /** 1 to 9. Level 0 is not here: what it writes depends on the buffers of who calls it. */
  readonly level: number;
  /** 1 to 9: how many symbols are in a block. */
  readonly memLevel: number;
  /** 9 to 15. */
  readonly windowBits: number;
  /** 0: default, 1: filtered, 2: Huffman only, 3: run lengths, 4: fixed codes. */
  readonly strategy: number;
}

/** Content is handed to zlib in pieces of this size, but for the last. Never change. */
export const pieceBytes = 65_536;

/** The room that zlib is given for what it writes. Never change. */
const outputBytes = 65_536;

const deflateMethod = 8;

/** Makes a DEFLATE stream. Each call gives what can be written by then; nobody else has it. */
export class Deflater {
  readonly #stream = new ZStream();
  readonly #output = new Uint8Array(outputBytes);

  constructor({ implementation, level, memLevel, windowBits, strategy }: DeflateSettings) {
    const isClassic = implementation !== 'chromium';
    const known = strategy as 0 | 1 | 2 | 3 | 4;
    const bits = -windowBits; // Negative: without a wrapper.
    const stream = this.#stream;
    const status = zlibDeflateInit2(stream, level, deflateMethod, bits, memLevel, known, isClassic);
    assert(status === Z_OK, 'the settings of a deflater are within bounds');
    if (implementation === 'gnu') hashAsGnu(stream);
  }

  /** Goes on with the next piece: `pieceBytes`, or less if it is the last. */
  push(piece: Uint8Array): Uint8Array[] {
    assert(piece.length <= pieceBytes, 'content comes in pieces');
    this.#stream.input = piece;
    this.#stream.next_in = 0;
    this.#stream.avail_in = piece.length;
    return this.#write(Z_NO_FLUSH);
  }

  /** Ends the stream. */
  finish(): Uint8Array[] {
    this.#stream.avail_in = 0;
    return this.#write(Z_FINISH);
  }

  #write(flush: typeof Z_NO_FLUSH | typeof Z_FINISH): Uint8Array[] {
    const stream = this.#stream;
    const written: Uint8Array[] = [];
    do {
      stream.output = this.#output;
      stream.next_out = 0;
      stream.avail_out = outputBytes;
      const status = zlibDeflate(stream, flush);
      if (stream.next_out > 0) written.push(this.#output.slice(0, stream.next_out));
      if (status === Z_STREAM_END) break;
    } while (stream.avail_out === 0 || stream.avail_in > 0);
    return written;
  }
}

/** The hash that a deflater finds strings with, as zlib and pako call it. */
interface StringHash {
  hash_bits: number;
  hash_size: number;
  hash_mask: number;
  hash_shift: number;
  head: Uint16Array;
}

/**
 * Gives a deflater the hash of GNU gzip. zlib cannot be told to have it, but it finds fewer strings
 * in a chain than a larger one, and so other matches. This is inside of pako: see to it when that
 * gets another version.
 */
function hashAsGnu(stream: ZStream): void {
  const bits = 15;
  const shift = 5; // Three bytes fill the hash.
  const state = stream.state as StringHash;
  assert(state.head.length === state.hash_size, 'pako is the one that this was written for');
  state.hash_bits = bits;
  state.hash_size = 2 ** bits;
  state.hash_mask = 2 ** bits - 1;
  state.hash_shift = shift;
  state.head = new Uint16Array(2 ** bits);
}

/** What an inflater has come to. */
export interface Inflated {
  /** The next bytes of the content: at most a piece, and memory of their own. */
  readonly bytes: Uint8Array;
  /** How many bytes of the input were used for them. */
  readonly usedBytes: number;
  /**
   * `more`: give it what is behind the bytes it used. `end`: the stream ends here. `damaged`: it is
   * no DEFLATE stream.
   */
  readonly status: 'more' | 'end' | 'damaged';
}

/** Reads a DEFLATE stream. It never gives more than a piece at a time, whatever the input says. */
export class Inflater {
  readonly #stream = new ZStream();
  readonly #output = new Uint8Array(pieceBytes);
  #filled = 0;

  constructor() {
    const status = zlibInflateInit2(this.#stream, -15);
    assert(status === Z_OK, 'an inflater has no settings that could be wrong');
  }

  /** Goes on with the input. No bytes and `more`: it has used all of it, and needs what follows. */
  read(input: Uint8Array): Inflated {
    const stream = this.#stream;
    stream.input = input;
    stream.next_in = 0;
    stream.avail_in = input.length;
    stream.output = this.#output;
    stream.next_out = this.#filled;
    stream.avail_out = pieceBytes - this.#filled;
    const status = zlibInflate(stream, Z_NO_FLUSH);
    this.#filled = stream.next_out;
    const isEnd = status === Z_STREAM_END;
    // Z_BUF_ERROR only says that there is nothing to do.
    const isDamaged = !isEnd && status !== Z_OK && status !== Z_BUF_ERROR;
    const isFull = this.#filled === pieceBytes;
    const bytes = this.#output.slice(0, isEnd || isFull ? this.#filled : 0);
    if (bytes.length > 0) this.#filled = 0;
    const usedBytes = stream.next_in;
    return { bytes, usedBytes, status: isEnd ? 'end' : isDamaged ? 'damaged' : 'more' };
  }
}
