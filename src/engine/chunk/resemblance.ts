/**
 * Resemblance: six numbers of a chunk, of which similar chunks have some in common.
 *
 * Where the top bits of the gear hash are zero, the hash is a sample. The 32 bytes before it decide
 * that, and nothing else, so chunks that share bytes share samples. Each of twelve functions has
 * its greatest value at some sample, and two chunks agree in it as likely as is the share of their
 * samples that both have. Two such values make a super-feature, so that hardly any chunks agree in
 * one by chance; and there are six of them, so that similar ones agree in one at least.
 *
 * The numbers are kept in a derived file and are advice: were they to change, similar chunks that
 * were written before would not be found, and new ones take more space. A test pins them.
 *
 * Why small chunks are sampled more densely: a file of 300 bytes would have four samples at best.
 * The denser samples contain the others, so a chunk that grows over a limit is often still found.
 *
 * @module
 */

import { gear, rollGear } from './gear.ts';
import { hotLoops, type Samples } from './hot-loops.ts';
import { addends, mix, multipliers, valueCount } from './sample-functions.ts';

/** How many super-features a chunk has, if it has any: two values make one. */
export const superFeatureCount: number = valueCount / 2;

/** Fewer samples would make a chunk similar to whatever shares one piece of a few bytes. */
const sampleCountMin = 4;

/** The gear hash is one of so many bytes. */
const sampleWindowBytes = 32;

/** How many top bits of a sample are zero. */
function sampleBits(chunkBytes: number): number {
  if (chunkBytes < 2 * 1024) return 2;
  return chunkBytes < 16 * 1024 ? 4 : 6;
}

/**
 * The super-features of a chunk: six, or none if the chunk is too small or too uniform to have any.
 *
 * Similar chunks have some in common, each at its place among the six; and, as the place is part of
 * the number, at no other.
 */
export function superFeatures(bytes: Uint8Array): Uint32Array {
  const mask = -1 << (32 - sampleBits(bytes.length));
  const { count, greatest } = hotLoops()?.sample(bytes, mask) ?? samplePlainly(bytes, mask);
  if (count < sampleCountMin) return new Uint32Array(0);
  const features = new Uint32Array(superFeatureCount);
  for (let i = 0; i < superFeatureCount; i++) {
    const [first, second] = [greatest[2 * i] as number, greatest[2 * i + 1] as number];
    features[i] = mix(mix(mix(i) ^ first) ^ second);
  }
  return features;
}

/** What the hot loop of samples does, which is there in WebAssembly, too. */
export function samplePlainly(bytes: Uint8Array, mask: number): Samples {
  const greatest = new Int32Array(valueCount).fill(-(2 ** 31));
  return { count: sampleInto(greatest, bytes, mask), greatest };
}

/** Samples that were found and not looked at yet. One memory serves all chunks. */
const found = new Int32Array(4096);

/** Four stretches find so many at most, between two looks at how many there are. */
const foundMax: number = found.length - 4 * 4;

/**
 * Raises the values to the greatest of the samples of a chunk. Returns how many those were.
 *
 * A hash waits for the one before it, and for nothing else. So four stretches of the chunk are
 * rolled side by side, each from the window before it, which takes a third less time: it finds the
 * same samples in another order.
 */
function sampleInto(greatest: Int32Array, bytes: Uint8Array, mask: number): number {
  if (bytes.length < sampleWindowBytes) return 0;
  const start = sampleWindowBytes - 1;
  const stretchBytes = ((bytes.length - start) >> 4) << 2;
  const end = start + 4 * stretchBytes;
  let count = sampleStretches(greatest, bytes, mask, stretchBytes);
  let hash = hashBefore(bytes, end);
  for (let at = end; at < bytes.length; at++) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0;
    if ((hash & mask) !== 0) continue;
    found[0] = hash;
    count += raise(greatest, 1);
  }
  return count;
}

/** The samples of four stretches, one behind the other, of so many bytes each: a multiple of 4. */
function sampleStretches(
  greatest: Int32Array,
  bytes: Uint8Array,
  mask: number,
  stretchBytes: number,
): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [second, third, fourth] = [stretchBytes, 2 * stretchBytes, 3 * stretchBytes];
  const start = sampleWindowBytes - 1;
  let a = hashBefore(bytes, start);
  let b = hashBefore(bytes, start + second);
  let c = hashBefore(bytes, start + third);
  let d = hashBefore(bytes, start + fourth);
  let count = 0;
  let foundCount = 0;
  for (let at = start; at < start + stretchBytes; at += 4) {
    const ofA = view.getInt32(at, true);
    const ofB = view.getInt32(at + second, true);
    const ofC = view.getInt32(at + third, true);
    const ofD = view.getInt32(at + fourth, true);
    for (let shift = 0; shift < 32; shift += 8) {
      a = ((a << 1) + (gear[(ofA >>> shift) & 0xff] as number)) | 0;
      b = ((b << 1) + (gear[(ofB >>> shift) & 0xff] as number)) | 0;
      c = ((c << 1) + (gear[(ofC >>> shift) & 0xff] as number)) | 0;
      d = ((d << 1) + (gear[(ofD >>> shift) & 0xff] as number)) | 0;
      if ((a & mask) === 0) found[foundCount++] = a;
      if ((b & mask) === 0) found[foundCount++] = b;
      if ((c & mask) === 0) found[foundCount++] = c;
      if ((d & mask) === 0) found[foundCount++] = d;
    }
    if (foundCount <= foundMax) continue;
    count += raise(greatest, foundCount);
    foundCount = 0;
  }
  return count + raise(greatest, foundCount);
}

/** The hash of the window that lacks the byte at a place. */
function hashBefore(bytes: Uint8Array, at: number): number {
  return rollGear(0, bytes, at - sampleWindowBytes + 1, at);
}

/** Raises the values to those of the samples found. Returns how many those were. */
function raise(greatest: Int32Array, foundCount: number): number {
  for (let i = 0; i < valueCount; i++) {
    const multiplier = multipliers[i] as number;
    const addend = addends[i] as number;
    let most = greatest[i] as number;
    for (let at = 0; at < foundCount; at++) {
      const value = (Math.imul(found[at] as number, multiplier) + addend) | 0;
      if (value > most) most = value;
    }
    greatest[i] = most;
  }
  return foundCount;
}
