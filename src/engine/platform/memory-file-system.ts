/**
 * A file system in memory: what `{ memory: true }` stores into.
 *
 * It does what POSIX does, error codes included, so that a test that passes here means something
 * for the disk: a file lives on while it is open, whatever becomes of its names; a name is one of
 * perhaps several of a file. Every call takes effect at once. There is nothing to sync, so a
 * simulated disk that forgets has to be another implementation.
 *
 * Paths lead down from one root, with or without a `/` in front. `..` is a name like any other.
 *
 * @module
 */

import type { File, FileLock, FileStatus, FileSystem } from './file-system.ts';
import { inBytewiseOrder } from './file-system.ts';
import { GrowingBytes } from './growing-bytes.ts';
import { systemError } from './system-error.ts';

class Directory {
  readonly entries: Map<string, Directory | GrowingBytes> = new Map();
  holder: FileLock | undefined;
}

/** A name in its directory, and what it leads to. */
interface Place {
  readonly directory: Directory;
  readonly name: string;
  readonly found: Directory | GrowingBytes | undefined;
}

class MemoryFile implements File {
  readonly #content: GrowingBytes;
  readonly #writable: boolean;
  #closed = false;

  constructor(content: GrowingBytes, writable: boolean) {
    this.#content = content;
    this.#writable = writable;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    this.#mustBeOpen('read');
    return this.#content.read(target, position);
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<number> {
    this.#mustBeOpen('write');
    if (!this.#writable) throw systemError('EBADF', 'write');
    let written = 0;
    for (const part of parts) {
      this.#content.write(part, position + written);
      written += part.length;
    }
    return written;
  }

  async writeDurably(parts: readonly Uint8Array[], position: number): Promise<number> {
    return this.write(parts, position);
  }

  async sync(): Promise<void> {
    this.#mustBeOpen('fdatasync');
  }

  async truncate(sizeBytes: number): Promise<void> {
    this.#mustBeOpen('ftruncate');
    if (!this.#writable) throw systemError('EINVAL', 'ftruncate');
    this.#content.truncate(sizeBytes);
  }

  async size(): Promise<number> {
    this.#mustBeOpen('fstat');
    return this.#content.size;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #mustBeOpen(syscall: string): void {
    if (this.#closed) throw systemError('EBADF', syscall);
  }
}

/** The port, over a tree that belongs to this object alone. */
export class MemoryFileSystem implements FileSystem {
  readonly #root = new Directory();

  async open(path: string, mode: 'read' | 'create' | 'update'): Promise<File> {
    if (mode === 'create') {
      const { directory, name, found } = this.#place(path, 'open');
      if (found !== undefined) throw systemError('EEXIST', 'open', path);
      const content = new GrowingBytes();
      directory.entries.set(name, content);
      return new MemoryFile(content, true);
    }
    const found = this.#mustFind(path, 'open');
    if (found instanceof Directory) throw systemError('EISDIR', 'open', path);
    return new MemoryFile(found, mode === 'update');
  }

  async readDirectory(path: string): Promise<string[]> {
    return inBytewiseOrder(this.#mustFindDirectory(path, 'scandir').entries.keys());
  }

  async makeDirectory(path: string): Promise<void> {
    let directory = this.#root;
    const names = namesOf(path);
    for (const [depth, name] of names.entries()) {
      const found = directory.entries.get(name) ?? new Directory();
      if (!(found instanceof Directory)) {
        throw systemError(depth === names.length - 1 ? 'EEXIST' : 'ENOTDIR', 'mkdir', path);
      }
      directory.entries.set(name, found);
      directory = found;
    }
  }

  async syncDirectory(path: string): Promise<void> {
    this.#mustFindDirectory(path, 'fsync');
  }

  async status(path: string): Promise<FileStatus | undefined> {
    const found = this.#find(path);
    if (found === undefined || found === 'behind a file') return undefined;
    if (found instanceof Directory) return { kind: 'directory', sizeBytes: 0 };
    return { kind: 'file', sizeBytes: found.size };
  }

  async rename(from: string, to: string): Promise<void> {
    const source = this.#place(from, 'rename');
    if (source.found === undefined) throw systemError('ENOENT', 'rename', from);
    const target = this.#place(to, 'rename');
    // Two names of one file: POSIX leaves both.
    if (source.found === target.found) return;

    if (source.found instanceof Directory) {
      if (isWithin(to, from)) throw systemError('EINVAL', 'rename', to);
      if (target.found instanceof GrowingBytes) throw systemError('ENOTDIR', 'rename', to);
      if (target.found && target.found.entries.size > 0) {
        throw systemError('ENOTEMPTY', 'rename', to);
      }
    } else if (target.found instanceof Directory) {
      throw systemError('EISDIR', 'rename', to);
    }
    target.directory.entries.set(target.name, source.found);
    source.directory.entries.delete(source.name);
  }

  async link(from: string, to: string): Promise<void> {
    const file = this.#mustFind(from, 'link');
    const target = this.#place(to, 'link');
    if (target.found !== undefined) throw systemError('EEXIST', 'link', to);
    if (file instanceof Directory) throw systemError('EPERM', 'link', from);
    target.directory.entries.set(target.name, file);
  }

  /** Nothing is shared here: the new file has a copy. */
  async clone(from: string, to: string): Promise<void> {
    const file = this.#mustFind(from, 'copyfile');
    if (file instanceof Directory) throw systemError('EISDIR', 'copyfile', from);
    const target = this.#place(to, 'copyfile');
    if (target.found !== undefined) throw systemError('EEXIST', 'copyfile', to);
    target.directory.entries.set(target.name, file.copy());
  }

  async remove(path: string): Promise<void> {
    const { directory, name, found } = this.#place(path, 'unlink');
    if (found === undefined) throw systemError('ENOENT', 'unlink', path);
    if (found instanceof Directory) throw systemError('EISDIR', 'unlink', path);
    directory.entries.delete(name);
  }

  async removeTree(path: string): Promise<void> {
    if (this.#find(path) === undefined) return;
    const { directory, name } = this.#place(path, 'rm');
    directory.entries.delete(name);
  }

  /** As much as a number can say: the heap ends long before, and says so itself. */
  async freeBytes(path: string): Promise<number> {
    this.#mustFind(path, 'statfs');
    return Number.MAX_SAFE_INTEGER;
  }

  async lock(path: string): Promise<FileLock | undefined> {
    const directory = this.#mustFindDirectory(path, 'lock');
    if (directory.holder !== undefined) return undefined;
    const lock: FileLock = {
      async release(): Promise<void> {
        if (directory.holder === lock) directory.holder = undefined;
      },
    };
    directory.holder = lock;
    return lock;
  }

  /** What a path leads to. A file on the way there is another failure than nothing there. */
  #find(path: string): Directory | GrowingBytes | 'behind a file' | undefined {
    let found: Directory | GrowingBytes | undefined = this.#root;
    for (const name of namesOf(path)) {
      if (found instanceof GrowingBytes) return 'behind a file';
      found = found?.entries.get(name);
    }
    return found;
  }

  #mustFind(path: string, syscall: string): Directory | GrowingBytes {
    const found = this.#find(path);
    if (found === undefined) throw systemError('ENOENT', syscall, path);
    if (found === 'behind a file') throw systemError('ENOTDIR', syscall, path);
    return found;
  }

  #mustFindDirectory(path: string, syscall: string): Directory {
    const found = this.#mustFind(path, syscall);
    if (!(found instanceof Directory)) throw systemError('ENOTDIR', syscall, path);
    return found;
  }

  /** The directory that holds, or would hold, the last name of a path. The root has none. */
  #place(path: string, syscall: string): Place {
    const names = namesOf(path);
    const name = names.pop();
    if (name === undefined) throw systemError('EBUSY', syscall, path);
    const directory = this.#mustFindDirectory(names.join('/'), syscall);
    return { directory, name, found: directory.entries.get(name) };
  }
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** Whether a path leads to somewhere below another. */
function isWithin(path: string, above: string): boolean {
  return `${namesOf(path).join('/')}/`.startsWith(`${namesOf(above).join('/')}/`);
}
