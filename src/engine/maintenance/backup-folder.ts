/**
 * The folder that a backup is made in: empty at first, or an earlier backup of the same store.
 *
 * Whatever ends a backup, and wherever: the folder opens as the earlier backup or as the new one,
 * and if there was none before, it is no store. Hence the order:
 *
 * 1. Everything that is new is put into `backup-partial/` and synced, names and all. Nobody looks
 *    there: until now the folder is what it was.
 * 2. The folder is renamed to `backup-complete/`. This one step is the change from old to new.
 * 3. Its files are put in their places, and it is removed. Whoever finds the folder, the next
 *    opening or the next backup, does the same again, from the beginning. Nothing of the store is
 *    read before it is done.
 * 4. Log files that the store has given up since are removed.
 *
 * Log files need no order among themselves then. Without step 2 there would be none that is right:
 * a journal file that has grown makes its successor wrong, and the other way round; and states in
 * between may need a file that was made and retired between the two backups.
 *
 * A file that was there before is kept if it begins, ends and is sized like the store's. A header
 * has a random salt and ends in a checksum, and files are never changed behind it, so files with
 * one header are one file: only how much of it is there is in question. That bytes in the middle
 * have rotted since is for `verify` to find.
 *
 * A folder that a session has written to has a history of its own, and a backup would destroy it.
 * A bit in the `VARVE` file says that none has; what else gives it away is refused as well.
 *
 * Errors: `INVALID` for a folder that is neither empty nor an untouched backup of this store;
 * `LOCKED`; `CORRUPT`; `IO`, `FULL`; `ABORTED`.
 *
 * @module
 */

import { equalBytes } from '../../base/bytes.ts';
import { InvalidArgument, corrupt, describe } from '../../base/errors.ts';
import { makeDirectoryDurably } from '../durable-directory.ts';
import { readSuperblock } from '../incarnation.ts';
import { fileHeaderBytes, type LogFileKind } from '../log/file-header.ts';
import { ioError } from '../log/io-errors.ts';
import { LogFiles } from '../log/log-files.ts';
import { writeFully } from '../log/log-writer.ts';
import {
  encodeSuperblock,
  isUntouchedBackup,
  optionalFeatures,
  superblockPath,
  type Superblock,
} from '../log/superblock.ts';
import type { FileLock, FileSystem } from '../platform/file-system.ts';
import type { Platform } from '../platform/platform.ts';
import { ownerFile, takeLock } from '../store-lock.ts';
import { copyFile, haveSameEnds, tryShare } from './file-copy.ts';

const partialFolder = 'backup-partial';
const completeFolder = 'backup-complete';
/** Where a store has its files. */
const fileFolders = ['journal', 'segments', 'snapshots'] as const;

const snapshotName = /^\d{16}\.vsnap$/;

/** A log file of the store that the backup shall have. */
export interface BackupFile {
  readonly fileId: number;
  readonly kind: LogFileKind;
  /** How much of it. */
  readonly sizeBytes: number;
  /** Whether nobody will ever write to it, or to its second name. */
  readonly isFinished: boolean;
}

/** How a file came into the backup: it was there; it shares its bytes; it was copied. */
export type BackupMeans = 'kept' | 'shared' | 'copied';

/** Whether a folder with these names in it is a store as soon as its backup is finished. */
export function holdsCompleteBackup(names: readonly string[]): boolean {
  return names.includes(completeFolder);
}

/** Does what is left of a backup that was cut short after it was complete. */
export async function finishBackup(fileSystem: FileSystem, directory: string): Promise<void> {
  const complete = `${directory}/${completeFolder}`;
  try {
    if ((await fileSystem.status(complete)) === undefined) return;
    // Whoever gave it this name may have been killed before that was safe. What is done now is.
    await fileSystem.syncDirectory(directory);
    // It is of the backup before: rows of commits that are here, but not up to this journal.
    await fileSystem.removeTree(`${directory}/index`);
    for (const folder of fileFolders) {
      await placeFiles(fileSystem, `${complete}/${folder}`, `${directory}/${folder}`);
    }
    await placeFiles(fileSystem, complete, directory);
    await fileSystem.removeTree(complete);
    await fileSystem.syncDirectory(directory);
  } catch (cause) {
    throw ioError('finish the backup', cause, directory);
  }
}

/**
 * Puts the files of a folder in their places, whatever is there. They keep the names they have,
 * until the new ones are safe: a power cut may take the new name of a file that was moved, and keep
 * the removal of the old one.
 */
