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

const defaultMemLevel = 8;

/** Candidates by the effort that a header states. */
export function candidatesOf(effort: number): readonly DeflateSettings[] {
  switch (effort) {
    case efforts.hardest:
      return [...settingsOf([9], [defaultMemLevel, 9])];
    case efforts.fastest:
      return [...settingsOf([1], [defaultMemLevel, 9])];
    default:
      return [
        ...settingsOf([6], [defaultMemLevel, 9]),
        ...settingsOf([9, 1, 5, 4, 3, 2, 7, 8], [defaultMemLevel]),
      ];
  }
}

function* settingsOf(
  levels: readonly number[],
  memLevels: readonly number[],
): Generator<DeflateSettings, void, undefined> {
  const implementations: readonly DeflateImplementation[] = ['chromium', 'classic'];
  for (const level of levels) {
    for (const memLevel of memLevels) {
      for (const implementation of implementations) {
        yield { implementation, level, memLevel, windowBits: 15, strategy: 0 };
      }
    }
  }
}
