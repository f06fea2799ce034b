/**
 * Memory that frames are read into when nobody keeps them: used again and again, and so warm in the
 * cache of the processor and no work for the garbage collector.
 *
 * A buffer is given back when the read into it has ended and its bytes were used, never before: a
 * read that was given up may still write. One that never ends keeps its buffer; when all are in
 * use, frames get memory of their own.
 *
 * @module
 */

import { readBufferBytes, readBuffersMax } from '../../base/limits.ts';

export class ReadBuffers {
  readonly #free: Uint8Array[] = [];
  #made = 0;

  /** Runs `use` with a buffer that has room for so many bytes, or with none. */
  async with<T>(
    byteCount: number,
    use: (buffer: Uint8Array | undefined) => Promise<T>,
  ): Promise<T> {
    const buffer = byteCount > readBufferBytes ? undefined : this.#take();
    try {
      return await use(buffer);
    } finally {
      if (buffer !== undefined) this.#free.push(buffer);
    }
  }

  #take(): Uint8Array | undefined {
    const free = this.#free.pop();
    if (free !== undefined || this.#made === readBuffersMax) return free;
    this.#made++;
    return new Uint8Array(readBufferBytes);
  }
}
