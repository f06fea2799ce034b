/**
 * The delta: a chunk as what it copies from other chunks, its bases, and what it adds.
 *
 * All bases are laid end to end, and one delta copies from any of them. It is not compressed: that
 * is done behind it, and what is written here is arranged for that (docs/format.md, "Delta").
 *
 * Nothing here decides whether a delta is worth having. Whoever reads one checks the name of the
 * chunk that comes out, as a delta against other bases of the same sizes decodes as well.
 *
 * Errors: `CORRUPT` for a delta that does not make exactly the bytes that it should.
 *
 * @module
 */

import { concatBytes, Reader, unZigzag, Writer, zigzag } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';
import { chunkBytesMax } from '../../base/limits.ts';
import { gear } from './gear.ts';
import { hotLoops } from './hot-loops.ts';

/** The hash takes two bits a byte, so a byte has left its 32 bits after 16. */
const windowBytes = 16;

/** Bytes of the bases are found where a multiple of this begins. */
const strideBytes = 8;

/**
 * Shorter copies cost more than they save, once what is not copied is compressed: measured. Where
 * the last copy would have gone on, half as much is enough, as the position costs nothing.
 */
const copyBytesMin = 32;
const resumedBytesMin = 16;

/** For a better copy that begins a little later, if this one is not long. */
const lookAheadBytes = 16;
const longCopyBytes = 256;

/** How much longer the later copy must be. */
const lookAheadGainBytes = 8;

/** How `target` can be made from the bases. Any bytes have a delta, against any bases. */
export function encodeDelta(bases: readonly Uint8Array[], target: Uint8Array): Uint8Array {
  const baseBytes = bases.reduce((sum, base) => sum + base.length, 0);
  const delta = hotLoops()?.encodeDelta(bases, target, hashShiftFor(baseBytes));
  return delta ?? encodeDeltaPlainly(bases, target);
}

/** The same without WebAssembly. */
export function encodeDeltaPlainly(bases: readonly Uint8Array[], target: Uint8Array): Uint8Array {
  const base = bases.length === 1 ? (bases[0] as Uint8Array) : concatBytes(bases);
  const copies = findCopies(base, target);
  const instructions = new Writer();
  let literalBytes = 0;
  let made = 0;
  let expected = 0;
  for (let at = 0; at < copies.length; at += copyFields) {
    const start = copies[at] as number;
    const copyBytes = (copies[at + 1] as number) - start;
    const position = copies[at + 2] as number;
    const distance = position - expected;
    instructions
      .varint(start - made)
      .varint(copyBytes)
      .varint(zigzag(distance));
    literalBytes += start - made;
    made = start + copyBytes;
    expected = position + copyBytes;
  }
  literalBytes += target.length - made;
  const size = new Writer().varint(literalBytes).finish();
  return concatBytes([size, literalsOf(target, copies, literalBytes), instructions.finish()]);
}

/** What is not copied. By single bytes: most literals are so short that a view costs more. */
function literalsOf(target: Uint8Array, copies: number[], literalBytes: number): Uint8Array {
  const literals = new Uint8Array(literalBytes);
  let filled = 0;
  let made = 0;
  for (let at = 0; at < copies.length; at += copyFields) {
    const start = copies[at] as number;
    while (made < start) literals[filled++] = target[made++] as number;
    made = copies[at + 1] as number;
  }
  literals.set(target.subarray(made), filled);
  return literals;
}

/** What the loops below look at. */
interface Search {
  readonly base: DataView;
  readonly target: DataView;
  /** Under the hash of 16 bytes, where in the base they may be, and one more; 0 is nowhere. */
  readonly places: Int32Array;
  /** How far a hash is shifted to be an index of `places`. */
  readonly hashShift: number;
}

/** Of a copy, in a list of numbers: where it starts and ends in the target, and its position. */
const copyFields = 3;

