/**
 * The samples of a chunk, and the greatest values that twelve functions have at them: the plain
 * loop is `sampleInto` of `src/engine/chunk/resemblance.ts`.
 */

import { addendsAt, foundAt, foundEnd, gearOf, greatestAt, multipliersAt } from './memory';

/** The gear hash is one of so many bytes. */
const windowBytes: i32 = 32;

/** Four stretches find so many bytes of samples at a step. */
const foundStepBytes: i32 = 4 * 4;

/**
 * Leaves at `greatestAt` the greatest values at the samples of a chunk. Returns how many those are.
 *
 * Four stretches are rolled side by side, each from the window before it: a hash waits for the one
 * before it, and for nothing else.
 */
export function sample(chunk: i32, chunkBytes: i32, mask: i32): i32 {
  setGreatest(i32.MIN_VALUE);
  if (chunkBytes < windowBytes) return 0;
  const start = chunk + windowBytes - 1;
  const stretch = (chunkBytes - windowBytes + 1) >> 2;
  let a = hashBefore(start);
  let b = hashBefore(start + stretch);
  let c = hashBefore(start + 2 * stretch);
  let d = hashBefore(start + 3 * stretch);
  let found = foundAt;
  let foundBytes = 0;
  for (let at = start; at < start + stretch; at++) {
    a = (a << 1) + gearOf(at);
    b = (b << 1) + gearOf(at + stretch);
    c = (c << 1) + gearOf(at + 2 * stretch);
    d = (d << 1) + gearOf(at + 3 * stretch);
    if ((a & mask) === 0) found = note(found, a);
    if ((b & mask) === 0) found = note(found, b);
    if ((c & mask) === 0) found = note(found, c);
    if ((d & mask) === 0) found = note(found, d);
    if (found <= foundEnd - foundStepBytes) continue;
    raise(found);
    foundBytes += found - foundAt;
    found = foundAt;
  }
  // At most three bytes are left.
  for (let at = start + 4 * stretch; at < chunk + chunkBytes; at++) {
    d = (d << 1) + gearOf(at);
    if ((d & mask) === 0) found = note(found, d);
  }
  raise(found);
  return (foundBytes + found - foundAt) >> 2;
}

/** The hash of the window that lacks the byte at a place. */
function hashBefore(end: i32): i32 {
  let hash: i32 = 0;
  for (let at = end - windowBytes + 1; at < end; at++) hash = (hash << 1) + gearOf(at);
  return hash;
}

function note(found: i32, hash: i32): i32 {
  store<i32>(found, hash);
  return found + 4;
}

function setGreatest(value: i32): void {
  const all = v128.splat<i32>(value);
  v128.store(greatestAt, all);
  v128.store(greatestAt, all, 16);
  v128.store(greatestAt, all, 32);
}

/** Raises the values to those of the samples up to `end`: four functions at a time. */
function raise(end: i32): void {
  const factors1 = v128.load(multipliersAt);
  const factors2 = v128.load(multipliersAt, 16);
  const factors3 = v128.load(multipliersAt, 32);
  const addends1 = v128.load(addendsAt);
  const addends2 = v128.load(addendsAt, 16);
  const addends3 = v128.load(addendsAt, 32);
  let most1 = v128.load(greatestAt);
  let most2 = v128.load(greatestAt, 16);
  let most3 = v128.load(greatestAt, 32);
  for (let at = foundAt; at < end; at += 4) {
    const hash = v128.load32_splat(at);
    most1 = i32x4.max_s(most1, i32x4.add(i32x4.mul(hash, factors1), addends1));
    most2 = i32x4.max_s(most2, i32x4.add(i32x4.mul(hash, factors2), addends2));
    most3 = i32x4.max_s(most3, i32x4.add(i32x4.mul(hash, factors3), addends3));
  }
  v128.store(greatestAt, most1);
  v128.store(greatestAt, most2, 16);
  v128.store(greatestAt, most3, 32);
}
