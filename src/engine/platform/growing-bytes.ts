/**
 * The content of a file in memory: bytes that grow at the end without being copied.
 *
 * They lie in blocks of 1 MiB, so an append touches one block, and 4 GiB need no array of 4 GiB.
 * Only the first block starts smaller and doubles, so that a small file stays small. A block that
 * nothing was written to is not there, and reads as zeros.
 *
 * @module
 */

const blockBytes = 2 ** 20;
const firstBlockBytesMin = 2 ** 12;

/** Bytes by position, as in a file. */
export class GrowingBytes {
  readonly #blocks: (Uint8Array | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Copies from `position` on into `target`, up to the end; returns how many bytes. */
  read(target: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(target.length, this.#size - position));
    for (const { index, offset, from, to } of pieces(position, count)) {
      const piece = target.subarray(from, to);
      const there = this.#blocks[index]?.subarray(offset, offset + piece.length);
      piece.set(there ?? []);
      piece.fill(0, there?.length ?? 0);
    }
    return count;
  }

  /** Copies `bytes` to `position`; what lies between there and the old end becomes zeros. */
  write(bytes: Uint8Array, position: number): void {
    for (const { index, offset, from, to } of pieces(position, bytes.length)) {
      this.#block(index, offset + to - from).set(bytes.subarray(from, to), offset);
    }
    if (bytes.length > 0) this.#size = Math.max(this.#size, position + bytes.length);
  }

  /** Forgets what lies behind `sizeBytes`: were the bytes to grow again, there would be zeros. */
  truncate(sizeBytes: number): void {
    this.#size = Math.min(this.#size, sizeBytes);
    const last = Math.floor(this.#size / blockBytes);
    this.#blocks.length = Math.min(this.#blocks.length, last + 1);
    this.#blocks[last]?.fill(0, this.#size % blockBytes);
  }

  /** The same bytes, in blocks of their own. */
  copy(): GrowingBytes {
    const copy = new GrowingBytes();
    for (const [index, block] of this.#blocks.entries()) copy.#blocks[index] = block?.slice();
    copy.#size = this.#size;
    return copy;
  }

  /** A block that has room for `sizeBytes`. */
  #block(index: number, sizeBytes: number): Uint8Array {
    const present = this.#blocks[index];
    if (present !== undefined && present.length >= sizeBytes) return present;

    let capacity = index === 0 ? firstBlockBytesMin : blockBytes;
    while (capacity < sizeBytes) capacity *= 2;
    const block = new Uint8Array(capacity);
    block.set(present ?? []);
    this.#blocks[index] = block;
    return block;
  }
}

/** How `byteCount` bytes at `position` fall on the blocks: `from` to `to` of them, to `offset`. */
function* pieces(
  position: number,
  byteCount: number,
): Generator<{ index: number; offset: number; from: number; to: number }> {
  let from = 0;
  while (from < byteCount) {
    const offset = (position + from) % blockBytes;
    const to = Math.min(byteCount, from + blockBytes - offset);
    yield { index: Math.floor((position + from) / blockBytes), offset, from, to };
    from = to;
  }
}
