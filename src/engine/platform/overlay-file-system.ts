/**
 * A file system over another that changes nothing there: what is written stays in memory.
 *
 * It shows what a piece of work would do, by doing it. A file that is written to is copied into
 * memory first, whole; one that is only renamed is not.
 *
 * @module
 */

import type { File, FileLock, FileStatus, FileSystem } from './file-system.ts';
import { inBytewiseOrder } from './file-system.ts';
import { MemoryFileSystem } from './memory-file-system.ts';
import { systemError } from './system-error.ts';

export class OverlayFileSystem implements FileSystem {
  readonly #below: FileSystem;
  readonly #above = new MemoryFileSystem();
  /** Paths that are not to be seen any more, with all below them. */
  readonly #gone = new Set<string>();
  /** Where the content of a path lies below, if it was renamed. */
  readonly #renamed = new Map<string, string>();

  constructor(below: FileSystem) {
    this.#below = below;
  }

  async open(path: string, mode: 'read' | 'create' | 'update'): Promise<File> {
    if (mode === 'create') {
      if ((await this.status(path)) !== undefined) throw systemError('EEXIST', 'open', path);
      await this.#above.makeDirectory(folderOf(path));
    } else if ((await this.#above.status(path)) === undefined) {
      const below = await this.#mustFindBelow(path, 'open');
      if (mode === 'read') return this.#below.open(below, 'read');
      await this.#copyUp(below, path);
    }
    return this.#above.open(path, mode);
  }

  async readDirectory(path: string): Promise<string[]> {
    const names = new Set<string>();
    if ((await this.#above.status(path)) !== undefined) {
      for (const name of await this.#above.readDirectory(path)) names.add(name);
    } else if ((await this.status(path)) === undefined) {
      throw systemError('ENOENT', 'scandir', path);
    }
    if (!this.#isGone(path) && (await this.#below.status(path)) !== undefined) {
      for (const name of await this.#below.readDirectory(path)) {
        if (!this.#isGone(`${path}/${name}`)) names.add(name);
      }
    }
    for (const renamed of this.#renamed.keys()) {
      if (folderOf(renamed) === path) names.add(renamed.slice(path.length + 1));
    }
    return inBytewiseOrder(names);
  }

  async makeDirectory(path: string): Promise<void> {
    if ((await this.status(path))?.kind === 'file') throw systemError('EEXIST', 'mkdir', path);
    await this.#above.makeDirectory(path);
  }

  async syncDirectory(path: string): Promise<void> {
    if ((await this.status(path)) === undefined) throw systemError('ENOENT', 'fsync', path);
  }

  async status(path: string): Promise<FileStatus | undefined> {
    const above = await this.#above.status(path);
    if (above !== undefined) return above;
    const below = this.#pathBelow(path);
    return below === undefined ? undefined : this.#below.status(below);
  }

  async rename(from: string, to: string): Promise<void> {
    if ((await this.status(to)) !== undefined) await this.#hide(to);
    if ((await this.#above.status(from)) === undefined) {
      this.#renamed.set(to, await this.#mustFindBelow(from, 'rename'));
    } else {
      await this.#above.makeDirectory(folderOf(to));
      await this.#above.rename(from, to);
    }
    this.#renamed.delete(from);
    this.#gone.add(from);
  }

  async link(_from: string, to: string): Promise<void> {
    throw systemError('EPERM', 'link', to);
  }

  async clone(_from: string, to: string): Promise<void> {
    throw systemError('EPERM', 'clone', to);
  }

  async remove(path: string): Promise<void> {
    if ((await this.status(path)) === undefined) throw systemError('ENOENT', 'unlink', path);
    await this.#hide(path);
  }

  async removeTree(path: string): Promise<void> {
    for (const renamed of this.#renamed.keys()) {
      if (renamed.startsWith(`${path}/`)) this.#renamed.delete(renamed);
    }
    this.#gone.add(path);
    await this.#above.removeTree(path);
  }

  freeBytes(path: string): Promise<number> {
    return this.#below.freeBytes(path);
  }

  lock(directory: string): Promise<FileLock | undefined> {
    return this.#below.lock(directory);
  }

  async #hide(path: string): Promise<void> {
    if ((await this.#above.status(path)) !== undefined) await this.#above.remove(path);
    this.#renamed.delete(path);
    this.#gone.add(path);
  }

  #isGone(path: string): boolean {
    for (let at = path; at !== '' && at !== '.'; at = folderOf(at)) {
      if (this.#gone.has(at)) return true;
      if (!at.includes('/')) return false;
    }
    return false;
  }

  #pathBelow(path: string): string | undefined {
    return this.#renamed.get(path) ?? (this.#isGone(path) ? undefined : path);
  }

  async #mustFindBelow(path: string, syscall: string): Promise<string> {
    const below = this.#pathBelow(path);
    if (below === undefined || (await this.#below.status(below)) === undefined) {
      throw systemError('ENOENT', syscall, path);
    }
    return below;
  }

  async #copyUp(below: string, path: string): Promise<void> {
    const source = await this.#below.open(below, 'read');
    try {
      const bytes = new Uint8Array(await source.size());
      for (let at = 0; at < bytes.length;) {
        const byteCount = await source.read(bytes.subarray(at), at);
        if (byteCount === 0) break;
        at += byteCount;
      }
      await this.#above.makeDirectory(folderOf(path));
      const copy = await this.#above.open(path, 'create');
      await copy.write([bytes], 0);
      await copy.close();
    } finally {
      await source.close();
    }
  }
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
