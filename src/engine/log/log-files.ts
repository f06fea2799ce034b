/**
 * The log files of a store: which there are, opening them for reading, making new ones.
 *
 * Journal and segments share one counter of ids, and an id is never used twice. A file is readable
 * by id wherever it lies. Reading handles are kept open, up to a bound, the least recently used is
 * closed first; a handle in use is closed when its last reader is done.
 *
 * A new file is on stable storage, header and name, before anything is appended to it.
 *
 * Errors: `IO`, `FULL` from the system; `CORRUPT` for a file that is missing or has no header;
 * `UNSUPPORTED` for a newer format.
 *
 * @module
 */

import { equalBytes } from '../../base/bytes.ts';
import { ObjectsError, corrupt, describe } from '../../base/errors.ts';
import { openFilesMax } from '../../base/limits.ts';
import type { File, FileSystem } from '../platform/file-system.ts';
import type { Crc32 } from './frame.ts';
import {
  decodeFileHeader,
  encodeFileHeader,
  fileHeaderBytes,
  type FileHeader,
  type LogFileKind,
} from './file-header.ts';
import { codeOf, ioError } from './io-errors.ts';
import { LogWriter, readFully, writeFully } from './log-writer.ts';

/** Folder and ending of each kind. */
export const logPlaces: Record<LogFileKind, { readonly folder: string; readonly ending: string }> =
  {
    journal: { folder: 'journal', ending: 'vj' },
    segment: { folder: 'segments', ending: 'vs' },
  };

/** The name of a log file in its folder. */
export function logFileName(kind: LogFileKind, fileId: number): string {
  return `${String(fileId).padStart(8, '0')}.${logPlaces[kind].ending}`;
}

/** The number in a name; `undefined` for what is no log file. */
export function idInName(kind: LogFileKind, name: string): number | undefined {
  const id = new RegExp(`^(\\d{8,15})\\.${logPlaces[kind].ending}$`).exec(name)?.[1];
  return id === undefined ? undefined : Number(id);
}