async function placeFiles(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  await fileSystem.makeDirectory(to);
  const isThere = (await fileSystem.status(from)) !== undefined;
  for (const name of isThere ? await fileSystem.readDirectory(from) : []) {
    const [source, place] = [`${from}/${name}`, `${to}/${name}`];
    const status = await fileSystem.status(source);
    if (status?.kind !== 'file') continue;
    if ((await fileSystem.status(place)) !== undefined) await fileSystem.remove(place);
    if (await tryShare(fileSystem, source, place)) continue;
    await copyFile(fileSystem, { from: source, to: place, sizeBytes: status.sizeBytes });
  }
  await fileSystem.syncDirectory(to);
}

export class BackupFolder {
  readonly #platform: Platform;
  readonly #directory: string;
  readonly #lock: FileLock;
  #files: LogFiles | undefined;

  private constructor(platform: Platform, directory: string, lock: FileLock) {
    this.#platform = platform;
    this.#directory = directory;
    this.#lock = lock;
  }

  /** Takes a folder for a backup of a store: nobody else has it until it is closed. */
  static async take(
    platform: Platform,
    directory: string,
    store: Superblock,
  ): Promise<BackupFolder> {
    await prepare(platform.fileSystem, directory);
    const folder = new BackupFolder(platform, directory, await takeLock(platform, directory));
    try {
      await folder.#begin(store);
      return folder;
    } catch (error) {
      await folder.close();
      throw ioError('prepare the folder of the backup', error, directory);
    }
  }

