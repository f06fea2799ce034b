/**
 * What lies where in the memory of the loops: tables first, and behind them whatever a call brings.
 *
 * The tables are written once by `src/engine/chunk/hot-loops.ts`, which has them from the plain
 * loops, so that there is one definition of each.
 */

/** The gear table: 256 integers. */
export const gearAt: i32 = 1024;

/** The functions of a sample: twelve factors, then twelve addends. */
export const multipliersAt: i32 = 2048;
export const addendsAt: i32 = 2096;

/** The greatest value of each of the functions: an answer. */
export const greatestAt: i32 = 2144;

/** Samples that were found and not looked at yet. */
export const foundAt: i32 = 4096;
export const foundEnd: i32 = foundAt + 4 * 4096;

/** From here on a call may lay what it likes. */
export const freeAt: i32 = foundEnd;

/** What a byte adds to a rolling hash. */
export function gearOf(at: i32): i32 {
  return load<i32>(gearAt + ((<i32>load<u8>(at)) << 2));
}
