/**
 * The gear hash: a rolling hash of the last 32 bytes, one shift and one addition a byte.
 *
 * Each byte adds a random number of its own to the doubled hash, so a byte has left the 32 bits
 * after 32 steps: what came earlier has no influence whatever. That is why a cut depends on the
 * content around it and on nothing else, and why a hash can be rolled anew from any place 32 bytes
 * before. The top bits depend on the most bytes; test those.
 *
 * The table is part of the format. Were one number of it to change, nothing would be lost, but no
 * chunk of old content would be found again. A test pins it.
 *
 * @module
 */

/** How many bytes the hash depends on. */
const gearWindowBytes = 32;

/**
 * Never change. The smallest seed with which no run of one byte meets the cut rule, whichever the
 * byte, in stores that cut at 512 bytes on average or more: a run of b has the hash -gear[b], and
 * with this seed it has at most 6 leading zeros, where such stores ask for 7.
 */
const gearSeed = 3;

/** The number that each value of a byte adds to the hash. Never changes. */
export const gear: Int32Array = makeGear();

/** The table, drawn from splitmix32: a counter, and an integer hash of it (lowbias32) as output. */
function makeGear(): Int32Array {
  const table = new Int32Array(256);
  for (let value = 0; value < table.length; value++) {
    let mixed = (gearSeed + Math.imul(value + 1, 0x9e3779b9)) | 0;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    table[value] = mixed ^ (mixed >>> 15);
  }
  return table;
}

/** Rolls the hash over the bytes from `from` to `to`: over the last 32, as no others count. */
export function rollGear(hash: number, bytes: Uint8Array, from: number, to: number): number {
  let rolled = hash;
  for (let at = Math.max(from, to - gearWindowBytes); at < to; at++) {
    rolled = ((rolled << 1) + (gear[bytes[at] as number] as number)) | 0;
  }
  return rolled;
}
