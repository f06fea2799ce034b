/**
 * SHA-256 and CRC-32 through Node: the only file that imports `node:crypto`.
 *
 * The one-shot `hash` (Node 20.12 and later) saves the object that `createHash` makes for each
 * call. A digest has memory of its own, so that keeping one keeps nothing else alive.
 *
 * @module
 */

import { hash } from 'node:crypto';
import { nativeCrc32 } from './native-compression.ts';
import type { Hashing } from './platform.ts';

export const nativeHashing: Hashing = {
  sha256(bytes): Uint8Array {
    return new Uint8Array(hash('sha256', bytes, 'buffer'));
  },
  crc32: nativeCrc32,
};
