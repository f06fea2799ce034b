/**
 * Bytes: joining, comparing, and the little-endian and variable-length integers of the formats.
 *
 * Everything here works on plain `Uint8Array`, in a browser too. Integers on disk are
 * little-endian; a varint is unsigned LEB128 (7 bits a byte, low bits first, as in DWARF and
 * Protocol Buffers) and holds at most 2^53 - 1, so that it always fits in a number. {@link Reader}
 * throws `CORRUPT` when bytes run out or a varint is too long: what it reads comes from disk.
 *
 * @module
 */

import { assert } from './assert.ts';
import { corrupt } from './errors.ts';

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes of a string, in UTF-8. */
export function encodeUtf8(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}

/** A string from its UTF-8 bytes. Throws `TypeError` if they are not well-formed. */
export function decodeUtf8(bytes: Uint8Array): string {
  return utf8Decoder.decode(bytes);
}

/** One array that holds all parts, in order. The result shares no memory with them. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const joined = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Bytewise order: negative, zero or positive, as `Array.prototype.sort` wants it. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Whether two arrays hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

/** A number that may be negative as one that is not: 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4. */
export function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** The reverse of {@link zigzag}. */
export function unZigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  // A plain array: as arguments of a call it takes half the time that a typed one does.
  const codes = new Array<number>(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    codes[2 * i] = hexDigits[byte >> 4] as number;
    codes[2 * i + 1] = hexDigits[byte & 15] as number;
  }
  if (codes.length <= charactersAtOnce) return charactersOf(codes);
  let hex = '';
  for (let at = 0; at < codes.length; at += charactersAtOnce) {
    hex += charactersOf(codes.slice(at, at + charactersAtOnce));
  }
  return hex;
}

const hexDigits = encodeUtf8('0123456789abcdef');

/** A string with one character a byte: the cheapest key for a `Map`, sorted as the bytes are. */
export function toBinaryString(bytes: Uint8Array): string {
  // Many characters at a time: of a string that grew by single ones V8 keeps every step, and a key
  // of 32 bytes took 800. No view of a few bytes: it moves them out of V8's heap, and costs 300.
  if (bytes.length <= charactersAtOnce) return charactersOf(bytes);
  let text = '';
  for (let at = 0; at < bytes.length; at += charactersAtOnce) {
    text += charactersOf(bytes.subarray(at, at + charactersAtOnce));
  }
  return text;
}

function charactersOf(codes: ArrayLike<number>): string {
  return Reflect.apply(String.fromCharCode, undefined, codes) as string;
}

/** A call takes so many arguments safely. */
const charactersAtOnce = 4096;

/** The bytes of a binary string. */
export function fromBinaryString(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  writeBinaryString(bytes, 0, text);
  return bytes;
}

/** Puts the bytes of a binary string into `target`, which has room for them. */
export function writeBinaryString(target: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) target[at + i] = text.charCodeAt(i);
}

/** Puts four bytes, little-endian, into `target`. */
export function writeU32(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}

/** Four bytes, little-endian, that are there. */
export function readU32(bytes: Uint8Array, at: number): number {
  const [a, b] = [bytes[at] as number, bytes[at + 1] as number];
  const [c, d] = [bytes[at + 2] as number, bytes[at + 3] as number];
  return a + b * 2 ** 8 + c * 2 ** 16 + d * 2 ** 24;
}

/** A copy of a few bytes that are there: it costs less than a view of them. */
export function copyOf(bytes: Uint8Array, at: number, byteCount: number): Uint8Array {
  const copy = new Uint8Array(byteCount);
  for (let i = 0; i < byteCount; i++) copy[i] = bytes[at + i] as number;
  return copy;
}

/** V8 keeps so small an array in its own heap, where making one takes an eighth of the time. */
const writerBytes = 64;

/** Builds a record field by field; grows as needed. */
export class Writer {
  // No view of it: that would move it out of V8's heap.
  #bytes = new Uint8Array(writerBytes);
  #size = 0;

  /** How many bytes have been written. */
  get size(): number {
    return this.#size;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    this.#bytes[at] = value;
    this.#bytes[at + 1] = value >>> 8;
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    writeU32(this.#bytes, at, value);
    return this;
  }

  /** An integer of up to 53 bits in eight bytes. */
  u64(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, 'a u64 is a safe, unsigned integer');
    return this.u32(value % 2 ** 32).u32(Math.floor(value / 2 ** 32));
  }

