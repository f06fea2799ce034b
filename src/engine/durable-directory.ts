/**
 * A directory whose name is on stable storage, and the names of those above it.
 *
 * A name is an entry in the directory above, so a file that is synced can still be lost to a power
 * cut with any directory on the way to it. Who makes a store may make several of them at once; and
 * a process that was killed in between may have made them without a sync, so being there already
 * proves nothing. Hence all are synced, up to the root or the current directory. It is done once in
 * the life of a store.
 *
 * Errors: those of the file system, as they are.
 *
 * @module
 */

import { codeOf } from './log/io-errors.ts';
import type { FileSystem } from './platform/file-system.ts';

/** Makes a directory, and those above it that are missing. All of them are durable then. */
export async function makeDirectoryDurably(
  fileSystem: FileSystem,
  directory: string,
): Promise<void> {
  await fileSystem.makeDirectory(directory);
  for (let path = parentOf(directory); path !== undefined; path = parentOf(path)) {
    try {
      await fileSystem.syncDirectory(path);
    } catch (error) {
      // One that this user may not even read was made, and is looked after, by somebody else.
      if (codeOf(error) !== 'EACCES' && codeOf(error) !== 'EPERM') throw error;
    }
  }
}

/** The directory above; `undefined` for the root and for the current directory. */
function parentOf(directory: string): string | undefined {
  const path = directory.replace(/(?<=.)\/+$/, '');
  if (path === '/' || path === '.') return undefined;
  const slash = path.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}
