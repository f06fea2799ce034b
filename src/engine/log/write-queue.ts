/**
 * Bytes that wait to be written: a few large arrays, however many small ones were queued.
 *
 * The heads of frames and small payloads are copied side by side. A system call takes at most so
 * many parts, each part costs more than copying it, and one of a few bytes, that V8 keeps in its
 * own heap, is moved out of there to be handed to the system.
 *
 * What was taken is never written to again, so it may be on its way to the disk while more is
 * queued.
 *
 * @module
 */

/** Larger parts are not copied. */
const copiedBytesMax: number = 16 * 1024;

/** Copies are made into blocks of this size. */
const blockBytes: number = 64 * 1024;

export class WriteQueue {
  #parts: Uint8Array[] = [];
  #block: Uint8Array = new Uint8Array(0);
  /** Where in the block those bytes begin that are not in `#parts` yet, and where they end. */
  #start = 0;
  #end = 0;

  /** Queues bytes. They must not change until they are written: not all are copied. */
  push(part: Uint8Array): void {
    if (part.length > copiedBytesMax) {
      this.#closePart();
      this.#parts.push(part);
      return;
    }
    if (this.#end + part.length > this.#block.length) {
      this.#closePart();
      this.#block = new Uint8Array(blockBytes);
      this.#start = 0;
      this.#end = 0;
    }
    this.#block.set(part, this.#end);
    this.#end += part.length;
  }

  /** All that was queued, in order; from now on nothing is. */
  take(): Uint8Array[] {
    this.#closePart();
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  #closePart(): void {
    if (this.#end > this.#start) this.#parts.push(this.#block.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}
