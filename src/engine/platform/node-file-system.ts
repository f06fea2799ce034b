/**
 * The file system of the operating system, through Node.
 *
 * A file is a descriptor and the callback API, not a `FileHandle`: hot reads of 4 KiB, 16 at a
 * time, took 5 µs each against 14 µs on Node 20, and 11 against 16 on Node 24. The price is a duty
 * that a `FileHandle` would take over: a descriptor's number is reused as soon as it is closed, so
 * `close` waits for what is under way, and no call reaches the system afterwards. A read after
 * `close` would otherwise read some other file.
 *
 * A file that is made on Linux has a second descriptor, with `O_DSYNC`: a write through it is a
 * write and a sync in one way to the thread pool. Elsewhere that flag promises less than a sync
 * does (on macOS the disk may not have it yet), and write and sync are two calls.
 *
 * The lock is a name that the kernel keeps for as long as the process lives; see `heldName`. There
 * is no lock file to go stale, and nothing to install.
 *
 * LevelDB locks `index/LOCK` with `fcntl`, and such a lock is lost when *any* descriptor of that
 * file is closed in the process. So a file of that name is never opened here.
 *
 * @module
 */

import fs from 'node:fs';
import net from 'node:net';
import { assert } from '../../base/assert.ts';
import type { File, FileLock, FileStatus, FileSystem } from './file-system.ts';
import { inBytewiseOrder } from './file-system.ts';
import { systemError } from './system-error.ts';

/** How many parts one `writev` takes on Linux and macOS (`IOV_MAX`). */
const writePartsMax = 1024;

/**
 * What `open` asks of the system. `x` fails if the file is there; `+` is for reading and writing.
 */
const openFlags = { read: 'r', create: 'wx+', update: 'r+' } as const;

type Callback<Result> = (error: NodeJS.ErrnoException | null, result: Result) => void;

class NodeFile implements File {
  readonly writeDurably?: File['write'];
  readonly #descriptor: number;
  readonly #durableDescriptor: number | undefined;
  #callsUnderWay = 0;
  #whenIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** @param durableDescriptor - Of the same file: what is written to it is synced by that. */
  constructor(descriptor: number, durableDescriptor?: number) {
    this.#descriptor = descriptor;
    this.#durableDescriptor = durableDescriptor;
    if (durableDescriptor === undefined) return;
    this.writeDurably = (parts, position) => this.#write(durableDescriptor, parts, position);
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#call('read', (descriptor, done: Callback<number>) => {
      fs.read(descriptor, target, 0, target.length, position, done);
    });
  }

  write(parts: readonly Uint8Array[], position: number): Promise<number> {
    return this.#write(this.#descriptor, parts, position);
  }

  sync(): Promise<void> {
    return this.#call('fdatasync', (descriptor, done: Callback<void>) => {
      fs.fdatasync(descriptor, (error) => {
        done(error);
      });
    });
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#call('ftruncate', (descriptor, done: Callback<void>) => {
      fs.ftruncate(descriptor, sizeBytes, (error) => {
        done(error);
      });
    });
  }

  async size(): Promise<number> {
    const status = await this.#call('fstat', (descriptor, done: Callback<fs.Stats>) => {
      fs.fstat(descriptor, done);
    });
    return status.size;
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve, reject) => {
      const closeNow = (): void => {
        // Nothing is lost if this fails: what was written through it was synced.
        if (this.#durableDescriptor !== undefined)
          fs.close(this.#durableDescriptor, () => undefined);
        fs.close(this.#descriptor, (error) => {
          if (error) reject(error);
          else resolve();
        });
      };
      if (this.#callsUnderWay === 0) closeNow();
      else this.#whenIdle = closeNow;
    });
    return this.#closing;
  }

  #write(descriptor: number, parts: readonly Uint8Array[], position: number): Promise<number> {
    return this.#call('write', (_, done: Callback<number>) => {
      fs.writev(descriptor, parts.slice(0, writePartsMax), position, done);
    });
  }

  #call<Result>(
    name: string,
    start: (descriptor: number, done: Callback<Result>) => void,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) throw systemError('EBADF', name);
      start(this.#descriptor, (error, result) => {
        this.#callsUnderWay--;
        if (this.#callsUnderWay === 0) this.#whenIdle?.();
        if (error) reject(error);
        else resolve(result);
      });
      // Counted only now: a call that throws at once, for a wrong argument, never calls back.
      this.#callsUnderWay++;
    });
  }
}

function openDescriptor(path: string, flags: string | number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, (error, descriptor) => {
      if (error) reject(error);
      else resolve(descriptor);
    });
  });
}

