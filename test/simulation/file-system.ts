/**
 * The file-system port over a simulated disk.
 *
 * Every call that changes something is a *boundary*: just before it takes effect `onBoundary` is
 * called, and whatever the machine holds at that moment is what a crash may leave. Between the call
 * and its effect lies a delay, which the simulation draws, so that calls overtake one another.
 *
 * A call may be made to fail. What a failed write left behind is part of it; a failed sync leaves
 * the disk as docs/durability.md says under D5.
 */

import type {
  File,
  FileLock,
  FileStatus,
  FileSystem,
} from '../../src/engine/platform/file-system.ts';
import { DirectoryNode, FileNode, type Node } from './disk.ts';

/** The calls that change something. */
export type ChangingCall =
  | 'create'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'makeDirectory'
  | 'syncDirectory'
  | 'rename'
  | 'link'
  | 'remove'
  | 'removeTree';

/** What a simulation has to say to a call. */
export interface Course {
  /** How long a call takes; draws. Of a write the path ends with how many bytes. */
  readonly delay: (call: string, path: string) => Promise<void>;
  /** A crash now leaves the disk as it is. */
  onBoundary: (call: string, path: string) => void;
  /** Every call, with the bytes that it was given. */
  readonly onCall: (call: string, path: string, bytes?: readonly Uint8Array[]) => void;
  /** The code of the error with which a call is to fail, if it is to. */
  readonly fault: (call: ChangingCall, path: string) => string | undefined;
  /** Whether a write takes only a part of what it is given, and says so. */
  readonly isShort: () => boolean;
}

/** Nothing is noted, nothing fails, and everything takes no time. */
export const smoothCourse: Course = {
  delay: () => Promise.resolve(),
  onBoundary: () => undefined,
  onCall: () => undefined,
  fault: () => undefined,
  isShort: () => false,
};

export class SimulatedFileSystem implements FileSystem {
  readonly root: DirectoryNode;
  readonly #course: Course;
  readonly #locks = new Set<string>();
  #isGone = false;

  constructor(root: DirectoryNode, course: Course) {
    this.root = root;
    this.#course = course;
  }

  /** The process has ended: no call of it ever returns again. */
  end(): void {
    this.#isGone = true;
  }

  async open(path: string, mode: 'read' | 'create' | 'update'): Promise<File> {
    if (mode === 'create') {
      await this.#change('create', path);
      const { directory, name } = this.#place(path);
      if (directory.entries.has(name)) throw errorOf('EEXIST', path);
      const file = new FileNode(new Uint8Array(0));
      directory.set(name, file);
      return this.#handle(path, file);
    }
    await this.#look('open', path);
    const found = this.#mustFind(path);
    if (found instanceof DirectoryNode) throw errorOf('EISDIR', path);
    return this.#handle(path, found);
  }

