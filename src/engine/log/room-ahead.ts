/**
 * Room ahead of the end of a log file: zeros that are on stable storage before anything is written
 * there.
 *
 * The sync of a write that lengthens a file must write down the file's new size, too, and a file
 * system with a journal of its own (ext4) then waits for what other files got meanwhile: for a
 * large upload that runs beside it. Where the file has its size already, only the bytes themselves
 * are written (docs/decisions/0032-room-ahead-of-small-commits.md).
 *
 * What must stay true: zeros are never written where a frame lies or is on its way to. So whoever
 * writes asks {@link RoomAhead.clear} first. Nobody is promised anything about the zeros: they are
 * no frame, and behind the last commit any bytes may lie after a crash. So a failure here ends the
 * room and nothing else; the disk's own trouble shows at the next write of a frame.
 *
 * Only commits that come one by one get room: what is written to twice costs more than a sync where
 * commits are large, and a process that commits once or twice would make room for nobody.
 *
 * @module
 */

import type { File } from '../platform/file-system.ts';

export interface RoomLimits {
  /** So many small writes in a row are followed by room: */
  readonly afterWrites: number;
  /** of at most so many bytes each. */
  readonly smallBytes: number;
  /** So much room at a time. */
  readonly bytes: number;
}

export class RoomAhead {
  readonly #file: Pick<File, 'write' | 'truncate'>;
  readonly #limits: RoomLimits;
  #smallWrites = 0;
  /** The file has this size, at least, once nothing is under way. */
  #end = 0;
  #lengthening: Promise<void> | undefined;
  #isOver = false;

  /** @param file - What is written to it is on stable storage, and its size. */
  constructor(file: Pick<File, 'write' | 'truncate'>, limits: RoomLimits) {
    this.#file = file;
    this.#limits = limits;
  }

  /** Resolves when frames may be written up to `end`. */
  async clear(end: number): Promise<void> {
    if (end > this.#end) await this.#lengthening;
  }

  /** So many bytes were written, and the frames end here now. May begin to make room. */
  written(byteCount: number, end: number): void {
    this.#smallWrites = byteCount <= this.#limits.smallBytes ? this.#smallWrites + 1 : 0;
    if (this.#lengthening !== undefined) return;
    this.#end = Math.max(this.#end, end);
    const isWanted = this.#smallWrites >= this.#limits.afterWrites && !this.#isOver;
    if (!isWanted || this.#end - end >= this.#limits.bytes / 2) return;
    this.#lengthening = this.#lengthen().finally(() => {
      this.#lengthening = undefined;
    });
  }

  /** Makes no room any more, and cuts off what is there behind `end`, where the frames end. */
  async close(end: number): Promise<void> {
    this.#isOver = true;
    await this.#lengthening;
    if (this.#end > end) await this.#file.truncate(end).catch(() => undefined);
    this.#end = end;
  }

  async #lengthen(): Promise<void> {
    const from = this.#end;
    try {
      const written = await this.#file.write([new Uint8Array(this.#limits.bytes)], from);
      this.#end = from + written;
    } catch {
      this.#isOver = true;
    }
  }
}
