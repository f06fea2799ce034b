/**
 * SHA-256 and CRC-32 through Node: the only file that imports `node:crypto`.
 *
 * The one-shot `hash` (Node 20.12 and later) saves the object that `createHash` makes for each
 * call. A digest comes as text and becomes an array in V8's own heap: a buffer would be memory
 * outside of it, and take 0.6 µs more to make and to sweep than 64 bytes take to hash (0.4 µs).
 *
 * @module
 */

import { hash } from 'node:crypto';
import { fromBinaryString } from '../../base/bytes.ts';
import { nativeCrc32 } from './native-compression.ts';
import type { Hashing } from './platform.ts';

export const nativeHashing: Hashing = {
  sha256(bytes): Uint8Array {
    return fromBinaryString(hash('sha256', bytes, 'binary'));
  },
  crc32: nativeCrc32,
};