  #handle(path: string, file: FileNode): File {
    const sync = async (from?: number, end?: number): Promise<void> => {
      this.#course.onCall('sync', path);
      const error = await this.#begin('sync', path);
      if (error === undefined) file.sync(from, end);
      else {
        file.failSync();
        throw errorOf(error, path);
      }
    };
    const handle: File = {
      read: async (target, position) => {
        await this.#look('read', path);
        const there = file.bytes.subarray(
          position,
          Math.min(file.sizeBytes, position + target.length),
        );
        target.set(there);
        return there.length;
      },
      write: async (parts, position) => {
        this.#course.onCall('write', `${path} ${position}`, parts);
        let at = position;
        const byteCount = parts.reduce((sum, { length }) => sum + length, 0);
        const error = await this.#begin('write', path, ` ${byteCount}`);
        const isWhole = error === undefined && !this.#course.isShort();
        const taken = isWhole ? parts : firstHalf(parts);
        for (const part of taken) {
          file.write(part, at);
          at += part.length;
        }
        if (error !== undefined) throw errorOf(error, path);
        return at - position;
      },
      // A crash may come between the two, and nothing but what it wrote is safe after it.
      writeDurably: async (parts, position) => {
        const written = await handle.write(parts, position);
        await sync(position, position + written);
        return written;
      },
      sync: () => sync(),
      truncate: async (sizeBytes) => {
        await this.#change('truncate', path);
        file.truncate(sizeBytes);
      },
      size: async () => {
        await this.#look('size', path);
        return file.sizeBytes;
      },
      close: () => this.#look('close', path),
    };
    return handle;
  }

  async readDirectory(path: string): Promise<string[]> {
    await this.#look('readDirectory', path);
    const directory = this.#mustFindDirectory(path);
    const names = [...directory.entries.keys()];
    if (directory.rows !== undefined) names.push(`${directory.rows.logNumber}.log`);
    return names.sort();
  }

  async makeDirectory(path: string): Promise<void> {
    if (this.directoryAt(path) !== undefined) return;
    await this.#change('makeDirectory', path);
    let directory = this.root;
    for (const name of namesOf(path)) {
      let next = directory.entries.get(name);
      if (next === undefined) directory.set(name, (next = new DirectoryNode()));
      if (next instanceof FileNode) throw errorOf('ENOTDIR', path);
      directory = next;
    }
  }

  async syncDirectory(path: string): Promise<void> {
    this.#course.onCall('syncDirectory', path);
    const error = await this.#begin('syncDirectory', path);
    const directory = this.#mustFindDirectory(path);
    if (error === undefined) directory.sync();
    else {
      directory.failSync();
      throw errorOf(error, path);
    }
  }

  async status(path: string): Promise<FileStatus | undefined> {
    await this.#look('status', path);
    const found = this.#find(path);
    if (found === undefined) return undefined;
    if (found instanceof DirectoryNode) return { kind: 'directory', sizeBytes: 0 };
    return { kind: 'file', sizeBytes: found.sizeBytes };
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#change('rename', `${from} ${to}`);
    const source = this.#place(from);
    const node = source.directory.entries.get(source.name);
    if (node === undefined) throw errorOf('ENOENT', from);
    const target = this.#place(to);
    target.directory.set(target.name, node);
    source.directory.set(source.name, undefined);
  }

  async link(from: string, to: string): Promise<void> {
    await this.#change('link', `${from} ${to}`);
    const node = this.#mustFind(from);
    const target = this.#place(to);
    if (target.directory.entries.has(target.name)) throw errorOf('EEXIST', to);
    target.directory.set(target.name, node);
  }

  /** This file system has no copies that share their blocks. */
  async clone(from: string): Promise<void> {
    await this.#look('clone', from);
    throw errorOf('ENOTSUP', from);
  }

  async remove(path: string): Promise<void> {
    await this.#change('remove', path);
    const { directory, name } = this.#place(path);
    const found = directory.entries.get(name);
    if (found === undefined) throw errorOf('ENOENT', path);
    if (found instanceof DirectoryNode) throw errorOf('EISDIR', path);
    directory.set(name, undefined);
  }

  async removeTree(path: string): Promise<void> {
    if (this.#find(path) === undefined) return;
    await this.#change('removeTree', path);
    const { directory, name } = this.#place(path);
    directory.set(name, undefined);
  }

  async freeBytes(path: string): Promise<number> {
    await this.#look('freeBytes', path);
    return Number.MAX_SAFE_INTEGER;
  }

  async lock(path: string): Promise<FileLock | undefined> {
    await this.#look('lock', path);
    if (this.#locks.has(path)) return undefined;
    this.#locks.add(path);
    return {
      release: async () => {
        this.#locks.delete(path);
      },
    };
  }

  /** The directory in which the simulated LevelDB of a path keeps its rows. */
  directoryAt(path: string): DirectoryNode | undefined {
    const found = this.#find(path);
    return found instanceof DirectoryNode ? found : undefined;
  }

  /** A call that only looks takes no time that could matter. */
  async #look(call: string, path: string): Promise<void> {
    if (this.#isGone) await never;
    this.#course.onCall(call, path);
  }

  async #change(call: ChangingCall, path: string): Promise<void> {
    this.#course.onCall(call, path);
    const error = await this.#begin(call, path);
    if (error !== undefined) throw errorOf(error, path);
  }

  async #begin(call: ChangingCall, path: string, what = ''): Promise<string | undefined> {
    if (this.#isGone) await never;
    await this.#course.delay(call, `${path}${what}`);
    if (this.#isGone) await never;
    this.#course.onBoundary(call, path);
    return this.#course.fault(call, path);
  }

  #find(path: string): Node | undefined {
    let found: Node | undefined = this.root;
    for (const name of namesOf(path)) {
      if (!(found instanceof DirectoryNode)) return undefined;
      found = found.entries.get(name);
    }
    return found;
  }

  #mustFind(path: string): Node {
    const found = this.#find(path);
    if (found === undefined) throw errorOf('ENOENT', path);
    return found;
  }

  #mustFindDirectory(path: string): DirectoryNode {
    const found = this.#mustFind(path);
    if (found instanceof FileNode) throw errorOf('ENOTDIR', path);
    return found;
  }

  #place(path: string): { directory: DirectoryNode; name: string } {
    const slash = path.lastIndexOf('/');
    const directory = this.#mustFindDirectory(path.slice(0, slash));
    return { directory, name: path.slice(slash + 1) };
  }
}

/** What an ended process waits for. */
const never = new Promise<never>(() => undefined);

const splitPaths = new Map<string, readonly string[]>();

function namesOf(path: string): readonly string[] {
  let names = splitPaths.get(path);
  if (names === undefined) {
    names = path.split('/').filter((name) => name !== '' && name !== '.');
    splitPaths.set(path, names);
  }
  return names;
}

/** At least one byte of it. */
function firstHalf(parts: readonly Uint8Array[]): Uint8Array[] {
  let left = Math.ceil(parts.reduce((sum, { length }) => sum + length, 0) / 2);
  return parts.map((part) => {
    const taken = part.subarray(0, left);
    left -= taken.length;
    return taken;
  });
}

/** An error as the system has it. */
export function errorOf(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
