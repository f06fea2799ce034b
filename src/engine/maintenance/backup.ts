/**
 * A copy of the store as of one commit, taken while work goes on.
 *
 * The truth is append-only, so a copy needs no pause: the journal up to a commit that is on stable
 * storage, and every segment as it is then. Finished files are hard-linked where the file system
 * can (nobody ever writes to them again), others copied. The `VARVE` file comes last: without it a
 * folder is no store, so a backup that was cut short cannot be mistaken for one. The index is left
 * out; the first opening of the backup makes it.
 *
 * Errors: `INVALID` for a target that is not empty; `IO`, `FULL`; `ABORTED`.
 *
 * @module
 */

import { InvalidArgument, describe, throwIfAborted } from '../../base/errors.ts';
import { makeDirectoryDurably } from '../durable-directory.ts';
import type { FileHeader } from '../log/file-header.ts';
import { codeOf, ioError } from '../log/io-errors.ts';
import type { LogFiles } from '../log/log-files.ts';
import { readFully, writeFully } from '../log/log-writer.ts';
import { superblockPath } from '../log/superblock.ts';
import type { FileSystem } from '../platform/file-system.ts';

const copyBytes = 1024 * 1024;

export interface BackupParts {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly files: LogFiles;
  /** Makes everything acknowledged durable; returns where the journal ends then. */
  readonly sync: () => Promise<FileHeader['previous']>;
  /** Files that are still being written. */
  readonly openFileIds: () => readonly number[];
}

export interface BackupOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?:
    ((progress: { done: number; total: number; unit: 'files' }) => void) | undefined;
}

export interface BackupResult {
  readonly files: number;
  readonly bytes: number;
  /** Of these, bytes that hard links spared. */
  readonly sharedBytes: number;
}

/** Copies the store to a folder that is empty or not there yet. */
export async function backup(
  parts: BackupParts,
  target: string,
  { signal, onProgress }: BackupOptions,
): Promise<BackupResult> {
  const { fileSystem, directory, files } = parts;
  await prepareTarget(fileSystem, target);
  const end = await parts.sync();
  const unfinished = new Set(parts.openFileIds());
  const journal = files.ids('journal').filter((id) => id <= end.fileId);
  const ids = [...files.ids('segment'), ...journal];
  const result = { files: 0, bytes: 0, sharedBytes: 0 };
  for (const id of ids) {
    throwIfAborted(signal);
    const source = files.path(id);
    const copy = target + source.slice(directory.length);
    const sizeBytes = id === end.fileId ? end.end : await files.size(id);
    const isLinked = !unfinished.has(id) && (await tryLink(fileSystem, source, copy));
    if (!isLinked) await copyFile(fileSystem, source, copy, sizeBytes, signal);
    result.files++;
    result.bytes += sizeBytes;
    if (isLinked) result.sharedBytes += sizeBytes;
    onProgress?.({ done: result.files, total: ids.length + 1, unit: 'files' });
  }
  await seal(fileSystem, directory, target, result, signal);
  onProgress?.({ done: result.files, total: result.files, unit: 'files' });
  return result;
}

/** Copies the `VARVE` file, once all it speaks of is safe. */
async function seal(
  fileSystem: FileSystem,
  directory: string,
  target: string,
  result: { files: number; bytes: number },
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    for (const folder of ['journal', 'segments']) {
      await fileSystem.syncDirectory(`${target}/${folder}`);
    }
    const path = superblockPath(directory);
    const sizeBytes = (await fileSystem.status(path))?.sizeBytes ?? 0;
    await copyFile(fileSystem, path, superblockPath(target), sizeBytes, signal);
    await fileSystem.syncDirectory(target);
    result.files++;
    result.bytes += sizeBytes;
  } catch (cause) {
    throw ioError('finish the backup', cause, target);
  }
}

async function prepareTarget(fileSystem: FileSystem, target: string): Promise<void> {
  try {
    const status = await fileSystem.status(target);
    const isEmpty = status === undefined || (await fileSystem.readDirectory(target)).length === 0;
    if (!isEmpty) {
      throw new InvalidArgument(
        `a backup needs a folder that is empty or not there: ${describe({ path: target })}`,
      );
    }
    await makeDirectoryDurably(fileSystem, target);
    for (const folder of ['journal', 'segments']) {
      await fileSystem.makeDirectory(`${target}/${folder}`);
    }
  } catch (cause) {
    throw ioError('make the folder of the backup', cause, target);
  }
}

/** Whether a second name could be made. Where it could not, for any reason, the file is copied. */
async function tryLink(fileSystem: FileSystem, from: string, to: string): Promise<boolean> {
  try {
    await fileSystem.link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw ioError('back up a file', error, to);
    return false;
  }
}

async function copyFile(
  fileSystem: FileSystem,
  from: string,
  to: string,
  sizeBytes: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
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
  } catch (cause) {
    throw ioError('back up a file', cause, to);
  }
}
