/**
 * Memory for bytes on their way to a file: what is queued is copied here, and what was written
 * makes room for what comes next.
 *
 * So whoever appends keeps its memory, and a large upload makes no garbage: an array for each chunk
 * took a seventh of the time of an upload, most of it to get pages of the system and to give them
 * back. Slabs begin small, as most files are only ever given a little at a time, and grow.
 *
 * What must stay true: a slab is used again only once its bytes were handed to the system.
 *
 * @module
 */

const kibibyte = 1024;

/** Sizes of slabs. A payload that is larger has one of its own size. */
const slabBytes = { first: 16 * kibibyte, most: 1024 * kibibyte } as const;

/** Slabs that wait to be used again. */
const spareMax = 4;

/** A piece of memory that copies are laid into, one behind the other. */
type Slab = Uint8Array<ArrayBuffer>;

export class WriteMemory {
  #slab: Slab = new Uint8Array(0);
  #used = 0;
  /** Those that have no room any more. */
  #full: Slab[] = [];
  #spare: Slab[] = [];
  #nextBytes: number = slabBytes.first;

  /** A copy. It is good until the slabs that {@link take} returns next are given back. */
  copyOf(bytes: Uint8Array): Uint8Array {
    if (this.#used + bytes.length > this.#slab.length) this.#begin(bytes.length);
    const copy = this.#slab.subarray(this.#used, this.#used + bytes.length);
    copy.set(bytes);
    this.#used += bytes.length;
    return copy;
  }

  /** Where all that was copied lies: it goes on its way to the file now. */
  take(): readonly Slab[] {
    const taken = [...this.#full, this.#slab];
    this.#full = [];
    this.#slab = new Uint8Array(0);
    this.#used = 0;
    return taken;
  }

  /** What was taken is written. */
  giveBack(slabs: readonly Slab[]): void {
    const ofUse = slabs.filter(({ length }) => length === this.#nextBytes);
    this.#spare = [...this.#spare, ...ofUse].slice(0, spareMax);
  }

  #begin(byteCount: number): void {
    if (this.#slab.length > 0) {
      this.#full.push(this.#slab);
      this.#grow();
    }
    while (this.#nextBytes < Math.min(byteCount, slabBytes.most)) this.#grow();
    const spare = byteCount > this.#nextBytes ? undefined : this.#spare.pop();
    this.#slab = spare ?? new Uint8Array(Math.max(byteCount, this.#nextBytes));
    this.#used = 0;
  }

  /** Those of the size before are too small to be kept. */
  #grow(): void {
    if (this.#nextBytes === slabBytes.most) return;
    this.#nextBytes *= 2;
    this.#spare = [];
  }
}
