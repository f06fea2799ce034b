/**
 * The bytes of an upload as they come in, with room to look ahead.
 *
 * The source may hand over any slices, and may use their memory again once it is asked for the next
 * one. So what is kept across that is copied, a portion at a time; a slice of gigabytes is not.
 *
 * @module
 */

/** How much is taken of the source at once. */
const portionBytes = 65_536;

export class Intake {
  readonly #source: AsyncIterator<Uint8Array>;
  /** What of the last slice was not taken yet. */
  #slice: Uint8Array = new Uint8Array(0);
  #memory: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #isEnded = false;
  #listener: ((bytes: Uint8Array) => void) | undefined;

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#source = body[Symbol.asyncIterator]();
  }

  /** Whether there is anything; and if so, the first slice, of which nothing is taken yet. */
  async peek(): Promise<Uint8Array | undefined> {
    while (this.#slice.length === 0) {
      if (!(await this.#nextSlice())) return undefined;
    }
    return this.#slice;
  }

  /** What was taken and not dropped. A view: good until the next call of `more`. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(this.#start, this.#end);
  }

  /** Tells of all that is here now, and of all that will be taken, in order. */
  listen(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener;
    listener(this.bytes);
  }

  /** Takes more of the source, a portion at most. `false`: there is no more. */
  async more(): Promise<boolean> {
    const slice = await this.peek();
    if (slice === undefined) return false;
    const portion = slice.subarray(0, portionBytes);
    this.#slice = slice.subarray(portion.length);
    this.#append(portion);
    this.#listener?.(portion);
    return true;
  }

  /** Takes until so many bytes are here, or all that there are. */
  async fill(byteCount: number): Promise<void> {
    while (this.#end - this.#start < byteCount && (await this.more()));
  }

  /** Lets go of bytes at the beginning. */
  drop(byteCount: number): void {
    this.#start += byteCount;
  }

  /** All that was not dropped, up to the end of the source. */
  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.bytes.length > 0) yield this.bytes.slice();
    this.drop(this.bytes.length);
    do {
      const slice = this.#slice;
      if (slice.length === 0) continue;
      this.#listener?.(slice);
      this.#slice = slice.subarray(slice.length);
      yield slice;
    } while (await this.#nextSlice());
  }

  /** Whoever stops early closes the source. */
  async close(): Promise<void> {
    if (!this.#isEnded) await this.#source.return?.();
    this.#isEnded = true;
  }

  async #nextSlice(): Promise<boolean> {
    if (this.#isEnded) return false;
    const step = await this.#source.next();
    this.#isEnded = step.done === true;
    if (step.done === true) return false;
    this.#slice = step.value;
    return true;
  }

  #append(portion: Uint8Array): void {
    const size = this.#end - this.#start + portion.length;
    if (this.#end + portion.length > this.#memory.length) {
      // At least half of it is free then, so that bytes are moved once on average.
      const isRoomy = size <= this.#memory.length / 2;
      const memory = isRoomy ? this.#memory : new Uint8Array(size * 2);
      memory.set(this.bytes);
      this.#memory = memory;
      this.#end -= this.#start;
      this.#start = 0;
    }
    this.#memory.set(portion, this.#end);
    this.#end += portion.length;
  }
}
