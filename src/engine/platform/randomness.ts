/**
 * Randomness through Web Crypto, which Node, browsers and workers all have: one implementation for
 * all.
 *
 * @module
 */

import type { Randomness } from './platform.ts';

/** What one call of `getRandomValues` gives out at most. */
const callBytesMax = 65_536;

export const cryptoRandomness: Randomness = {
  bytes(byteCount): Uint8Array {
    const bytes = new Uint8Array(byteCount);
    for (let at = 0; at < byteCount; at += callBytesMax) {
      globalThis.crypto.getRandomValues(bytes.subarray(at, at + callBytesMax));
    }
    return bytes;
  },
};
