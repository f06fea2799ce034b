/**
 * Bytes that wait to be written: a few large arrays, however many small ones were queued.
 *
 * The heads of frames and small payloads are copied side by side. A system call takes at most so
 * many parts, each part costs more than copying it, and one of a few bytes, that V8 keeps in its
 * own heap, is moved out of there to be handed to the system.
 *
 * Large parts are copied too, each into memory that serves again once it was written, so whoever
 * queues bytes may use theirs again at once.
 *
 * What was taken is not written to before {@link WriteQueue.written}, so it may be on its way to
 * the disk while more is queued.
 *
 * @module
 */

import { WriteMemory } from './write-memory.ts';

/** Larger parts stay parts of their own. */
const smallBytesMax: number = 16 * 1024;

/** Copies are made into blocks of this size. */
const blockBytes: number = 64 * 1024;

export class WriteQueue {
  readonly #memory = new WriteMemory();
  #taken: ReturnType<WriteMemory['take']> = [];
  #parts: Uint8Array[] = [];
  #block: Uint8Array = new Uint8Array(0);
  /** Where in the block those bytes begin that are not in `#parts` yet, and where they end. */
  #start = 0;
  #end = 0;

  /** Queues a copy of the bytes. */
  push(part: Uint8Array): void {
    if (part.length > smallBytesMax) {
      this.#closePart();
      this.#parts.push(this.#memory.copyOf(part));
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

  /**
   * All that was queued, in order; from now on nothing is. Ask again only once that was written.
   */
  take(): Uint8Array[] {
    this.#closePart();
    this.#taken = this.#memory.take();
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  /** What was taken is with the system: its memory may serve again. */
  written(): void {
    this.#memory.giveBack(this.#taken);
    this.#taken = [];
  }

  #closePart(): void {
    if (this.#end > this.#start) this.#parts.push(this.#block.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}
