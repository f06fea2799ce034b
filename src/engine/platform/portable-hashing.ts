/**
 * SHA-256 and CRC-32 in plain JavaScript: for wherever Node is not, and the oracle of the native
 * ones.
 *
 * CRC-32 goes byte by byte through one table, the textbook's way: an oracle should be easy to
 * believe.
 *
 * @module
 */

import { sha256 } from '@noble/hashes/sha2.js';
import type { Hashing } from './platform.ts';

/** The polynomial of IEEE 802.3, lowest power first. */
const polynomial = 0xedb88320;

const table: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) {
    remainder = (remainder & 1) === 0 ? remainder >>> 1 : (remainder >>> 1) ^ polynomial;
  }
  return remainder;
});

export const portableHashing: Hashing = {
  sha256(bytes): Uint8Array {
    return sha256(bytes);
  },

  crc32(bytes, seed): number {
    let remainder = ~seed;
    for (const byte of bytes) {
      remainder = (remainder >>> 8) ^ (table[(remainder ^ byte) & 0xff] as number);
    }
    return ~remainder >>> 0;
  },
};
