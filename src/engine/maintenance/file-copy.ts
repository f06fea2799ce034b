/**
 * A file once more: sharing its bytes where the file system can, else copied, durable; and whether
 * it is there already.
 *
 * Errors: those of the file system, as they are; `ABORTED`.
 *
 * @module
 */

import { equalBytes } from '../../base/bytes.ts';
import { throwIfAborted } from '../../base/errors.ts';
import { readFully, writeFully } from '../log/log-writer.ts';
import type { FileSystem } from '../platform/file-system.ts';

/** How much of the beginning and of the end of a file is compared. */
const comparedBytes = 4096;

/** So much of a file is in memory at a time. */
const copyBytes = 1024 * 1024;

/**
 * Whether a file that nobody writes to any more could be made without copying: by a second name, or
 * by sharing its bytes. The name is not synced.
 */
export async function tryShare(fileSystem: FileSystem, from: string, to: string): Promise<boolean> {
  try {
    await fileSystem.link(from, to);
    return true;
  } catch {
    // Other volumes, other owners, and file systems without links: there may be clones there.
  }
  try {
    await fileSystem.clone(from, to);
  } catch {
    return false;
  }
  const clone = await fileSystem.open(to, 'update');
  try {
    await clone.sync();
  } finally {
    await clone.close();
  }
  return true;
}

/** Copies the beginning of a file to one that is not there yet. The name is not synced. */
export async function copyFile(
  fileSystem: FileSystem,
  { from, to, sizeBytes }: { from: string; to: string; sizeBytes: number },
  signal?: AbortSignal,
): Promise<void> {
  const source = await fileSystem.open(from, 'read');
  try {
    const copy = await fileSystem.open(to, 'create');
    try {
      const buffer = new Uint8Array(Math.min(copyBytes, sizeBytes));
      for (let at = 0; at < sizeBytes; at += copyBytes) {
        throwIfAborted(signal);
        const wanted = buffer.subarray(0, Math.min(copyBytes, sizeBytes - at));
        await writeFully(copy, [await readFully(source, wanted, at)], at);
      }
      await copy.sync();
    } finally {
      await copy.close();
    }
  } finally {
    await source.close();
  }
}

/**
 * Whether two files have the same beginning and the same end, and are of one size. `sizeBytes`: of
 * the first, only so much counts.
 */
export async function haveSameEnds(
  fileSystem: FileSystem,
  path: string,
  otherPath: string,
  sizeBytes?: number,
): Promise<boolean> {
  const [status, other] = [await fileSystem.status(path), await fileSystem.status(otherPath)];
  if (status === undefined || other === undefined) return false;
  const countedBytes = sizeBytes ?? status.sizeBytes;
  if (other.sizeBytes !== countedBytes) return false;
  for (const at of [0, Math.max(0, countedBytes - comparedBytes)]) {
    const partBytes = Math.min(comparedBytes, countedBytes - at);
    const part = await readPart(fileSystem, path, at, partBytes);
    if (!equalBytes(part, await readPart(fileSystem, otherPath, at, partBytes))) return false;
  }
  return true;
}

async function readPart(
  fileSystem: FileSystem,
  path: string,
  offset: number,
  byteCount: number,
): Promise<Uint8Array> {
  const file = await fileSystem.open(path, 'read');
  try {
    return await readFully(file, new Uint8Array(byteCount), offset);
  } finally {
    await file.close();
  }
}
