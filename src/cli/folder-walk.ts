/**
 * What is in a folder: every file below it, in the bytewise order of their paths.
 *
 * Nothing outside the folder is ever reached: symbolic links are not followed but told, as are
 * sockets, devices and pipes. A folder that cannot be read is told too, and the walk goes on. Paths
 * use `/` on every platform. Names are read as bytes, because one that is not UTF-8 would otherwise
 * come back with replacement characters in it, as another name.
 *
 * @module
 */

import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from './exit-code.ts';

/** A file, or why something there is none. Paths are relative to the folder walked. */
export type FolderItem =
  | { readonly kind: 'file'; readonly path: string }
  /** Left out on purpose. */
  | { readonly kind: 'skipped'; readonly path: string; readonly reason: string }
  /** Could not be looked at: there may be files here that were not seen. */
  | { readonly kind: 'failed'; readonly path: string; readonly reason: string };

type Pending = FolderItem | { readonly kind: 'folder'; readonly path: string };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Walks a folder.
 *
 * @param root - Where to begin. Throws the system's error if it cannot be read.
 * @param excluded - An absolute path below which nothing is looked at.
 */
export async function* walkFolder(root: string, excluded: string): AsyncGenerator<FolderItem> {
  const pending: Pending[] = await readFolder(root, '', excluded);
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (item.kind !== 'folder') {
      yield item;
      continue;
    }
    try {
      for (const inside of await readFolder(root, item.path, excluded)) pending.push(inside);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      yield { kind: 'failed', path: item.path, reason: error.message };
    }
  }
}

/** The entries of one folder, last first: the bytewise order of paths, read from the end. */
async function readFolder(root: string, folder: string, excluded: string): Promise<Pending[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true, encoding: 'buffer' });
  // A folder sorts as the paths below it do: with the slash that they all have after its name.
  const sorted = entries
    .map((entry) => ({ entry, key: entry.isDirectory() ? withSlash(entry.name) : entry.name }))
    .sort((a, b) => Buffer.compare(b.key, a.key));
  return sorted.map(({ entry }) => classify(root, folder, entry, excluded));
}

function classify(root: string, folder: string, entry: Dirent<Buffer>, excluded: string): Pending {
  let name: string;
  try {
    name = utf8.decode(entry.name);
  } catch {
    const path = folder + entry.name.toString('latin1');
    return { kind: 'failed', path, reason: 'its name is not UTF-8' };
  }
  const path = folder + name;
  if (entry.isFile()) return { kind: 'file', path };
  if (!entry.isDirectory()) return { kind: 'skipped', path, reason: describeOther(entry) };
  if (join(root, path) !== excluded) return { kind: 'folder', path: `${path}/` };
  return { kind: 'skipped', path, reason: 'it is the store itself' };
}

function describeOther(entry: Dirent<Buffer>): string {
  return entry.isSymbolicLink() ? 'it is a symbolic link' : 'it is not a regular file';
}

function withSlash(name: Buffer): Buffer {
  return Buffer.concat([name, Buffer.from('/')]);
}
