/**
 * The files of a store as values: read them all, change a byte, and put them on another file
 * system.
 *
 * What stands on disk at a moment is what a crash at that moment leaves (if everything had reached
 * the disk), so a store is never "killed" here: its files are copied and opened somewhere else.
 *
 * @module
 */

import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';

/** Contents by path, relative to the folder of the store. */
export type StoredFiles = ReadonlyMap<string, Uint8Array>;

/** Everything below a folder. Folders without files are left out. */
export async function readFiles(fileSystem: FileSystem, folder: string): Promise<StoredFiles> {
  const files = new Map<string, Uint8Array>();
  const visit = async (path: string): Promise<void> => {
    for (const name of await fileSystem.readDirectory(folder + path)) {
      const below = `${path}/${name}`;
      const status = await fileSystem.status(folder + below);
      if (status?.kind === 'directory') await visit(below);
      else files.set(below.slice(1), await readWhole(fileSystem, folder + below));
    }
  };
  await visit('');
  return files;
}

async function readWhole(fileSystem: FileSystem, path: string): Promise<Uint8Array> {
  const file = await fileSystem.open(path, 'read');
  try {
    const bytes = new Uint8Array(await file.size());
    await file.read(bytes, 0);
    return bytes;
  } finally {
    await file.close();
  }
}

/** Writes files into a folder of a file system. */
export async function writeFiles(
  fileSystem: FileSystem,
  folder: string,
  files: StoredFiles,
): Promise<void> {
  await fileSystem.makeDirectory(folder);
  for (const [path, bytes] of files) {
    const whole = `${folder}/${path}`;
    await fileSystem.makeDirectory(whole.replace(/\/[^/]*$/, ''));
    const file = await fileSystem.open(whole, 'create');
    await file.write([bytes], 0);
    await file.close();
  }
}

/** A new file system in memory that holds just these files. */
export async function fileSystemWith(
  folder: string,
  files: StoredFiles,
): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem();
  await writeFiles(fileSystem, folder, files);
  return fileSystem;
}

/** The same files but for one. With no bytes it is gone. */
export function withFile(
  files: StoredFiles,
  path: string,
  bytes: Uint8Array | undefined,
): StoredFiles {
  const changed = new Map(files);
  if (bytes === undefined) changed.delete(path);
  else changed.set(path, bytes);
  return changed;
}

/** Zeros over the middle of a file, so that what lies there is lost. */
export function withHole(files: StoredFiles, path: string, from: number, to: number): StoredFiles {
  const bytes = Uint8Array.from(mustGetFile(files, path));
  bytes.fill(0, from, to);
  return withFile(files, path, bytes);
}

/** The same bytes but for one bit. */
export function withFlippedBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
  return flipped;
}

/** Paths in a folder of the store, in order. */
export function pathsIn(files: StoredFiles, folder: string): string[] {
  return [...files.keys()].filter((path) => path.startsWith(`${folder}/`)).sort();
}

/** The content of a file that must be there. */
export function mustGetFile(files: StoredFiles, path: string): Uint8Array {
  const bytes = files.get(path);
  if (bytes === undefined) throw new Error(`no such file in the store: ${path}`);
  return bytes;
}
