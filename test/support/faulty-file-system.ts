/**
 * A file system that fails where a test says, and that knows what a power cut would leave.
 *
 * The fault model:
 * - Any call may fail with an error of the system: once (a transient fault) or from then on.
 * - A write may be short: it takes only the first bytes, and says so. Or it fails after it took
 *   some:
 *   what a failed write left in the file is not known.
 * - A failed sync made nothing durable. The page cache still shows what was written, so reading it
 *   back proves nothing.
 * - A power cut leaves of each file what its last sync that succeeded covered, and of each folder
 *   the names that its last sync covered. That is the least that a disk may keep; what else it may
 *   keep, torn and out of order, is for a simulated disk to try.
 * - Bytes that are synced stay. Bit rot is another matter (test/recovery/damage.test.ts).
 *
 * @module
 */

import type {
  File,
  FileLock,
  FileStatus,
  FileSystem,
} from '../../src/engine/platform/file-system.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { readFiles, type StoredFiles } from './stored-files.ts';

const faultyCalls = ['open', 'read', 'write', 'sync', 'syncDirectory', 'rename', 'remove'] as const;

/** The calls that can fail. */
export type FaultyCall = (typeof faultyCalls)[number];

export interface Fault {
  readonly call: FaultyCall;
  /** Only on these paths. */
  readonly path?: RegExp;
  /** How many such calls are well before. */
  readonly after?: number;
  /** The code of the error. With none, the call only does less: a short write. */
  readonly code?: string;
  /** How many bytes a write takes all the same. */
  readonly writtenBytes?: number;
  /** Whether all later calls fail too. */
  readonly isLasting?: boolean;
}

interface ArmedFault extends Fault {
  callsLeft: number;
}

