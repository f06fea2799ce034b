/**
 * Which settings a DEFLATE stream may have been made with, the likeliest first.
 *
 * A stream does not say. Its gzip header says a little: zlib writes a 2 at level 9, a 4 at level 1,
 * and a 0 at the others; many programs write their headers themselves, and a 0. Nearly everybody
 * keeps to the default window, strategy and block size.
 *
 * The order matters for time alone: each candidate is tried until it is refuted.
 *
 * @module
 */

import type { DeflateImplementation, DeflateSettings } from './deflate.ts';

/** What a header says of a compressor that tried hardest, or least. */
const efforts = { hardest: 2, fastest: 4 } as const;

/** What zlib has unless it is told otherwise. */
const defaultMemLevel = 8;

/** The blocks of GNU gzip are as large as those of zlib on this level. */
const gnuMemLevel = 9;

/**
 * Candidates by what is known: the effort that a header states, and the memory level.
 *
 * @param memLevel - `undefined`: it does not show.
 */
export function candidatesOf(
  effort: number,
  memLevel: number | undefined,
): readonly DeflateSettings[] {
  const memLevels = memLevel === undefined ? [defaultMemLevel, gnuMemLevel] : [memLevel];
  switch (effort) {
    case efforts.hardest:
      return [...settingsOf([9], memLevels)];
    case efforts.fastest:
      return [...settingsOf([1], memLevels)];
    default:
      return [...settingsOf([6, 9, 1, 5, 4, 3, 2, 7, 8], memLevels)];
  }
}

function* settingsOf(
  levels: readonly number[],
  memLevels: readonly number[],
): Generator<DeflateSettings, void, undefined> {
  for (const level of levels) {
    for (const memLevel of memLevels) {
      for (const implementation of implementationsOf(memLevel)) {
        yield { implementation, level, memLevel, windowBits: 15, strategy: 0 };
      }
    }
  }
}

function implementationsOf(memLevel: number): readonly DeflateImplementation[] {
  const any = ['chromium', 'classic'] as const;
  return memLevel === gnuMemLevel ? ['gnu', ...any] : any;
}
