/**
 * A copy of the store as of one commit, taken while work goes on.
 *
 * The truth is append-only, so a copy needs no pause: the journal up to a commit that is on stable
 * storage, every segment as it is then, and the newest snapshot. No log file is retired meanwhile.
 * Finished files share their bytes with the store where
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
import type { Snapshots } from '../snapshots.ts';
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
  readonly snapshots: Pick<Snapshots, 'newestPath'>;
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
  const unpin = parts.files.pin();
  try {
    return await backUp(parts, target, { signal, onProgress });
  } finally {
    unpin();
  }
}

async function backUp(
  parts: BackupParts,
  target: string,
  { signal, onProgress }: BackupOptions,
): Promise<BackupResult> {
  const folder = await BackupFolder.take(parts.platform, target, parts.superblock());
  try {
    const result = { files: 0, bytes: 0, sharedBytes: 0, keptBytes: 0 };
    // Before the end of the journal is known: it must not be of a commit behind that.
    const snapshot = await addSnapshot(parts, folder, signal);
    if (snapshot !== undefined) count(result, snapshot);
    const files = filesAt(parts, await parts.sync());
    const total = result.files + files.length + 1;
    for (const file of files) {
      throwIfAborted(signal);
      const added = await addUnlessGone(parts, folder, file, signal);
      if (added !== undefined) count(result, added);
      onProgress?.({ done: result.files, total, unit: 'files' });
    }
    await folder.publish(parts.superblock());
    count(result, { sizeBytes: superblockBytes, means: 'copied' });
    await folder.removeAllBut(new Set(files.map(({ fileId }) => fileId)), snapshot?.path);
    onProgress?.({ done: result.files, total: result.files, unit: 'files' });
    return result;
  } finally {
    await folder.close();
  }
}

/** Adds the newest snapshot, if there is one. Compaction may put another in its place meanwhile. */
async function addSnapshot(
  parts: BackupParts,
  folder: BackupFolder,
  signal: AbortSignal | undefined,
): Promise<{ path: string; sizeBytes: number; means: BackupMeans } | undefined> {
  const path = parts.snapshots.newestPath;
  if (path === undefined) return undefined;
  try {
    return { path, ...(await folder.addSnapshot(path, signal)) };
  } catch (error) {
    if (parts.snapshots.newestPath === path) throw error;
    return addSnapshot(parts, folder, signal);
  }
}

/**
 * Adds a file. `undefined`: it was retired just when the backup began, so nothing that the snapshot
 * does not have needs it.
 */
async function addUnlessGone(
  { files, directory }: BackupParts,
  folder: BackupFolder,
  file: StoreFile,
  signal: AbortSignal | undefined,
): Promise<{ readonly sizeBytes: number; readonly means: BackupMeans } | undefined> {
  try {
    const sizeBytes = file.endBytes ?? (await files.size(file.fileId));
    const means = await folder.add({ files, directory }, { ...file, sizeBytes }, signal);
    return { sizeBytes, means };
  } catch (error) {
    if (files.has(file.fileId)) throw error;
    return undefined;
  }
}

/** A log file that a backup takes. */
interface StoreFile extends Omit<BackupFile, 'sizeBytes'> {
  /** How much of it, if not all. */
  readonly endBytes: number | undefined;
}

/** What the store consists of at a commit. */
function filesAt({ files, openFileIds }: BackupParts, end: FileHeader['previous']): StoreFile[] {
  const unfinished = new Set([end.fileId, ...openFileIds()]);
  const segments = files.ids('segment').map((fileId) => ({ fileId, kind: 'segment' as const }));
  const journal = files
    .ids('journal')
    .filter((fileId) => fileId <= end.fileId)
    .map((fileId) => ({ fileId, kind: 'journal' as const }));
  return [...segments, ...journal].map(({ fileId, kind }) => ({
    fileId,
    kind,
    endBytes: fileId === end.fileId ? end.end : undefined,
    isFinished: !unfinished.has(fileId),
  }));
}

function count(
  result: { -readonly [Key in keyof BackupResult]: BackupResult[Key] },
  { sizeBytes, means }: { readonly sizeBytes: number; readonly means: BackupMeans },
): void {
  result.files++;
  result.bytes += sizeBytes;
  if (means !== 'copied') result.sharedBytes += sizeBytes;
  if (means === 'kept') result.keptBytes += sizeBytes;
}
