/**
 * How much of each log file is still needed: the bytes of its chunk frames that live, and of those
 * that died.
 *
 * Derived from the log alone: what a commit adopts, frees and moves decides it, so the committer
 * and replay come to the same numbers. A checkpoint notes them, so that opening a store need not
 * look at every chunk. They say which files compaction takes and what it would give back; no file
 * is ever removed on the strength of them alone (maintenance/compaction.ts).
 *
 * @module
 */

import type { ChunkLocation } from './model.ts';

/** The chunk frames of one file, in bytes. */
export interface FileBytes {
  readonly liveBytes: number;
  /** Frames that are known to be part of the store no more, or never were. */
  readonly deadBytes: number;
}

const nothing: FileBytes = { liveBytes: 0, deadBytes: 0 };

export class FileUsage {
  readonly #files = new Map<number, FileBytes>();
  readonly #retired = new Set<number>();

  constructor(files: Iterable<readonly [fileId: number, bytes: FileBytes]> = []) {
    for (const [fileId, bytes] of files) this.#files.set(fileId, bytes);
  }

  /** A chunk that became part of the store. */
  adopt({ fileId, frameBytes }: ChunkLocation): void {
    this.#add(fileId, frameBytes, 0);
  }

  /** A chunk that left the store, or this place of it. */
  release({ fileId, frameBytes }: ChunkLocation): void {
    this.#add(fileId, -frameBytes, frameBytes);
  }

  /** A frame that no commit has adopted, or will. */
  orphan({ fileId, frameBytes }: ChunkLocation): void {
    this.#add(fileId, 0, frameBytes);
  }

  /** A file that holds nothing any more. */
  retire(fileId: number): void {
    this.#files.delete(fileId);
    this.#retired.add(fileId);
  }

  /** What happened after this, as another usage counted it. */
  apply(later: FileUsage): void {
    for (const [fileId, { liveBytes, deadBytes }] of later.#files) {
      this.#add(fileId, liveBytes, deadBytes);
    }
    for (const fileId of later.#retired) this.retire(fileId);
  }

  of(fileId: number): FileBytes {
    return this.#files.get(fileId) ?? nothing;
  }

  /** Files that were retired since this usage began. */
  get retired(): ReadonlySet<number> {
    return this.#retired;
  }

  /** All files that were ever part of it, oldest first. */
  entries(): [fileId: number, bytes: FileBytes][] {
    return [...this.#files].sort(([a], [b]) => a - b);
  }

  #add(fileId: number, liveBytes: number, deadBytes: number): void {
    const before = this.of(fileId);
    this.#files.set(fileId, {
      liveBytes: before.liveBytes + liveBytes,
      deadBytes: before.deadBytes + deadBytes,
    });
  }
}