/** A log file that is open for reading. */
export interface OpenLogFile {
  readonly header: FileHeader;
  /** What the first frame's chain continues. */
  readonly chain: number;
  /**
   * The bytes from a place on: all of them, or as many as there are. Throws `IO`.
   *
   * @param into - Where they are put, if there is room for them. Default: in memory of their own.
   */
  read(offset: number, byteCount: number, into?: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Users are counted from before the file is open, so that no eviction can slip in between. */
interface CachedFile {
  readonly opened: Promise<OpenLogFile>;
  users: number;
  evicted: boolean;
}

export class LogFiles {
  readonly #fileSystem: FileSystem;
  readonly #crc32: Crc32;
  readonly #directory: string;
  readonly #storeId: Uint8Array;
  readonly #kinds = new Map<number, LogFileKind>();
  /** In order of use, the least recent first. */
  readonly #open = new Map<number, CachedFile>();
  /** Those who want all files to stay. */
  readonly #pins = new Set<Promise<void>>();

  private constructor(
    fileSystem: FileSystem,
    crc32: Crc32,
    directory: string,
    storeId: Uint8Array,
  ) {
    this.#fileSystem = fileSystem;
    this.#crc32 = crc32;
    this.#directory = directory;
    this.#storeId = storeId;
  }

  /** Makes the folders where they are missing, and lists what is there. */
  static async open(
    fileSystem: FileSystem,
    crc32: Crc32,
    directory: string,
    storeId: Uint8Array,
  ): Promise<LogFiles> {
    const files = new LogFiles(fileSystem, crc32, directory, storeId);
    for (const kind of ['journal', 'segment'] as const) await files.#list(kind);
    return files;
  }

  /** Ids of the files of a kind, oldest first. */
  ids(kind: LogFileKind): number[] {
    return [...this.#kinds]
      .filter(([, k]) => k === kind)
      .map(([id]) => id)
      .sort((a, b) => a - b);
  }

  /** No file has this id or a higher one. */
  get nextId(): number {
    return Math.max(0, ...this.#kinds.keys()) + 1;
  }

  path(fileId: number): string {
    const kind = this.#kinds.get(fileId);
    if (kind === undefined) throw corrupt(`a log file is missing: ${describe({ file: fileId })}`);
    return this.#pathOf(kind, fileId);
  }

  /** Current size of a file. */
  async size(fileId: number): Promise<number> {
    const path = this.path(fileId);
    const status = await this.#fileSystem.status(path).catch((cause: unknown) => {
      throw ioError('look at a log file', cause, path);
    });
    if (status === undefined) throw corrupt(`a log file is missing: ${describe({ file: fileId })}`);
    return status.sizeBytes;
  }

  /** Makes a file and its first reader's header, durable in content and name. */
  async create(header: FileHeader): Promise<LogWriter> {
    const path = this.#pathOf(header.kind, header.fileId);
    const bytes = encodeFileHeader(this.#crc32, header);
    let file: File;
    try {
      file = await this.#fileSystem.open(path, 'create');
    } catch (cause) {
      throw ioError('make a log file', cause, path);
    }
    try {
      await writeFully(file, [bytes], 0);
      await file.sync();
      await this.#fileSystem.syncDirectory(this.#folder(header.kind));
    } catch (cause) {
      await file.close().catch(() => undefined);
      throw ioError('make a log file', cause, path);
    }
    this.#kinds.set(header.fileId, header.kind);
    const { chain } = decodeFileHeader(this.#crc32, bytes) as { chain: number };
    const position = { salt: header.salt, offset: fileHeaderBytes, chain };
    return new LogWriter(file, this.#crc32, { fileId: header.fileId, path, position });
  }

  /** Opens a file for reading; it stays open until it is released. */
  async hold(fileId: number): Promise<{ opened: OpenLogFile; release: () => Promise<void> }> {
    const cached = this.#touch(fileId);
    cached.users++;
    const release = async (): Promise<void> => {
      cached.users--;
      if (cached.evicted) await closeIfUnused(cached);
    };
    try {
      await this.#evict();
      return { opened: await cached.opened, release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** Runs `use` with the file open. */
  async with<T>(fileId: number, use: (opened: OpenLogFile) => Promise<T>): Promise<T> {
    const { opened, release } = await this.hold(fileId);
    try {
      return await use(opened);
    } finally {
      await release();
    }
  }

  /**
   * The header of a file, or `undefined` if a crash left it before its header was whole. A file
   * that has bytes behind a header that is damaged is `CORRUPT`: those bytes may have been
   * acknowledged.
   */
  async header(fileId: number): Promise<FileHeader | undefined> {
    if ((await this.size(fileId)) > fileHeaderBytes) {
      return this.with(fileId, ({ header }) => Promise.resolve(header));
    }
    const file = await this.#openFile(this.path(fileId));
    try {
      return decodeFileHeader(this.#crc32, await file.read(0, fileHeaderBytes))?.header;
    } finally {
      await file.close();
    }
  }

  /** Whether there is a file with this id. */
  has(fileId: number): boolean {
    return this.#kinds.has(fileId);
  }

  /**
   * Removes a file in which nothing lives, or was ever acknowledged, as soon as nobody wants all
   * files to stay. Who reads it may go on.
   */
  async discard(fileId: number): Promise<void> {
    while (this.#pins.size > 0) await Promise.race(this.#pins);
    const kind = this.#kinds.get(fileId) as LogFileKind;
    const path = this.path(fileId);
    const cached = this.#open.get(fileId);
    this.#open.delete(fileId);
    this.#kinds.delete(fileId);
    try {
      await this.#fileSystem.remove(path);
      await this.#fileSystem.syncDirectory(this.#folder(kind));
    } catch (cause) {
      throw ioError('remove a log file', cause, path);
    } finally {
      if (cached !== undefined) await retire(cached);
    }
  }

  /** Lets no file be removed until the function that this returns is called. */
  pin(): () => void {
    let release: () => void = () => undefined;
    const pin = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#pins.add(pin);
    return () => {
      this.#pins.delete(pin);
      release();
    };
  }

  /** Writes the same bytes again and syncs them: a readable tail is not a durable tail. */
  async resync(fileId: number, from: number, to: number): Promise<void> {
    const path = this.path(fileId);
    try {
      const file = await this.#fileSystem.open(path, 'update');
      try {
        const bytes = await readFully(file, new Uint8Array(to - from), from);
        await writeFully(file, [bytes], from);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (cause) {
      throw ioError('sync the end of the journal', cause, path);
    }
  }

  /** Makes sure of a file that has nothing but its header: it and the file's name. */
  async secure(fileId: number): Promise<void> {
    await this.resync(fileId, 0, fileHeaderBytes);
    const folder = this.#folder(this.#kinds.get(fileId) as LogFileKind);
    try {
      await this.#fileSystem.syncDirectory(folder);
    } catch (cause) {
      throw ioError('sync the folder of the log files', cause, folder);
    }
  }

  /** Closes all of them, also when one of them cannot be closed. Then it throws `IO`. */
  async close(): Promise<void> {
    const cached = [...this.#open.values()];
    this.#open.clear();
    const ends = await Promise.allSettled(cached.map(retire));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason as Error;
  }

  #folder(kind: LogFileKind): string {
    return `${this.#directory}/${logPlaces[kind].folder}`;
  }

  #pathOf(kind: LogFileKind, fileId: number): string {
    return `${this.#folder(kind)}/${logFileName(kind, fileId)}`;
  }

  async #list(kind: LogFileKind): Promise<void> {
    const folder = this.#folder(kind);
    try {
      if ((await this.#fileSystem.status(folder)) === undefined) {
        await this.#fileSystem.makeDirectory(folder);
        await this.#fileSystem.syncDirectory(this.#directory);
      }
      for (const name of await this.#fileSystem.readDirectory(folder)) {
        const id = idInName(kind, name);
        // Anything else is not ours: it is neither read nor removed.
        if (id !== undefined) this.#kinds.set(id, kind);
      }
    } catch (cause) {
      throw ioError('list the log files', cause, folder);
    }
  }

  /** The file's entry, now the most recently used. */
  #touch(fileId: number): CachedFile {
    let cached = this.#open.get(fileId);
    if (cached === undefined) {
      cached = { opened: this.#openForReading(fileId), users: 0, evicted: false };
      // A failed attempt must not be remembered: the next one may find the disk well again.
      cached.opened.catch(() => this.#open.delete(fileId));
    }
    this.#open.delete(fileId);
    this.#open.set(fileId, cached);
    return cached;
  }

  async #evict(): Promise<void> {
    if (this.#open.size <= openFilesMax) return;
    const [fileId, oldest] = this.#open.entries().next().value as [number, CachedFile];
    this.#open.delete(fileId);
    await retire(oldest);
  }

  async #openForReading(fileId: number): Promise<OpenLogFile> {
    const path = this.path(fileId);
    const file = await this.#openFile(path);
    try {
      const decoded = decodeFileHeader(this.#crc32, await file.read(0, fileHeaderBytes));
      if (decoded === undefined) throw corrupt(`a log file has no valid header: ${path}`);
      this.#check(decoded.header, fileId, path);
      return { ...file, ...decoded };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #openFile(path: string): Promise<Pick<OpenLogFile, 'read' | 'close'>> {
    let file: File;
    try {
      file = await this.#fileSystem.open(path, 'read');
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') throw corrupt(`a log file is missing: ${path}`, cause);
      throw ioError('open a log file', cause, path);
    }
    return {
      async read(offset, byteCount, into): Promise<Uint8Array> {
        const isRoom = into !== undefined && into.length >= byteCount;
        const target = isRoom ? into.subarray(0, byteCount) : new Uint8Array(byteCount);
        try {
          return await readFully(file, target, offset);
        } catch (cause) {
          throw ioError('read a log file', cause, path);
        }
      },
      async close(): Promise<void> {
        try {
          await file.close();
        } catch (cause) {
          throw ioError('close a log file', cause, path);
        }
      },
    };
  }

  #check(header: FileHeader, fileId: number, path: string): void {
    const ours = equalBytes(header.storeId, this.#storeId);
    if (ours && header.fileId === fileId && header.kind === this.#kinds.get(fileId)) return;
    throw new ObjectsError(
      `a log file is not the one its name says; put the right one back: ` +
        describe({ path, file: header.fileId, kind: header.kind, ownStore: ours }),
      { code: 'CORRUPT' },
    );
  }
}

async function retire(cached: CachedFile): Promise<void> {
  cached.evicted = true;
  await closeIfUnused(cached);
}

async function closeIfUnused(cached: CachedFile): Promise<void> {
  if (cached.users > 0) return;
  const opened = await cached.opened.catch(() => undefined);
  await opened?.close();
}
