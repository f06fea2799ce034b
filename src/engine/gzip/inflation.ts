/**
 * A DEFLATE stream on its way to its content, piece by piece.
 *
 * @module
 */

import { Inflater, pieceBytes, type Inflated } from './deflate.ts';

export class Inflation {
  readonly #inflater = new Inflater();
  #usedBytes = 0;
  #status: Inflated['status'] = 'more';

  /** How much of the stream was used, counted from where it begins now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** `more`: there may be another piece. `end`: the stream is whole. `damaged`: it is none. */
  get status(): Inflated['status'] {
    return this.#status;
  }

  /**
   * The next piece: a whole one, or the last. `undefined`: there is none, or the stream goes on
   * behind what is here of it.
   */
  next(stream: Uint8Array): Uint8Array | undefined {
    if (this.#status !== 'more') return undefined;
    const { bytes, usedBytes, status } = this.#inflater.read(stream.subarray(this.#usedBytes));
    this.#usedBytes += usedBytes;
    this.#status = status;
    return bytes.length > 0 && (bytes.length === pieceBytes || status === 'end')
      ? bytes
      : undefined;
  }

  /** Says that the stream begins later now. */
  dropped(byteCount: number): void {
    this.#usedBytes -= byteCount;
  }
}
