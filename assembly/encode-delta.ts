/**
 * A delta encoded: the plain loops are those of `src/engine/chunk/delta.ts`, and its comments say
 * why they do what they do. Places in `places` are addresses here, and 0 is nowhere.
 */

import { gearOf } from './memory';

const windowBytes: i32 = 16;
const strideBytes: i32 = 8;
const copyBytesMin: i32 = 32;
const resumedBytesMin: i32 = 16;
const lookAheadBytes: i32 = 16;
const longCopyBytes: i32 = 256;
const lookAheadGainBytes: i32 = 8;

/** The size of the literals comes before them: so many bytes at most. */
const sizeBytesMax: i32 = 4;

/** Of the copy found last: where it starts and ends in the target, and how far off its base is. */
let start: i32 = 0;
let end: i32 = 0;
let offset: i32 = 0;

/** Of the base: where it lies, and the table of its places. */
let base: i32 = 0;
let baseEnd: i32 = 0;
let places: i32 = 0;
let hashShift: i32 = 0;
let targetEnd: i32 = 0;

/**
 * Writes the delta to `output`. Returns its size, which is that of the target and 4 at most.
 *
 * @param table - Memory for 2^(32 - shift) integers.
 * @param instructions - Memory for as many bytes as the target has.
 */
export function encodeDelta(
  baseAt: i32,
  baseBytes: i32,
  target: i32,
  targetBytes: i32,
  table: i32,
  shift: i32,
  output: i32,
  instructions: i32,
): i32 {
  base = baseAt;
  baseEnd = baseAt + baseBytes;
  places = table;
  hashShift = shift;
  targetEnd = target + targetBytes;
  const literals = output + sizeBytesMax;
  let literal = literals;
  let instruction = instructions;
  let made = target;
  if (baseBytes >= windowBytes && targetBytes >= windowBytes) {
    indexPlaces();
    end = target;
    offset = base - target;
    let expected = base;
    while (findCopy()) {
      literal = copied(literal, made, start);
      instruction = varint(instruction, start - made);
      instruction = varint(instruction, end - start);
      const distance = start + offset - expected;
      instruction = varint(instruction, distance < 0 ? -2 * distance - 1 : 2 * distance);
      made = end;
      expected = end + offset;
    }
  }
  literal = copied(literal, made, targetEnd);
  const afterSize = varint(output, literal - literals);
  return copied(copied(afterSize, literals, literal), instructions, instruction) - output;
}

/** Copies the bytes of `from` to `end` to `to`. Returns where they end there. */
function copied(to: i32, from: i32, end: i32): i32 {
  memory.copy(to, from, end - from);
  return to + end - from;
}

function varint(at: i32, value: i32): i32 {
  while (value >= 0x80) {
    store<u8>(at++, (value & 0x7f) | 0x80);
    value >>= 7;
  }
  store<u8>(at, value);
  return at + 1;
}

function rollByte(hash: i32, at: i32): i32 {
  return (hash << 2) + gearOf(at);
}

function placeOf(hash: i32): i32 {
  return places + ((hash >>> hashShift) << 2);
}

/** Notes the places of the base. Where two have the same hash, the later one stays. */
function indexPlaces(): void {
  memory.fill(places, 0, 4 << (32 - hashShift));
  let hash: i32 = 0;
  for (let at = base; at + strideBytes <= baseEnd; at += strideBytes) {
    for (let i = 0; i < strideBytes; i++) hash = rollByte(hash, at + i);
    const place = at + strideBytes - windowBytes;
    if (place >= base) store<i32>(placeOf(hash), place);
  }
}

/** The next copy: that of where the last one goes on, or else any. */
function findCopy(): bool {
  const made = end;
  const resumable = offset;
  const resumableEnd = min(targetEnd, baseEnd - resumable) - resumedBytesMin;
  let hash: i32 = 0;
  for (let at = made; at < targetEnd; at++) {
    if (at <= resumableEnd && load<i32>(at + resumable) === load<i32>(at)) {
      const copyBytes = sameAhead(at + resumable, at);
      if (copyBytes >= resumedBytesMin) {
        start = at;
        end = at + copyBytes;
        return true;
      }
    }
    hash = rollByte(hash, at);
    const from = at + 1 - windowBytes;
    if (from < made) continue;
    const place = load<i32>(placeOf(hash));
    if (place === 0 || load<i32>(place) !== load<i32>(from)) continue;
    const ahead = sameAhead(place, from);
    if (ahead < windowBytes) continue;
    const behind = sameBehind(place, from, made);
    if (ahead + behind < copyBytesMin) continue;
    start = from - behind;
    end = from + ahead;
    offset = place - from;
    lookAhead(made, hash, at + 1);
    return true;
  }
  return false;
}

/** Replaces the copy just found, if it is not long and one that begins a little later is better. */
function lookAhead(made: i32, hash: i32, next: i32): void {
  const until = min(targetEnd, next + lookAheadBytes);
  let best = end - start;
  for (let at = next; at < until && best < longCopyBytes; at++) {
    hash = rollByte(hash, at);
    const from = at + 1 - windowBytes;
    const place = load<i32>(placeOf(hash));
    if (place === 0 || place - from === offset) continue;
    const ahead = sameAhead(place, from);
    if (ahead < windowBytes) continue;
    const behind = sameBehind(place, from, made);
    if (ahead + behind < best + lookAheadGainBytes) continue;
    best = ahead + behind;
    offset = place - from;
    start = from - behind;
    end = from + ahead;
  }
}

/** How many bytes are the same from these places on. */
function sameAhead(place: i32, from: i32): i32 {
  const limit = min(baseEnd - place, targetEnd - from);
  let count: i32 = 0;
  while (count + 8 <= limit) {
    const difference = load<u64>(place + count) ^ load<u64>(from + count);
    // The lowest bit that differs is in the first byte that does.
    if (difference !== 0) return count + <i32>(ctz(difference) >> 3);
    count += 8;
  }
  while (count < limit && load<u8>(place + count) === load<u8>(from + count)) count++;
  return count;
}

/** How many bytes are the same before these places: of the target none that is made already. */
function sameBehind(place: i32, from: i32, made: i32): i32 {
  const limit = min(place - base, from - made);
  let count: i32 = 0;
  while (count < limit && load<u8>(place - count - 1) === load<u8>(from - count - 1)) count++;
  return count;
}