/** The copies that make most of the target, in its order. */
function findCopies(base: Uint8Array, target: Uint8Array): number[] {
  const copies: number[] = [];
  if (base.length < windowBytes || target.length < windowBytes) return copies;
  const hashShift = hashShiftFor(base.length);
  const search: Search = {
    base: new DataView(base.buffer, base.byteOffset, base.length),
    target: new DataView(target.buffer, target.byteOffset, target.length),
    places: clearedPlaces(2 ** (32 - hashShift)),
    hashShift,
  };
  indexPlaces(search);
  while (addCopy(search, copies));
  return copies;
}

/** Small bases get a table that is large for them: it costs nothing, and loses hardly a place. */
const placeBitsMin = 10;

function hashShiftFor(baseBytes: number): number {
  return Math.min(32 - placeBitsMin, Math.clz32(baseBytes / strideBytes) - 1);
}

/** Memory that serves one call after the other, up to this size: making it took a third of all. */
const keptPlaces = 2 ** 18;
let lastPlaces = new Int32Array(0);

function clearedPlaces(count: number): Int32Array {
  if (count > keptPlaces) return new Int32Array(count);
  if (count > lastPlaces.length) lastPlaces = new Int32Array(count);
  return lastPlaces.subarray(0, count).fill(0);
}

/*
 * The hot loops. Views read four bytes at any place, whatever the machine.
 */

/** Notes the places of the base. Where two have the same hash, the later one stays. */
function indexPlaces({ base, places, hashShift }: Search): void {
  const end = base.byteLength - strideBytes;
  let hash = 0;
  for (let at = 0; at <= end; at += strideBytes) {
    hash = rollWord(rollWord(hash, base.getInt32(at, true)), base.getInt32(at + 4, true));
    const place = at + strideBytes - windowBytes;
    if (place >= 0) places[hash >>> hashShift] = place + 1;
  }
}

function rollByte(hash: number, byte: number): number {
  return ((hash << 2) + (gear[byte] as number)) | 0;
}

function rollWord(hash: number, word: number): number {
  const rolled = rollByte(rollByte(hash, word & 0xff), (word >>> 8) & 0xff);
  return rollByte(rollByte(rolled, (word >>> 16) & 0xff), word >>> 24);
}

/** Adds the next copy, if there is one: that of where the last one goes on, or else any. */
function addCopy(search: Search, copies: number[]): boolean {
  const { base, target, places, hashShift } = search;
  const made = copies.at(-2) ?? 0;
  const offset = (copies.at(-1) ?? 0) - (copies.at(-copyFields) ?? 0);
  const resumableEnd = Math.min(target.byteLength, base.byteLength - offset) - resumedBytesMin;
  let hash = 0;
  for (let at = made; at < target.byteLength; at++) {
    if (at <= resumableEnd && base.getInt32(at + offset, true) === target.getInt32(at, true)) {
      const copyBytes = sameAhead(search, at + offset, at);
      if (copyBytes >= resumedBytesMin) {
        copies.push(at, at + copyBytes, at + offset);
        return true;
      }
    }
    hash = rollByte(hash, target.getUint8(at));
    const from = at + 1 - windowBytes;
    if (from < made) continue;
    const place = (places[hash >>> hashShift] as number) - 1;
    if (place < 0 || base.getInt32(place, true) !== target.getInt32(from, true)) continue;
    const ahead = sameAhead(search, place, from);
    if (ahead < windowBytes) continue;
    const behind = sameBehind(search, place, from, made);
    if (ahead + behind < copyBytesMin) continue;
    copies.push(from - behind, from + ahead, place - behind);
    lookAhead(search, copies, hash, at + 1);
    return true;
  }
  return false;
}

/** Replaces the copy just added, if it is not long and one that begins a little later is better. */
function lookAhead(search: Search, copies: number[], hashBefore: number, next: number): void {
  const { target, places, hashShift } = search;
  const [start, end, position] = copies.slice(-copyFields) as [number, number, number];
  const made = copies.at(-copyFields - 2) ?? 0;
  const until = Math.min(target.byteLength, next + lookAheadBytes);
  let best = end - start;
  let offset = position - start;
  let hash = hashBefore;
  for (let at = next; at < until && best < longCopyBytes; at++) {
    hash = rollByte(hash, target.getUint8(at));
    const from = at + 1 - windowBytes;
    const place = (places[hash >>> hashShift] as number) - 1;
    if (place < 0 || place - from === offset) continue;
    const ahead = sameAhead(search, place, from);
    if (ahead < windowBytes) continue;
    const behind = sameBehind(search, place, from, made);
    if (ahead + behind < best + lookAheadGainBytes) continue;
    best = ahead + behind;
    offset = place - from;
    copies.splice(-copyFields, copyFields, from - behind, from + ahead, place - behind);
  }
}

