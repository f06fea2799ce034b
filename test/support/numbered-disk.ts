/**
 * A disk whose calls have numbers, and of which one fails: the n-th call of a method on one kind of
 * path. So every place at which the engine meets its machine can be made to fail once, one after
 * the other, until a life of a store comes to its end without meeting the failure.
 *
 * The fault model:
 * - An error of the system, by its code. A write that fails has taken half of its bytes all the
 *   same, and a call whose code begins with `after:` has had all of its effect.
 * - `short`: a read or a write does only half of what was asked, and says so.
 * - `hang`: the call never returns.
 * - Once; or *for good*: this method on this kind of path fails from then on.
 *
 * It counts handles: whoever opens a file has to close it, whatever fails in between.
 *
 * @module
 */

import type {
  File,
  FileLock,
  FileStatus,
  FileSystem,
} from '../../src/engine/platform/file-system.ts';

/** The methods of the port. */
export type DiskMethod = keyof FileSystem | keyof File | keyof FileLock;

/** Where a call can fail: `n` counts from 1. */
export interface FaultSite {
  readonly method: DiskMethod;
  readonly kind: string;
  readonly n: number;
}

/** How a call fails. */
export type FaultMode = 'short' | 'hang' | `${'' | 'after:'}E${string}`;

export interface DiskFault {
  readonly site: FaultSite;
  readonly mode: FaultMode;
  readonly isLasting: boolean;
}

/** What a path is, whatever its number. */
function kindOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const place = path.includes('/backup') ? 'backup ' : '';
  if (name.endsWith('.vj')) return `${place}journal file`;
  if (name.endsWith('.vs')) return `${place}segment file`;
  return place + (name === 'store' || name === 'backup' ? 'folder' : name);
}

export class NumberedDisk implements FileSystem {
  /** Where a call was made: what there is to fail. */
  readonly sites: FaultSite[] = [];
  /** Files that are open. */
  openCount = 0;
  /** Whether the fault was met. */
  wasMet = false;
  /** Resolves when a call hangs. */
  readonly hung: Promise<void>;
  #isHung: () => void = () => undefined;
  readonly #inner: FileSystem;
  readonly #counts = new Map<string, number>();
  #fault: DiskFault | undefined;

  constructor(inner: FileSystem, fault?: DiskFault) {
    this.#inner = inner;
    this.#fault = fault;
    this.hung = new Promise((resolve) => {
      this.#isHung = resolve;
    });
  }

  /** Nothing fails any more. */
  heal(): void {
    this.#fault = undefined;
  }

  async open(path: string, mode: 'read' | 'create' | 'update'): Promise<File> {
    const file = await this.#call('open', path, () => this.#inner.open(path, mode));
    this.openCount++;
    let isOpen = true;
    return {
      read: (target, position) =>
        this.#call('read', path, () => file.read(target, position), {
          half: () => file.read(target.subarray(0, halfOf(target.length)), position),
        }),
      write: (parts, position) => {
        const half = (): Promise<number> => file.write(firstHalf(parts), position);
        return this.#call('write', path, () => file.write(parts, position), { half, torn: half });
      },
      writeDurably: (parts, position) => {
        const durably = async (some: readonly Uint8Array[]): Promise<number> =>
          file.writeDurably?.(some, position) ?? 0;
        const half = (): Promise<number> => durably(firstHalf(parts));
        const whole = (): Promise<number> => durably(parts);
        return this.#call('writeDurably', path, whole, { half, torn: half });
      },
      sync: () => this.#call('sync', path, () => file.sync()),
      truncate: (sizeBytes) => this.#call('truncate', path, () => file.truncate(sizeBytes)),
      size: () => this.#call('size', path, () => file.size()),
      close: () => {
        // As in the system: a close that fails has given the descriptor back.
        if (isOpen) this.openCount--;
        isOpen = false;
        return this.#call('close', path, () => file.close());
      },
    };
  }

  readDirectory(path: string): Promise<string[]> {
    return this.#call('readDirectory', path, () => this.#inner.readDirectory(path));
  }

  makeDirectory(path: string): Promise<void> {
    return this.#call('makeDirectory', path, () => this.#inner.makeDirectory(path));
  }

  syncDirectory(path: string): Promise<void> {
    return this.#call('syncDirectory', path, () => this.#inner.syncDirectory(path));
  }

  status(path: string): Promise<FileStatus | undefined> {
    return this.#call('status', path, () => this.#inner.status(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call('rename', to, () => this.#inner.rename(from, to));
  }

  link(from: string, to: string): Promise<void> {
    return this.#call('link', to, () => this.#inner.link(from, to));
  }

  clone(from: string, to: string): Promise<void> {
    return this.#call('clone', to, () => this.#inner.clone(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#call('remove', path, () => this.#inner.remove(path));
  }

  removeTree(path: string): Promise<void> {
    return this.#call('removeTree', path, () => this.#inner.removeTree(path));
  }

  freeBytes(path: string): Promise<number> {
    return this.#call('freeBytes', path, () => this.#inner.freeBytes(path));
  }

  async lock(directory: string): Promise<FileLock | undefined> {
    const held = await this.#call('lock', directory, () => this.#inner.lock(directory));
    if (held === undefined) return undefined;
    return { release: () => this.#call('release', directory, () => held.release()) };
  }

  async #call<T>(
    method: DiskMethod,
    path: string,
    whole: () => Promise<T>,
    partly: { readonly half?: () => Promise<T>; readonly torn?: () => Promise<T> } = {},
  ): Promise<T> {
    const mode = this.#meet({ method, kind: kindOf(path) });
    if (mode === undefined) return whole();
    this.wasMet = true;
    if (mode === 'short') return (partly.half ?? whole)();
    if (mode === 'hang') {
      this.#isHung();
      return new Promise<never>(() => undefined);
    }
    const isAfter = mode.startsWith('after:');
    if (isAfter) await whole();
    else await partly.torn?.();
    const code = isAfter ? mode.slice('after:'.length) : mode;
    const text = `${code}: as the test wished, ${method} '${path}'`;
    throw Object.assign(new Error(text), { code, syscall: method, path });
  }

  #meet({ method, kind }: Omit<FaultSite, 'n'>): FaultMode | undefined {
    const key = `${method} ${kind}`;
    const n = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, n);
    this.sites.push({ method, kind, n });
    const fault = this.#fault;
    if (fault === undefined || fault.site.method !== method || fault.site.kind !== kind) {
      return undefined;
    }
    return n === fault.site.n || (fault.isLasting && n > fault.site.n) ? fault.mode : undefined;
  }
}

function halfOf(byteCount: number): number {
  return Math.max(1, byteCount >> 1);
}

/** The first half of the bytes, and at least one. */
function firstHalf(parts: readonly Uint8Array[]): Uint8Array[] {
  let left = halfOf(parts.reduce((sum, { length }) => sum + length, 0));
  return parts.map((part) => {
    const taken = part.subarray(0, left);
    left -= taken.length;
    return taken;
  });
}
