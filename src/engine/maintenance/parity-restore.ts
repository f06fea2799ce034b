/**
 * Restoring rotten blocks of log files from their parity.
 *
 * What is restored is written to a copy, which takes the place of the file in one step, if it is no
 * less whole than the file by the checks of its own frames: parity that does not belong to the file
 * must not make it worse. The file as it was goes to quarantine.
 *
 * It works on files by their paths, as it must before a damaged store can be opened.
 *
 * Errors: `IO`, `FULL`; `UNSUPPORTED` for a log file of a newer format.
 *
 * @module
 */

import { fileHeaderBytes } from '../log/file-header.ts';
import { ioError } from '../log/io-errors.ts';
import { logFileName, logPlaces } from '../log/log-files.ts';
import { readFully, writeFully } from '../log/log-writer.ts';
import {
  restoreBlocks,
  rottenBlocks,
  type ParitySource,
  type RestoredBlocks,
} from '../log/parity-code.ts';
import { parityBlockBytes } from '../log/parity-file.ts';
import { wholeEnd } from '../log/whole-end.ts';
import type { File } from '../platform/file-system.ts';
import type { Platform } from '../platform/platform.ts';
import { copyFile } from './file-copy.ts';
import { ParityFolder, isParityOf, openedOf } from './parity-folder.ts';
import { quarantine } from './quarantine.ts';
import type { PutRight } from './survey.ts';

/** What parity has to say of a log file: which blocks it can restore, and which it cannot. */
export interface FileRot extends RestoredBlocks {
  /** From the folder of the store. */
  readonly file: string;
}

/** Looks at a log file that has parity. `undefined`: nothing has rotted, as far as is known. */
export async function rotOf(
  platform: Platform,
  directory: string,
  folder: ParityFolder,
  fileId: number,
): Promise<FileRot | undefined> {
  const { fileSystem } = platform;
  for (const kind of ['journal', 'segment'] as const) {
    const name = `${logPlaces[kind].folder}/${logFileName(kind, fileId)}`;
    const path = `${directory}/${name}`;
    try {
      if ((await fileSystem.status(path)) === undefined) continue;
      const file = await fileSystem.open(path, 'read');
      try {
        const rot = await folder.with(fileId, async (parity) => {
          return parity === undefined ? undefined : rotIn(platform, file, parity);
        });
        if (rot !== undefined) return { file: name, ...rot };
      } finally {
        await file.close();
      }
    } catch (cause) {
      throw ioError('read a log file', cause, path);
    }
  }
  return undefined;
}

async function rotIn(
  { clock }: Platform,
  file: File,
  parity: Omit<ParitySource, 'read'>,
): Promise<RestoredBlocks | undefined> {
  const read = (offset: number, byteCount: number): Promise<Uint8Array> =>
    readFully(file, new Uint8Array(byteCount), offset);
  if (!isParityOf(parity.crc32, parity.header, await read(0, fileHeaderBytes))) return undefined;
  const source = { ...parity, read };
  const rotten = await rottenBlocks(source, () => clock.yield());
  return rotten.length === 0 ? undefined : restoreBlocks(source, rotten);
}

/** Restores what can be in all log files, and what was there before goes to quarantine. */
export async function restoreFromParity(
  platform: Platform,
  directory: string,
  storeId: Uint8Array,
): Promise<PutRight> {
  const done: PutRight = { actions: [], quarantined: [] };
  const folder = new ParityFolder(platform, directory, storeId);
  for (const fileId of await folder.ids()) {
    const rot = await rotOf(platform, directory, folder, fileId);
    if (rot === undefined || rot.restored.size === 0) continue;
    const { file, restored } = rot;
    try {
      if (!(await mend(platform, `${directory}/${file}`, restored))) {
        await folder.remove(fileId);
        done.actions.push(`${folder.name(fileId)} is made again: it does not fit ${file}`);
        continue;
      }
      const reason = 'blocks of it had rotted, and were restored from parity';
      await quarantine(platform.fileSystem, directory, { file, reason }, 'leave');
      await putInPlace(platform, `${directory}/${file}`);
      done.quarantined.push({ file, reason });
    } catch (cause) {
      throw ioError('restore a log file', cause, `${directory}/${file}`);
    }
    done.actions.push(`${describeBlocks(restored.size)} of ${file} restored from parity`);
  }
  return done;
}

/** `1 block`, `2 blocks`. */
function describeBlocks(count: number): string {
  return count === 1 ? '1 block' : `${count} blocks`;
}

/** Makes a copy with the restored blocks. `false`: it is less whole than the file. */
async function mend(
  platform: Platform,
  path: string,
  restored: ReadonlyMap<number, Uint8Array>,
): Promise<boolean> {
  const { fileSystem } = platform;
  const copyPath = `${path}.mended`;
  // What an interrupted repair left.
  if ((await fileSystem.status(copyPath)) !== undefined) await fileSystem.remove(copyPath);
  const sizeBytes = (await fileSystem.status(path))?.sizeBytes ?? 0;
  await copyFile(fileSystem, { from: path, to: copyPath, sizeBytes });
  const copy = await fileSystem.open(copyPath, 'update');
  try {
    for (const [block, bytes] of restored) {
      await writeFully(copy, [bytes], block * parityBlockBytes);
    }
    await copy.sync();
    const file = await fileSystem.open(path, 'read');
    try {
      if ((await wholeBytes(platform, copy)) >= (await wholeBytes(platform, file))) return true;
    } finally {
      await file.close();
    }
  } finally {
    await copy.close();
  }
  await fileSystem.remove(copyPath);
  return false;
}

async function wholeBytes({ hashing, clock }: Platform, file: File): Promise<number> {
  const opened = await openedOf(hashing.crc32, file);
  return opened === undefined ? 0 : wholeEnd(hashing.crc32, opened, () => clock.yield());
}

async function putInPlace({ fileSystem }: Platform, path: string): Promise<void> {
  await fileSystem.rename(`${path}.mended`, path);
  await fileSystem.syncDirectory(path.slice(0, path.lastIndexOf('/')));
}
