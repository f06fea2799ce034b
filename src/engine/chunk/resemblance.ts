/**
 * Resemblance: a few numbers of a chunk, of which similar chunks have some in common.
 *
 * Where the top bits of the gear hash are zero, the hash is a sample: which 32 bytes are sampled
 * depends on them alone, so two chunks that share bytes share samples. Each of twelve functions of
 * a sample has its maximum at some sample of the chunk; two chunks agree in a maximum as likely as
 * the share of samples that they have in common. Two maxima make a super-feature, so that only
 * chunks with much in common agree in one, and there are six of them, so that they do in some.
 *
 * The numbers are kept in a file, but nothing depends on them: were they to change, chunks written
 * before would not be found to be similar, and take more space.
 *
 * @module
 */

import { gear } from './gear.ts';

/** How many super-features a chunk has. */
export const superFeatureCount = 6;

const featureCount = 2 * superFeatureCount;

/** The functions: multiply by the first number, which is odd, and add the second. */
const transforms: Int32Array = makeTransforms();

/** Drawn from splitmix32, as the gear table is, with a seed of 4. */
function makeTransforms(): Int32Array {
  const table = new Int32Array(2 * featureCount);
  for (let i = 0; i < table.length; i++) {
    let mixed = (4 + Math.imul(i + 1, 0x9e3779b9)) | 0;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    mixed ^= mixed >>> 15;
    table[i] = i % 2 === 0 ? mixed | 1 : mixed;
  }
  return table;
}

/** How many top bits of a sampled hash are zero: one hash in 64 of a large chunk is a sample. */
function sampleBits(chunkBytes: number): number {
  if (chunkBytes < 2048) return 2;
  return chunkBytes < 16 * 1024 ? 4 : 6;
}

/**
 * The super-features of a chunk: six, or none if it is too small, or too uniform, to say anything.
 */
export function superFeatures(bytes: Uint8Array): Uint32Array {
  const maxima = new Uint32Array(featureCount);
  if (sampleInto(maxima, bytes, -1 << (32 - sampleBits(bytes.length))) < sampleCountMin) {
    return new Uint32Array(0);
  }
  const found = new Uint32Array(superFeatureCount);
  for (let i = 0; i < superFeatureCount; i++) {
    found[i] = superFeature(i, maxima[2 * i] as number, maxima[2 * i + 1] as number);
  }
  return found;
}

const sampleCountMin = 4;

/** Raises the maxima to those of the samples. Returns how many samples there were. */
function sampleInto(maxima: Uint32Array, bytes: Uint8Array, mask: number): number {
  let count = 0;
  let hash = 0;
  for (let at = 0; at < bytes.length; at++) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0;
    if ((hash & mask) !== 0 || at < 31) continue;
    count++;
    for (let i = 0; i < featureCount; i++) {
      const value =
        (Math.imul(transforms[2 * i] as number, hash) + (transforms[2 * i + 1] as number)) >>> 0;
      if (value > (maxima[i] as number)) maxima[i] = value;
    }
  }
  return count;
}

/** Two maxima as one number. The position is mixed in, so that only equals meet in a table. */
function superFeature(position: number, first: number, second: number): number {
  let mixed = (Math.imul(first, 0x9e3779b1) + Math.imul(second ^ position, 0x85ebca77)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
