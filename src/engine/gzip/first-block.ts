/**
 * How many symbols are in the first block of a DEFLATE stream: it tells who made it.
 *
 * zlib ends a block when its buffer for symbols is full, so the number follows from its memory
 * level, and is one less than a power of two. Other compressors end blocks elsewhere. So most
 * streams that zlib did not make are refused after a few milliseconds, without trying anything.
 *
 * The symbols are decoded bit by bit, after `puff`, Mark Adler's description of DEFLATE in code: it
 * is done to one block of an upload, and here short is better than fast.
 *
 * @module
 */

const codeBitsMax = 15;
const endOfBlock = 256;

/** In what order the lengths of the code of codes are stored. */
const codeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;

const blockTypes = { stored: 0, fixed: 1, dynamic: 2 } as const;

/**
 * The memory level that zlib had for this stream. `unknown`: it does not show. `undefined`: it was
 * not zlib, or this is no stream.
 *
 * @param stream - Its beginning.
 */
export function memLevelOf(stream: Uint8Array): number | 'unknown' | undefined {
  const bits = new Bits(stream);
  const isLast = bits.take(1) === 1;
  const type = bits.take(2);
  // The last block is as long as what was left; one that is stored does not say.
  if (isLast || type === blockTypes.stored) return 'unknown';
  const symbols = type === blockTypes.dynamic ? dynamicSymbols(bits) : fixedSymbols(bits);
  if (symbols === undefined) return undefined;
  if (symbols === 'cut off') return 'unknown';
  const memLevel = Math.log2(symbols + 1) - 6;
  return Number.isInteger(memLevel) && memLevel >= 1 && memLevel <= 9 ? memLevel : undefined;
}

/** Bits of a stream, lowest first. Behind its end they are zeros. */
class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether more was taken than there is. */
  isOver(): boolean {
    return this.#at > this.#bytes.length * 8;
  }

  take(bitCount: number): number {
    let value = 0;
    for (let bit = 0; bit < bitCount; bit++) {
      const byte = this.#bytes[this.#at >> 3] ?? 0;
      value |= ((byte >> (this.#at & 7)) & 1) << bit;
      this.#at++;
    }
    return value;
  }
}

/** A canonical Huffman code: how many codes have each length, and their symbols in order. */
interface Code {
  readonly counts: readonly number[];
  readonly symbols: readonly number[];
}

function codeOf(lengths: readonly number[]): Code {
  const counts = new Array<number>(codeBitsMax + 1).fill(0);
  for (const length of lengths) counts[length] = (counts[length] as number) + 1;
  const symbols = lengths.map((_, symbol) => symbol).filter((symbol) => lengths[symbol] !== 0);
  // Sorting is stable: symbols of one length stay in order.
  symbols.sort((a, b) => (lengths[a] as number) - (lengths[b] as number));
  return { counts, symbols };
}

/** The next symbol; `undefined` if no code is like the bits. */
function decode(bits: Bits, { counts, symbols }: Code): number | undefined {
  let code = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length <= codeBitsMax; length++) {
    code |= bits.take(1);
    const count = counts[length] as number;
    if (code - count < first) return symbols[index + code - first];
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return undefined;
}

function dynamicSymbols(bits: Bits): number | 'cut off' | undefined {
  const literals = bits.take(5) + 257;
  const distances = bits.take(5) + 1;
  const ordered = bits.take(4) + 4;
  const ofCodes = new Array<number>(codeOrder.length).fill(0);
  for (const symbol of codeOrder.slice(0, ordered)) ofCodes[symbol] = bits.take(3);
  const codes = codeOf(ofCodes);
  const lengths: number[] = [];
  while (lengths.length < literals + distances) {
    const symbol = decode(bits, codes);
    if (bits.isOver()) return 'cut off';
    if (symbol === undefined) return undefined;
    if (symbol < 16) lengths.push(symbol);
    else {
      const repeated = symbol === 16 ? lengths.at(-1) : 0;
      if (repeated === undefined) return undefined;
      const times =
        symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
      for (let i = 0; i < times; i++) lengths.push(repeated);
    }
  }
  return countSymbols(bits, codeOf(lengths.slice(0, literals)), codeOf(lengths.slice(literals)));
}

function fixedSymbols(bits: Bits): number | 'cut off' | undefined {
  const literals = Array.from({ length: 288 }, (_, symbol) =>
    symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
  );
  return countSymbols(bits, codeOf(literals), codeOf(new Array<number>(30).fill(5)));
}

function countSymbols(bits: Bits, literals: Code, distances: Code): number | 'cut off' | undefined {
  for (let count = 0; ; count++) {
    const symbol = decode(bits, literals);
    if (bits.isOver()) return 'cut off';
    if (symbol === undefined) return undefined;
    if (symbol === endOfBlock) return count;
    if (symbol < endOfBlock) continue;
    // Lengths 265 to 284 have one extra bit for each four of them, distances for each two.
    bits.take(symbol >= 265 && symbol < 285 ? (symbol - 261) >> 2 : 0);
    const distance = decode(bits, distances);
    if (distance === undefined) return bits.isOver() ? 'cut off' : undefined;
    bits.take(distance >= 4 ? (distance - 2) >> 1 : 0);
  }
}