export class FaultyFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  readonly #faults = new Set<ArmedFault>();
  readonly #gates = new Map<FaultyCall, Promise<void>>();
  readonly #calls: { readonly call: FaultyCall; readonly path: string }[] = [];
  /** Contents that are on stable storage, by path; and the names that are, by folder. */
  readonly #syncedContents = new Map<string, Uint8Array>();
  readonly #syncedNames = new Map<string, readonly string[]>();

  constructor(inner: FileSystem = new MemoryFileSystem()) {
    this.#inner = inner;
  }

  /** Arms a fault. */
  failOn(fault: Fault): void {
    this.#faults.add({ ...fault, callsLeft: fault.after ?? 0 });
  }

  /** These files below a folder were on stable storage before, names and contents. */
  assumeSynced(folder: string, files: StoredFiles): void {
    for (const [path, bytes] of files) {
      this.#syncedContents.set(`${folder}/${path}`, bytes);
      const names = path.split('/');
      for (const [depth, name] of names.entries()) {
        const parent = [folder, ...names.slice(0, depth)].join('/');
        const known = this.#syncedNames.get(parent) ?? [];
        if (!known.includes(name)) this.#syncedNames.set(parent, [...known, name]);
      }
    }
  }

  /** Nothing fails any more. */
  heal(): void {
    this.#faults.clear();
  }

  /** Lets all such calls wait until the function that this returns is called. */
  hold(call: FaultyCall): () => void {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#gates.set(call, gate);
    return () => {
      this.#gates.delete(call);
      open();
    };
  }

  /**
   * What a process that ends at this moment leaves below a folder, and what of that a power cut
   * would. Nothing is done meanwhile: else what was written could build upon a sync that the other
   * half does not know of yet.
   */
  async crashed(folder: string): Promise<{ files: StoredFiles; synced: StoredFiles }> {
    const releases = faultyCalls.map((call) => this.hold(call));
    try {
      return { synced: this.survivors(folder), files: await readFiles(this.#inner, folder) };
    } finally {
      for (const release of releases) release();
    }
  }

  /** How often a call was made, on these paths. */
  countOf(call: FaultyCall, path: RegExp = /^/): number {
    return this.#calls.filter((made) => made.call === call && path.test(made.path)).length;
  }

  /** What a power cut now would leave below a folder, at the least. */
  survivors(folder: string): StoredFiles {
    const files = new Map<string, Uint8Array>();
    for (const [path, bytes] of this.#syncedContents) {
      if (!path.startsWith(`${folder}/`)) continue;
      const names = path.slice(folder.length + 1).split('/');
      const areNamed = names.every((name, depth) => {
        const parent = [folder, ...names.slice(0, depth)].join('/');
        return this.#syncedNames.get(parent)?.includes(name) === true;
      });
      if (areNamed) files.set(names.join('/'), bytes);
    }
    return files;
  }

  async open(path: string, mode: 'read' | 'create' | 'update'): Promise<File> {
    await this.#meet('open', path);
    const file = await this.#inner.open(path, mode);
    const faulty: File = {
      read: async (target, position) => {
        await this.#meet('read', path);
        return file.read(target, position);
      },
      write: async (parts, position) => {
        await this.#gates.get('write');
        const fault = this.#find('write', path);
        if (fault === undefined) return file.write(parts, position);
        const written = await file.write(firstBytes(parts, fault.writtenBytes ?? 0), position);
        if (fault.code !== undefined) throw faultError(fault.code, 'write', path);
        return written;
      },
      // It fails where its halves do.
      writeDurably: async (parts, position) => {
        const written = await faulty.write(parts, position);
        await faulty.sync();
        return written;
      },
      sync: async () => {
        await this.#meet('sync', path);
        await file.sync();
        this.#syncedContents.set(path, await wholeFile(this.#inner, path));
      },
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      size: () => file.size(),
      close: () => file.close(),
    };
    return faulty;
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#meet('syncDirectory', path);
    await this.#inner.syncDirectory(path);
    this.#syncedNames.set(path, await this.#inner.readDirectory(path));
  }

  async remove(path: string): Promise<void> {
    await this.#meet('remove', path);
    await this.#inner.remove(path);
  }

  readDirectory(path: string): Promise<string[]> {
    return this.#inner.readDirectory(path);
  }

  makeDirectory(path: string): Promise<void> {
    return this.#inner.makeDirectory(path);
  }

  status(path: string): Promise<FileStatus | undefined> {
    return this.#inner.status(path);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#meet('rename', from);
    await this.#inner.rename(from, to);
    const synced = this.#syncedContents.get(from);
    // The old name may be the one that a power cut leaves.
    if (synced === undefined) this.#syncedContents.delete(to);
    else this.#syncedContents.set(to, synced);
  }

  async link(from: string, to: string): Promise<void> {
    await this.#inner.link(from, to);
    const synced = this.#syncedContents.get(from);
    if (synced !== undefined) this.#syncedContents.set(to, synced);
  }

  clone(from: string, to: string): Promise<void> {
    return this.#inner.clone(from, to);
  }

  removeTree(path: string): Promise<void> {
    return this.#inner.removeTree(path);
  }

  freeBytes(path: string): Promise<number> {
    return this.#inner.freeBytes(path);
  }

  lock(directory: string): Promise<FileLock | undefined> {
    return this.#inner.lock(directory);
  }

  async #meet(call: FaultyCall, path: string): Promise<void> {
    await this.#gates.get(call);
    const fault = this.#find(call, path);
    if (fault?.code !== undefined) throw faultError(fault.code, call, path);
  }

  /** Counts a call, and returns the fault that it meets. */
  #find(call: FaultyCall, path: string): Fault | undefined {
    this.#calls.push({ call, path });
    let met: Fault | undefined;
    for (const fault of this.#faults) {
      if (fault.call !== call || fault.path?.test(path) === false) continue;
      if (fault.callsLeft > 0) {
        fault.callsLeft--;
        continue;
      }
      met ??= fault;
      if (fault.isLasting !== true) this.#faults.delete(fault);
    }
    return met;
  }
}

async function wholeFile(fileSystem: FileSystem, path: string): Promise<Uint8Array> {
  const file = await fileSystem.open(path, 'read');
  const content = new Uint8Array(await file.size());
  await file.read(content, 0);
  await file.close();
  return content;
}

function firstBytes(parts: readonly Uint8Array[], byteCount: number): Uint8Array[] {
  let left = byteCount;
  return parts.map((part) => {
    const taken = part.subarray(0, left);
    left -= taken.length;
    return taken;
  });
}

function faultError(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: as the test wished, ${syscall} '${path}'`), { code });
}