  /** Sees to it that a file will be there. Where it has to be made, it is made aside. */
  async add(
    source: { readonly files: LogFiles; readonly directory: string },
    file: BackupFile,
    signal: AbortSignal | undefined,
  ): Promise<BackupMeans> {
    const from = source.files.path(file.fileId);
    const to = this.#partial + from.slice(source.directory.length);
    if (await this.#has(source.files, file)) return 'kept';
    return this.#bring({ ...file, from, to }, signal);
  }

  /** The same for a snapshot, which is finished, and has its name to itself. */
  async addSnapshot(
    from: string,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly sizeBytes: number; readonly means: BackupMeans }> {
    const { fileSystem } = this.#platform;
    const path = `snapshots/${from.slice(from.lastIndexOf('/') + 1)}`;
    try {
      const sizeBytes = (await fileSystem.status(from))?.sizeBytes ?? 0;
      const isThere = await haveSameEnds(fileSystem, from, `${this.#directory}/${path}`);
      if (isThere) return { sizeBytes, means: 'kept' };
      const file = { from, to: `${this.#partial}/${path}`, sizeBytes, isFinished: true };
      return { sizeBytes, means: await this.#bring(file, signal) };
    } catch (cause) {
      throw ioError('back up a snapshot', cause, from);
    }
  }

  /** Makes all that was added the backup. It is on stable storage when this resolves. */
  async publish(store: Superblock): Promise<void> {
    const { fileSystem } = this.#platform;
    try {
      await this.#writeSuperblock({
        ...store,
        optionalFeatures: store.optionalFeatures | optionalFeatures.backup,
      });
      for (const folder of fileFolders) {
        await fileSystem.syncDirectory(`${this.#partial}/${folder}`);
      }
      await fileSystem.syncDirectory(this.#partial);
      await fileSystem.rename(this.#partial, `${this.#directory}/${completeFolder}`);
    } catch (cause) {
      throw ioError('finish the backup', cause, this.#directory);
    }
    await finishBackup(fileSystem, this.#directory);
  }

  /** Removes the files of the backup before that the store does not have any more. */
  async removeAllBut(
    fileIds: ReadonlySet<number>,
    snapshotPath: string | undefined,
  ): Promise<void> {
    const { fileSystem } = this.#platform;
    const files = this.#files;
    if (files === undefined) return;
    const isOutdated = (id: number): boolean => !fileIds.has(id);
    const outdated = [...files.ids('journal'), ...files.ids('segment')].filter(isOutdated);
    try {
      for (const id of outdated) await fileSystem.remove(files.path(id));
      const folder = `${this.#directory}/snapshots`;
      for (const name of await fileSystem.readDirectory(folder)) {
        const isOld = snapshotName.test(name) && snapshotPath?.endsWith(`/${name}`) === false;
        if (isOld) await fileSystem.remove(`${folder}/${name}`);
      }
      for (const name of fileFolders) {
        await fileSystem.syncDirectory(`${this.#directory}/${name}`);
      }
    } catch (cause) {
      throw ioError('remove what the backup needs no more', cause, this.#directory);
    }
  }

  /** Lets go of the folder. What was added and not published is removed, if that can be. */
  async close(): Promise<void> {
    await this.#files?.close();
    await this.#platform.fileSystem.removeTree(this.#partial).catch(() => undefined);
    await this.#lock.release();
  }

  get #partial(): string {
    return `${this.#directory}/${partialFolder}`;
  }

  async #begin(store: Superblock): Promise<void> {
    const { fileSystem, hashing } = this.#platform;
    const directory = this.#directory;
    await finishBackup(fileSystem, directory);
    if ((await fileSystem.status(superblockPath(directory))) !== undefined) {
      const superblock = await readSuperblock(this.#platform, directory);
      refuseStranger(directory, superblock, store);
      this.#files = await LogFiles.open(fileSystem, hashing.crc32, directory, store.storeId);
    }
    await fileSystem.removeTree(this.#partial);
    for (const folder of fileFolders) {
      await fileSystem.makeDirectory(`${this.#partial}/${folder}`);
    }
  }

  /** Makes a file aside. */
  async #bring(
    file: Pick<BackupFile, 'sizeBytes' | 'isFinished'> & { from: string; to: string },
    signal: AbortSignal | undefined,
  ): Promise<BackupMeans> {
    const { fileSystem } = this.#platform;
    const { from, to, isFinished } = file;
    try {
      if (isFinished && (await tryShare(fileSystem, from, to))) return 'shared';
      await copyFile(fileSystem, file, signal);
      return 'copied';
    } catch (cause) {
      throw ioError('back up a file', cause, to);
    }
  }

  /** Whether the backup before has the file, whole and unchanged. Refuses one that is not its. */
  async #has(source: LogFiles, file: BackupFile): Promise<boolean> {
    const { fileId, kind, sizeBytes } = file;
    const files = this.#files;
    if (!files?.has(fileId)) return false;
    if (!files.ids(kind).includes(fileId)) throw hasOwnHistory(this.#directory, { file: fileId });
    const size = await files.size(fileId);
    // Something cut it off. Whose it was cannot be told, and what is left is worth nothing.
    if (size < fileHeaderBytes) return false;
    const isAhead = kind === 'journal' && size > sizeBytes;
    if (isAhead || !(await areAlike(source, files, fileId))) {
      throw hasOwnHistory(this.#directory, { file: fileId });
    }
    const { fileSystem } = this.#platform;
    const [ours, theirs] = [source.path(fileId), files.path(fileId)];
    return size === sizeBytes && (await haveSameEnds(fileSystem, ours, theirs, size));
  }

  /** Both slots, so that one may rot. */
  async #writeSuperblock(superblock: Superblock): Promise<void> {
    const slot = encodeSuperblock(this.#platform.hashing.crc32, superblock);
    const file = await this.#platform.fileSystem.open(superblockPath(this.#partial), 'create');
    try {
      await writeFully(file, [slot, slot], 0);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/** Makes the folder where it is missing, and refuses one that holds something else. */
async function prepare(fileSystem: FileSystem, directory: string): Promise<void> {
  try {
    const status = await fileSystem.status(directory);
    const names = status?.kind === 'directory' ? await fileSystem.readDirectory(directory) : [];
    const strangers = names.filter((name) => name !== ownerFile && name !== partialFolder);
    const isStore = names.includes('VARVE') || holdsCompleteBackup(names);
    if (status?.kind === 'file' || (strangers.length > 0 && !isStore)) {
      throw new InvalidArgument(
        'a backup needs a folder that is empty, not there, or an earlier backup: ' +
          describe({ path: directory }),
      );
    }
    await makeDirectoryDurably(fileSystem, directory);
  } catch (cause) {
    throw ioError('make the folder of the backup', cause, directory);
  }
}

/** Refuses to back up into what is no backup of this store, or was one and is its own now. */
function refuseStranger(directory: string, found: Superblock | undefined, store: Superblock): void {
  const path = superblockPath(directory);
  if (found === undefined) throw corrupt(`the VARVE file of the backup is damaged: ${path}`);
  if (!equalBytes(found.storeId, store.storeId)) {
    throw new InvalidArgument(
      'the folder holds another store; back up into an empty folder: ' +
        describe({ path: directory }),
    );
  }
  if (!isUntouchedBackup(found) || found.generation > store.generation) {
    throw hasOwnHistory(directory, { generation: found.generation });
  }
}

function hasOwnHistory(
  directory: string,
  where: Readonly<Record<string, unknown>>,
): InvalidArgument {
  return new InvalidArgument(
    'the folder is no earlier state of this store: one of the two was written to on its own; ' +
      `back up into an empty folder: ${describe({ path: directory, ...where })}`,
  );
}

/** Whether a log file has the same header here and there. Throws `CORRUPT` if one is damaged. */
async function areAlike(ours: LogFiles, theirs: LogFiles, fileId: number): Promise<boolean> {
  const read = (files: LogFiles): Promise<Uint8Array> =>
    files.with(fileId, (opened) => opened.read(0, fileHeaderBytes));
  return equalBytes(await read(ours), await read(theirs));
}
