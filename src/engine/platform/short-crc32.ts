/**
 * CRC-32 of a few bytes, in JavaScript: of less than about 128 the call of zlib costs more.
 *
 * Four bytes at a time, each through a table of its own ("slicing by four", M. Kounavis and
 * F. Berry, 2005). The plain way is in portable-hashing.ts, and the oracle of this one.
 *
 * @module
 */

/** The polynomial of IEEE 802.3, lowest power first. */
const polynomial = 0xedb88320;

/** Four tables of 256: what a byte comes to when it and so many bytes more have passed. */
const tables: Int32Array = new Int32Array(4 * 256);
for (let byte = 0; byte < 256; byte++) {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) {
    remainder = (remainder & 1) === 0 ? remainder >>> 1 : (remainder >>> 1) ^ polynomial;
  }
  tables[byte] = remainder;
}
for (let at = 256; at < tables.length; at++) {
  const before = tables[at - 256] as number;
  tables[at] = (before >>> 8) ^ (tables[before & 255] as number);
}

/** CRC-32 (IEEE 802.3, as in zlib), continued from `seed`. */
export function shortCrc32(bytes: Uint8Array, seed: number): number {
  const end = bytes.length;
  let remainder = ~seed;
  let at = 0;
  for (; at + 4 <= end; at += 4) {
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    remainder ^= low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    remainder =
      (tables[768 + (remainder & 255)] as number) ^
      (tables[512 + ((remainder >>> 8) & 255)] as number) ^
      (tables[256 + ((remainder >>> 16) & 255)] as number) ^
      (tables[remainder >>> 24] as number);
  }
  for (; at < end; at++) {
    remainder = (remainder >>> 8) ^ (tables[(remainder ^ (bytes[at] as number)) & 255] as number);
  }
  return ~remainder >>> 0;
}