/** The port on the disk of this machine. */
export const nodeFileSystem: FileSystem = {
  async open(path, mode): Promise<File> {
    assert(!/(^|[\\/])LOCK$/.test(path), "nobody opens LevelDB's LOCK but LevelDB");
    const descriptor = await openDescriptor(path, openFlags[mode]);
    if (mode !== 'create' || process.platform !== 'linux') return new NodeFile(descriptor);
    const { O_WRONLY, O_DSYNC } = fs.constants;
    // Where there are no descriptors left, say, it has to do with one.
    const durable = await openDescriptor(path, O_WRONLY | O_DSYNC).catch(() => undefined);
    return new NodeFile(descriptor, durable);
  },

  async readDirectory(path): Promise<string[]> {
    return inBytewiseOrder(await fs.promises.readdir(path));
  },

  async makeDirectory(path): Promise<void> {
    await fs.promises.mkdir(path, { recursive: true });
  },

  async syncDirectory(path): Promise<void> {
    await mustBeDirectory(path, 'fsync');
    // Windows opens no directory as a file, and NTFS journals names by itself.
    if (process.platform === 'win32') return;
    const directory = await fs.promises.open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },

  async status(path): Promise<FileStatus | undefined> {
    try {
      const status = await fs.promises.stat(path);
      return { kind: status.isDirectory() ? 'directory' : 'file', sizeBytes: status.size };
    } catch (error) {
      if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')) return undefined;
      throw error;
    }
  },

  async rename(from, to): Promise<void> {
    await fs.promises.rename(from, to);
  },

  async link(from, to): Promise<void> {
    await fs.promises.link(from, to);
  },

  async clone(from, to): Promise<void> {
    const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE } = fs.constants;
    await fs.promises.copyFile(from, to, COPYFILE_EXCL | COPYFILE_FICLONE_FORCE);
  },

  async remove(path): Promise<void> {
    await fs.promises.unlink(path);
  },

  async removeTree(path): Promise<void> {
    // Retries are for Windows, where a virus scanner may hold a file for a moment.
    await fs.promises.rm(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
  },

  async freeBytes(path): Promise<number> {
    const { bavail, bsize } = await fs.promises.statfs(path);
    return bavail * bsize;
  },

  async lock(directory): Promise<FileLock | undefined> {
    const { dev, ino, birthtimeNs } = await mustBeDirectory(directory, 'lock');
    const name = `varve-${dev}-${ino}-${birthtimeNs}`;
    const address = heldName(name);
    return address === undefined ? lockInProcess(name) : lockAddress(address);
  },
};

/**
 * The address at which a process listens as long as it holds a directory. The directory is named by
 * device and inode, so that every path to it leads to one lock, and by its birth, as a directory
 * that is made where another was removed often gets its inode, while the lock of that one is still
 * held. Where the file system knows no birth, it counts as 0.
 *
 * - Linux: an abstract socket. The kernel drops it with the process. It is known within one network
 *   namespace, and anybody on the machine could take it: it guards against accidents, and LevelDB's
 *   own lock stands behind it. The name fills the address, because Node 20 pads shorter ones with
 *   zeros and Node 22 does not: to the kernel these would be two names, and both would get the
 *   lock.
 * - Windows: a named pipe, of which the same is true.
 * - Elsewhere (macOS) there is nothing of the kind. LevelDB's lock, an `fcntl` lock on
 *   `index/LOCK`, keeps other processes out there, and this file system only looks after its own
 *   process.
 */
function heldName(name: string): string | undefined {
  if (process.platform === 'linux') return `\0${name}`.padEnd(socketAddressBytes, '-');
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  return undefined;
}

/** The size of `sun_path` on Linux. */
const socketAddressBytes = 108;

function lockAddress(address: string): Promise<FileLock | undefined> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      if (isCode(error, 'EADDRINUSE')) resolve(undefined);
      else reject(error);
    });
    // Exclusive, or else the workers of a `node:cluster` would share one socket, and all be
    // granted.
    server.listen({ path: address, exclusive: true }, () => {
      server.unref();
      let released: Promise<void> | undefined;
      resolve({
        release: () => (released ??= new Promise((closed) => server.close(() => closed()))),
      });
    });
  });
}

/** Directories that this process holds where the system has no name to hold. */
const heldInProcess = new Set<string>();

function lockInProcess(name: string): FileLock | undefined {
  if (heldInProcess.has(name)) return undefined;
  heldInProcess.add(name);
  let held = true;
  return {
    async release(): Promise<void> {
      // Once only: another may hold the name by now.
      if (held) heldInProcess.delete(name);
      held = false;
    },
  };
}

async function mustBeDirectory(path: string, syscall: string): Promise<fs.BigIntStats> {
  const status = await fs.promises.stat(path, { bigint: true });
  if (!status.isDirectory()) throw systemError('ENOTDIR', syscall, path);
  return status;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