/** How many bytes are the same from these places on. */
function sameAhead({ base, target }: Search, place: number, from: number): number {
  const limit = Math.min(base.byteLength - place, target.byteLength - from);
  let count = 0;
  while (count + 4 <= limit) {
    const difference = base.getInt32(place + count, true) ^ target.getInt32(from + count, true);
    // The lowest bit that differs is in the first byte that does.
    if (difference !== 0) return count + ((31 - Math.clz32(difference & -difference)) >> 3);
    count += 4;
  }
  while (count < limit && base.getUint8(place + count) === target.getUint8(from + count)) count++;
  return count;
}

/** How many bytes are the same before these places: of the target none that is made already. */
function sameBehind({ base, target }: Search, place: number, from: number, made: number): number {
  const limit = Math.min(place, from - made);
  let count = 0;
  while (count < limit && base.getUint8(place - count - 1) === target.getUint8(from - count - 1)) {
    count++;
  }
  return count;
}

/**
 * The bytes that a delta makes, in memory of their own.
 *
 * @param bases - Those it was encoded against, in the same order.
 * @param targetBytes - How many bytes there must be.
 * @throws `CORRUPT` if the delta is not one, or does not make so many bytes.
 */
export function decodeDelta(
  bases: readonly Uint8Array[],
  delta: Uint8Array,
  targetBytes: number,
): Uint8Array {
  if (targetBytes > chunkBytesMax) throw corrupt(`a delta claims to make ${targetBytes} bytes`);
  const target = hotLoops()?.decodeDelta(bases, delta, targetBytes);
  return target ?? decodeDeltaPlainly(bases, delta, targetBytes);
}

/** The same without WebAssembly; and it says what is wrong with a delta. */
export function decodeDeltaPlainly(
  bases: readonly Uint8Array[],
  delta: Uint8Array,
  targetBytes: number,
): Uint8Array {
  const target = new Uint8Array(targetBytes);
  const reader = new Reader(delta, 'a delta');
  const literals = new Reader(reader.bytes(readVarint(reader, delta)), 'a delta');
  let made = 0;
  let expected = 0;
  while (!reader.atEnd) {
    const literalBytes = readVarint(reader, delta);
    const copyBytes = readVarint(reader, delta);
    const distance = readVarint(reader, delta);
    if (copyBytes === 0) throw corrupt('a delta copies nothing');
    if (literalBytes + copyBytes > targetBytes - made) throw corrupt('a delta makes too much');
    target.set(literals.bytes(literalBytes), made);
    made += literalBytes;
    const position = expected + unZigzag(distance);
    copyFrom(bases, position, target.subarray(made, made + copyBytes));
    made += copyBytes;
    expected = position + copyBytes;
  }
  target.set(literals.bytes(targetBytes - made), made);
  if (!literals.atEnd) throw corrupt('a delta makes too much');
  return target;
}

/** Fills `target` with what lies at `position` of the bases. */
function copyFrom(bases: readonly Uint8Array[], position: number, target: Uint8Array): void {
  if (position < 0) throw corrupt('a delta copies from before its bases');
  let skipped = position;
  let filled = 0;
  for (const base of bases) {
    const part = base.subarray(skipped, skipped + target.length - filled);
    target.set(part, filled);
    filled += part.length;
    skipped = Math.max(0, skipped - base.length);
    if (filled === target.length) return;
  }
  throw corrupt('a delta copies from behind its bases');
}

/** A varint in its shortest form. */
function readVarint(reader: Reader, bytes: Uint8Array): number {
  const start = reader.offset;
  const value = reader.varint();
  if (reader.offset - start > 1 && bytes[reader.offset - 1] === 0) {
    throw corrupt('a delta has an integer that is longer than need be');
  }
  return value;
}
