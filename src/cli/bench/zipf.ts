/**
 * Popularity as YCSB has it: few records are asked for often, most of them rarely.
 *
 * Ranks follow a Zipf distribution with the constant 0.99, drawn as in Gray et al., "Quickly
 * generating billion-record synthetic databases" (1994), which YCSB uses too. Rank 0 is the most
 * popular. {@link scattered} spreads ranks over the names, so that what is popular does not lie
 * side by side.
 *
 * @module
 */

const theta = 0.99;
const alpha = 1 / (1 - theta);
const zetaOf2 = 1 + 0.5 ** theta;

export class Zipf {
  readonly #random: () => number;
  #count = 0;
  #zeta = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** A rank below `count`, which may grow from call to call and not shrink. */
  next(count: number): number {
    for (; this.#count < count; this.#count++) this.#zeta += 1 / (this.#count + 1) ** theta;
    const u = this.#random();
    const uz = u * this.#zeta;
    if (uz < 1 || count === 1) return 0;
    if (uz < zetaOf2) return 1;
    const eta = (1 - (2 / count) ** (1 - theta)) / (1 - zetaOf2 / this.#zeta);
    return Math.min(count - 1, Math.floor(count * (eta * u - eta + 1) ** alpha));
  }
}

/** Some place below `count` for a rank: the same for the same rank. Several ranks may share one. */
export function scattered(rank: number, count: number): number {
  let hash = 0x811c9dc5;
  for (let rest = rank, byte = 0; byte < 4; byte++, rest >>>= 8) {
    hash = Math.imul(hash ^ (rest & 0xff), 0x01000193);
  }
  return (hash >>> 0) % count;
}
