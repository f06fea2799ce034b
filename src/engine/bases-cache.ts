/**
 * Chunks that were decoded as bases of deltas, and are kept for the next delta of them: the ones
 * that were used last, up to so many bytes.
 *
 * @module
 */

import { basesCacheBytesMax } from '../base/limits.ts';
import type { ReadChunk } from './chunk-reader.ts';

export class BasesCache {
  /** The one that was used last is the last. */
  readonly #chunks = new Map<string, ReadChunk>();
  #bytes = 0;

  get(key: string): ReadChunk | undefined {
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return undefined;
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    return chunk;
  }

  put(key: string, chunk: ReadChunk): void {
    this.drop(key);
    this.#chunks.set(key, chunk);
    this.#bytes += chunk.bytes.length;
    for (const [oldest, { bytes }] of this.#chunks) {
      if (this.#bytes <= basesCacheBytesMax) return;
      this.#chunks.delete(oldest);
      this.#bytes -= bytes.length;
    }
  }

  drop(key: string): void {
    this.#bytes -= this.#chunks.get(key)?.bytes.length ?? 0;
    this.#chunks.delete(key);
  }
}
