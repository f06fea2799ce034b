/**
 * The functions of a sample: it is multiplied by one number, and another is added.
 *
 * They never change, or similar chunks that were written before are not found any more.
 *
 * @module
 */

/** How many functions there are. */
export const valueCount = 12;

/** Drawn from splitmix32, as the gear table is. */
export const multipliers: Int32Array = drawn(4).map((number) => number | 1);
export const addends: Int32Array = drawn(5);

function drawn(seed: number): Int32Array {
  return new Int32Array(valueCount).map((_, i) => mix((seed + Math.imul(i + 1, 0x9e3779b9)) | 0));
}

/** An integer hash of 32 bits (lowbias32). */
export function mix(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}
