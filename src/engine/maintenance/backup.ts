/**
 * A copy of the store as of one commit, taken while work goes on.
 *
 * The truth is append-only, so a copy needs no pause: the journal up to a commit that is on stable
 * storage, and every segment as it is then. Finished files share their bytes with the store where
 * the file system can do that, as nobody ever writes to them again; others are copied. So is the
 * last journal file, finished or not: the first opening of the backup writes its end again, in
 * place, and must not reach through into the store. The index is left out; that opening makes it.
 *
 * What makes all of this one backup, or leaves the one before, is in backup-folder.ts.
 *
 * Errors: those of the folder.
 *
 * @module
 */

import { InvalidArgument, describe, throwIfAborted } from '../../base/errors.ts';
import type { FileHeader } from '../log/file-header.ts';
import type { LogFiles } from '../log/log-files.ts';
import { superblockBytes, type Superblock } from '../log/superblock.ts';
import type { Platform } from '../platform/platform.ts';
import { BackupFolder, type BackupFile, type BackupMeans } from './backup-folder.ts';

export interface BackupParts {
  readonly platform: Platform;
  readonly directory: string;
  readonly files: LogFiles;
  readonly superblock: () => Superblock;
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

/** What the backup consists of now, and how it came there. */
export interface BackupResult {
  readonly files: number;
  readonly bytes: number;
  /** Of these, bytes that were not copied: kept, or shared with the store. */
  readonly sharedBytes: number;
  /** Of these, bytes that the backup before had already. */
  readonly keptBytes: number;
}

/** Copies the store to a folder that is empty, not there yet, or an earlier backup of it. */
export async function backup(
  parts: BackupParts,
  target: string,
  { signal, onProgress }: BackupOptions,
): Promise<BackupResult> {
  if (target === parts.directory) {
    const where = describe({ path: target });
    throw new InvalidArgument(
      `a store is not backed up into itself; name another folder: ${where}`,
    );
  }
  const folder = await BackupFolder.take(parts.platform, target, parts.superblock());
  try {
    const files = await filesAt(parts, await parts.sync());
    const result = { files: 0, bytes: 0, sharedBytes: 0, keptBytes: 0 };
    for (const file of files) {
      throwIfAborted(signal);
      count(result, file.sizeBytes, await folder.add(parts, file, signal));
      onProgress?.({ done: result.files, total: files.length + 1, unit: 'files' });
    }
    await folder.publish(parts.superblock());
    count(result, superblockBytes, 'copied');
    await folder.removeAllBut(new Set(files.map(({ fileId }) => fileId)));
    onProgress?.({ done: result.files, total: result.files, unit: 'files' });
    return result;
  } finally {
    await folder.close();
  }
}

/** What the store consists of at a commit. */
async function filesAt(parts: BackupParts, end: FileHeader['previous']): Promise<BackupFile[]> {
  const { files } = parts;
  const unfinished = new Set([end.fileId, ...parts.openFileIds()]);
  const segments = files.ids('segment').map((fileId) => ({ fileId, kind: 'segment' as const }));
  const journal = files
    .ids('journal')
    .filter((fileId) => fileId <= end.fileId)
    .map((fileId) => ({ fileId, kind: 'journal' as const }));
  return Promise.all(
    [...segments, ...journal].map(async ({ fileId, kind }) => ({
      fileId,
      kind,
      sizeBytes: fileId === end.fileId ? end.end : await files.size(fileId),
      isFinished: !unfinished.has(fileId),
    })),
  );
}

function count(
  result: { -readonly [Key in keyof BackupResult]: BackupResult[Key] },
  sizeBytes: number,
  means: BackupMeans,
): void {
  result.files++;
  result.bytes += sizeBytes;
  if (means !== 'copied') result.sharedBytes += sizeBytes;
  if (means === 'kept') result.keptBytes += sizeBytes;
}
