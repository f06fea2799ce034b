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

import { concatBytes, Reader, Writer } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';
import { chunkBytesMax } from '../../base/limits.ts';
import { gear } from './gear.ts';

/** The hash takes two bits a byte, so a byte has left its 32 bits after 16. */
const windowBytes = 16;

/** Every so many bytes of the bases can be found. */
const strideBytes = 8;

/** How `target` can be made from the bases. Any bytes have a delta, against any bases. */
export function encodeDelta(bases: readonly Uint8Array[], target: Uint8Array): Uint8Array {
  const base = bases.length === 1 ? (bases[0] as Uint8Array) : concatBytes(bases);
  const copies = findCopies(base, target);
  const literals: Uint8Array[] = [];
  const instructions = new Writer();
  let made = 0;
  let expected = 0;
  for (let i = 0; i < copies.length; i += 3) {
    const [from, to, position] = copies.slice(i, i + 3) as [number, number, number];
    literals.push(target.subarray(made, from));
    const distance = position - expected;
    instructions
      .varint(from - made)
      .varint(to - from)
      .varint(distance < 0 ? -2 * distance - 1 : 2 * distance);
    made = to;
    expected = position + to - from;
  }
  literals.push(target.subarray(made));
  const literal = concatBytes(literals);
  return concatBytes([
    new Writer().varint(literal.length).finish(),
    literal,
    instructions.finish(),
  ]);
}

/** From where in the target, to where, and the position in the base: three numbers a copy. */
function findCopies(base: Uint8Array, target: Uint8Array): number[] {
  const copies: number[] = [];
  if (base.length < windowBytes || target.length < windowBytes) return copies;
  const bits = Math.max(4, 32 - Math.clz32(base.length / strideBytes));
  const places = indexPlaces(base, bits);
  let made = 0;
  let hash = 0;
  let rolledFrom = 0;
  let at = 0;
  while (at < target.length) {
    hash = ((hash << 2) + (gear[target[at] as number] as number)) | 0;
    at++;
    if (at - rolledFrom < windowBytes) continue;
    const place = (places[hash >>> (32 - bits)] as number) - 1;
    let start = at - windowBytes;
    if (place < 0 || sameBytes(base, place, target, start) < windowBytes) continue;
    let position = place;
    const end = start + sameBytes(base, place, target, start);
    while (start > made && position > 0 && base[position - 1] === target[start - 1]) {
      start--;
      position--;
    }
    copies.push(start, end, position);
    made = end;
    rolledFrom = end;
    at = end;
  }
  return copies;
}

function indexPlaces(base: Uint8Array, bits: number): Int32Array {
  const places = new Int32Array(1 << bits);
  let hash = 0;
  for (let at = 0; at < base.length; at++) {
    hash = ((hash << 2) + (gear[base[at] as number] as number)) | 0;
    const place = at + 1 - windowBytes;
    if (place >= 0 && place % strideBytes === 0) places[hash >>> (32 - bits)] = place + 1;
  }
  return places;
}

function sameBytes(base: Uint8Array, place: number, target: Uint8Array, start: number): number {
  const limit = Math.min(base.length - place, target.length - start);
  let count = 0;
  while (count < limit && base[place + count] === target[start + count]) count++;
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
    const position = expected + (distance % 2 === 0 ? distance / 2 : -(distance + 1) / 2);
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
