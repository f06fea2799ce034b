/**
 * Contents for stores under load: random bytes that a seed names, and the hash that knows them
 * again.
 *
 * @module
 */

import { createCipheriv, createHash } from 'node:crypto';

/** Random bytes, the same for the same seed. */
export function seededBytes(seed: number | string, byteCount: number): Uint8Array {
  const key = createHash('sha256').update(`load ${seed}`).digest();
  return createCipheriv('aes-256-ctr', key, new Uint8Array(16)).update(new Uint8Array(byteCount));
}

/** The SHA-256 of some bytes, in hexadecimal digits. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
