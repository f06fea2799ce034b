/**
 * What an effort means to each codec. Native and portable use the same levels, so that the same
 * chunk comes out about equally small wherever it is written.
 *
 * Ratio, and MB/s of compression by one thread, on source text in pieces of 64 KiB; chosen in bold:
 *
 * | deflate, node:zlib | zstd, node:zlib     | zstd, WebAssembly   |
 * | ------------------ | ------------------- | ------------------- |
 * | 1: 4.52, 200       | 1: 4.70, 370        | 1: 4.70, 175        |
 * | 4: 5.16, 133       | 3: **4.95, 305**    | 3: **4.95, 130**    |
 * | 6: **5.41, 70**    | 9: 5.53, 78         | 9: 5.53, 38         |
 * | 9: **5.44, 35**    | 15: **5.76, 12**    | 15: **5.76, 7**     |
 * |                    | 19: 5.80, 3         | 19: 5.80, 2         |
 *
 * With deltas few chunks are left to be compressed whole. So on the way in DEFLATE 6, which saves a
 * sixth of their space for ever, takes no time that could be told from that of 1 in an import of
 * releases of source text; and zstd 3 saves a twentieth for a sixth of the speed of 1. With time,
 * zstd 15 comes within 1 % of 19 in a quarter of the time. Where content repeats itself a lot, 19
 * finds more: of JSON in pieces of 290 kB, of which 15 makes a 25th at 32 MB/s, it makes 4.3 % less
 * at 4 MB/s.
 *
 * @module
 */

import type { Effort } from './platform.ts';

type DeflateLevel = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

export const deflateLevels: Readonly<Record<Effort, DeflateLevel>> = {
  fast: 6,
  small: 9,
  smallest: 9,
};

export const zstdLevels: Readonly<Record<Effort, number>> = {
  fast: 3,
  small: 15,
  smallest: 19,
};
