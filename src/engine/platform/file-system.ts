/**
 * The file system as the engine sees it: a port.
 *
 * Everything that the truth of a store depends on goes through here, so that a simulated disk can
 * stand in and lose, tear and refuse at every call. Keep it narrow: each method is one more thing
 * that can fail and must be simulated.
 *
 * Errors are those of the operating system: an `Error` with a `code` such as `ENOENT`, `EEXIST`,
 * `EACCES`, `ENOSPC`. The engine turns them into its own (log/io-errors.ts). What every
 * implementation must do alike, codes included, is in `test/contract/file-system.contract.ts`.
 *
 * Paths use `/` on every platform.
 *
 * @module
 */

import { compareBytes, encodeUtf8 } from '../../base/bytes.ts';

/** One open file. Positions and sizes are in bytes. After `close`, calls fail with `EBADF`. */
export interface File {
  /**
   * Reads into `target` from `position` on. Resolves with how many bytes were read: fewer than
   * `target.length` at the end of the file, and at any time the system likes.
   */
  read(target: Uint8Array, position: number): Promise<number>;
  /**
   * Writes `parts`, one after the other, from `position` on. Resolves with how many bytes were
   * written, which may be fewer than asked: the caller must look. Bytes between the old end and
   * `position` become zeros. The parts must not change before the promise settles.
   */
  write(parts: readonly Uint8Array[], position: number): Promise<number>;
  /**
   * The same, and what was written is on stable storage, and the size of the file: a write and its
   * sync in one call. It says nothing of what was written before. Not there: this file cannot, so
   * write and sync.
   */
  writeDurably?(parts: readonly Uint8Array[], position: number): Promise<number>;
  /** Everything written to this file before, and its size, is on stable storage. */
  sync(): Promise<void>;
  /** Cuts the file off here, which is not behind its end. A sync makes that safe. */
  truncate(sizeBytes: number): Promise<void>;
  /** Current size. */
  size(): Promise<number>;
  /** Waits for the calls under way, then lets go of the file. Closing again is fine. */
  close(): Promise<void>;
}

/** What a path leads to. */
export interface FileStatus {
  readonly kind: 'file' | 'directory';
  readonly sizeBytes: number;
}

/** A held lock. It ends with the process, however that ends. */
export interface FileLock {
  /** Gives the lock back. Releasing again is fine. */
  release(): Promise<void>;
}

/** The port. */
export interface FileSystem {
  /**
   * Opens a file: `read` an existing one; `create` one that must not exist yet, for reading and
   * writing; `update` an existing one for reading and writing, without truncating it.
   */
  open(path: string, mode: 'read' | 'create' | 'update'): Promise<File>;
  /** Names in a directory, in bytewise order. */
  readDirectory(path: string): Promise<string[]>;
  /** Makes a directory and those above it. An existing one is fine. */
  makeDirectory(path: string): Promise<void>;
  /** Names created, renamed and removed in this directory before are on stable storage. */
  syncDirectory(path: string): Promise<void>;
  /** `undefined` where nothing is. */
  status(path: string): Promise<FileStatus | undefined>;
  /** Takes the place of a file that is at `to`, in one step. */
  rename(from: string, to: string): Promise<void>;
  /**
   * A second name for the same file. Where that cannot be it fails, with `EXDEV`, `EPERM`,
   * `ENOTSUP` or whatever the system has: the caller copies instead.
   */
  link(from: string, to: string): Promise<void>;
  /**
   * A new file with the same content, which shares the bytes of the old one on the disk until
   * either is written to. It is not synced. Where that cannot be it fails, as `link` does, and
   * leaves nothing at `to`; with `EEXIST` if something is there already.
   */
  clone(from: string, to: string): Promise<void>;
  /** Removes a file. */
  remove(path: string): Promise<void>;
  /** Removes a directory and all in it. Nothing there is fine. */
  removeTree(path: string): Promise<void>;
  /** How many bytes may still be written to the volume of `path`. */
  freeBytes(path: string): Promise<number>;
  /**
   * Takes the one lock of a directory, or resolves with `undefined` if another holder has it, in
   * this process too.
   */
  lock(directory: string): Promise<FileLock | undefined>;
}

/** Sorts names as `readDirectory` promises. */
export function inBytewiseOrder(names: Iterable<string>): string[] {
  return [...names]
    .map((name) => ({ name, bytes: encodeUtf8(name) }))
    .sort((a, b) => compareBytes(a.bytes, b.bytes))
    .map(({ name }) => name);
}
