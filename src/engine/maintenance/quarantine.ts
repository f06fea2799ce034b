/**
 * Where repair puts what it cannot use: the folder `quarantine/` of the store.
 *
 * Repair deletes nothing. A file that stands in the way is moved, with a text file beside it that
 * says why. The folder has the shape of a store, `journal/` and `segments/`, so that what is in it
 * can be read as a log.
 *
 * @module
 */

import { encodeUtf8 } from '../../base/bytes.ts';
import { ioError } from '../log/io-errors.ts';
import { writeFully } from '../log/log-writer.ts';
import type { FileSystem } from '../platform/file-system.ts';
import { copyFile, tryShare } from './file-copy.ts';

/** A file that was moved. */
export interface QuarantinedFile {
  /** Where it was, from the folder of the store. */
  readonly file: string;
  readonly reason: string;
}

/** The folder of quarantined files. */
export function quarantineFolder(directory: string): string {
  return `${directory}/quarantine`;
}

/**
 * Moves a file, named from the folder of the store, or leaves it for another to take its place in
 * one step. What is in quarantine then is durable.
 */
export async function quarantine(
  fileSystem: FileSystem,
  directory: string,
  { file, reason }: QuarantinedFile,
  what: 'move' | 'leave' = 'move',
): Promise<void> {
  const slash = file.lastIndexOf('/');
  const from = slash < 0 ? directory : `${directory}/${file.slice(0, slash)}`;
  const to = quarantineFolder(directory) + (slash < 0 ? '' : `/${file.slice(0, slash)}`);
  try {
    await fileSystem.makeDirectory(to);
    // A name is only as safe as those of the folders that lead to it.
    for (const folder of [quarantineFolder(directory), directory]) {
      await fileSystem.syncDirectory(folder);
    }
    const name = await freeName(fileSystem, to, file.slice(slash + 1));
    const note = `${to}/${name}.txt`;
    // Of a move that was cut short before the file was here.
    if ((await fileSystem.status(note)) !== undefined) await fileSystem.remove(note);
    await writeNote(fileSystem, note, `${file}: ${reason}\n`);
    const [path, place] = [`${directory}/${file}`, `${to}/${name}`];
    if (what === 'move') await fileSystem.rename(path, place);
    else await addName(fileSystem, path, place);
    await fileSystem.syncDirectory(to);
    await fileSystem.syncDirectory(from);
  } catch (cause) {
    throw ioError('move a file to the quarantine', cause, `${directory}/${file}`);
  }
}

/** A second name, or where that cannot be a copy. */
async function addName(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  if (await tryShare(fileSystem, from, to)) return;
  const sizeBytes = (await fileSystem.status(from))?.sizeBytes ?? 0;
  await copyFile(fileSystem, { from, to, sizeBytes });
}

/** A name that no file has: none is ever overwritten there. */
async function freeName(fileSystem: FileSystem, folder: string, name: string): Promise<string> {
  const taken = new Set(await fileSystem.readDirectory(folder));
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? name : `${name}.${count}`;
    if (!taken.has(candidate)) return candidate;
  }
}

async function writeNote(fileSystem: FileSystem, path: string, text: string): Promise<void> {
  const note = await fileSystem.open(path, 'create');
  try {
    await writeFully(note, [encodeUtf8(text)], 0);
    await note.sync();
  } finally {
    await note.close();
  }
}