  varint(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, 'a varint is a safe, unsigned integer');
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.u8(rest);
  }

  bytes(value: Uint8Array): this {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** Bytes with their length before them. */
  sized(value: Uint8Array): this {
    return this.varint(value.length).bytes(value);
  }

  /** A string in UTF-8 with its length in bytes before it. */
  text(value: string): this {
    return this.sized(encodeUtf8(value));
  }

  /** Names with their values, up to the end of the record. */
  textMap(map: Readonly<Record<string, string>>): this {
    for (const [name, value] of Object.entries(map)) this.text(name).text(value);
    return this;
  }

  /**
   * The fields of a record that are there, each with its number on disk, up to the end of it.
   */
  numbers<Field extends string>(
    record: Readonly<Partial<Record<Field, number>>>,
    numbersOnDisk: Readonly<Record<Field, number>>,
  ): this {
    for (const field of Object.keys(numbersOnDisk) as Field[]) {
      const value = record[field];
      if (value !== undefined) this.varint(numbersOnDisk[field]).varint(value);
    }
    return this;
  }

  /** What was written, as an array of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  #reserve(byteCount: number): number {
    const at = this.#size;
    this.#size += byteCount;
    if (this.#size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#size, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return at;
  }
}

/** Reads a record field by field. Every read checks that the bytes are there. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #offset: number;

  /** @param what - What is read, for the message of an error: `a commit frame`. */
  constructor(bytes: Uint8Array, what: string, offset = 0) {
    this.#bytes = bytes;
    this.#what = what;
    this.#offset = offset;
  }

  /** Where the next read begins. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether everything has been read. */
  get atEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  u8(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  u16(): number {
    const at = this.#take(2);
    return (this.#bytes[at] as number) + (this.#bytes[at + 1] as number) * 2 ** 8;
  }

  u32(): number {
    return readU32(this.#bytes, this.#take(4));
  }

  u64(): number {
    const at = this.#take(8);
    const value = readU32(this.#bytes, at) + readU32(this.#bytes, at + 4) * 2 ** 32;
    if (!Number.isSafeInteger(value)) throw this.#damaged('holds an integer above 2^53');
    return value;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 0x80;
    }
    throw this.#damaged('holds an integer that is too long');
  }

  /** A view of the next bytes: it shares memory with what is read. */
  bytes(byteCount: number): Uint8Array {
    const at = this.#take(byteCount);
    return this.#bytes.subarray(at, at + byteCount);
  }

  /** A copy of the next bytes. */
  copy(byteCount: number): Uint8Array {
    return copyOf(this.#bytes, this.#take(byteCount), byteCount);
  }

  /** The next bytes are of no interest. */
  skip(byteCount: number): void {
    this.#take(byteCount);
  }

  sized(): Uint8Array {
    return this.bytes(this.varint());
  }

  /** A view of all that has not been read. */
  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#offset);
  }

  text(): string {
    const bytes = this.sized();
    try {
      return decodeUtf8(bytes);
    } catch (cause) {
      throw corrupt(`${this.#what} holds text that is not UTF-8`, cause);
    }
  }

  /** Names with their values, up to the end of the record. */
  textMap(): Record<string, string> {
    const entries: [string, string][] = [];
    while (!this.atEnd) entries.push([this.text(), this.text()]);
    // Not `map[name] = value`: a name may be `__proto__`.
    return Object.fromEntries(entries);
  }

  /**
   * Fields with their numbers on disk, up to the end of the record. `undefined` if there is one
   * that is not known, or none.
   */
  numbers<Field extends string>(
    numbersOnDisk: Readonly<Record<Field, number>>,
  ): Partial<Record<Field, number>> | undefined {
    const names = Object.keys(numbersOnDisk) as Field[];
    const record: Partial<Record<Field, number>> = {};
    let isKnown = !this.atEnd;
    while (!this.atEnd) {
      const [number, value] = [this.varint(), this.varint()];
      const field = names.find((name) => numbersOnDisk[name] === number);
      if (field === undefined) isKnown = false;
      else record[field] = value;
    }
    return isKnown ? record : undefined;
  }

  #take(byteCount: number): number {
    const at = this.#offset;
    if (byteCount > this.#bytes.length - at) throw this.#damaged('ends too early');
    this.#offset = at + byteCount;
    return at;
  }

  #damaged(how: string): Error {
    return corrupt(`${this.#what} ${how}`);
  }
}
