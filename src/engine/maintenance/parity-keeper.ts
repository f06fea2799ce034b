/**
 * Keeping a parity file for each log file that nobody appends to any more.
 *
 * In the background, a second after something was committed or the store was opened: parity files
 * of log files that are gone are removed, and those that are missing, or do not fit their file, are
 * made. It works in short slices with pauses between them. What it cannot do it does later: parity
 * is derived, so no failure here is one of the store, and on a disk with only the reserve left it
 * waits. At a close the files that were being written get theirs.
 *
 * Parity of a file that rots meanwhile must not become parity of the rot: only what every frame
 * proves is protected, and a parity file that knows more of its file than can be proved now stays.
 *
 * @module
 */

import { ObjectsError, describe, isCorrupt, throwIfAborted } from '../../base/errors.ts';
import type { DiskReserve } from '../disk-reserve.ts';
import { ioError } from '../log/io-errors.ts';
import type { LogFiles, OpenLogFile } from '../log/log-files.ts';
import { makeParity } from '../log/parity-code.ts';
import { parityBlockBytes, parityFileBytes, parityShape } from '../log/parity-file.ts';
import { wholeEnd } from '../log/whole-end.ts';
import type { Platform } from '../platform/platform.ts';
import { ParityFolder } from './parity-folder.ts';
import { rotOf, type FileRot } from './parity-restore.ts';

const lookEveryMs = 1000;

/** After a failure: the disk may be full, or worse. */
const retryMs = 60_000;

/** Between two slices of work in the background. */
const pauseMs = 4;

/** What a caller asks for. `undefined`: as the store has it. */
export type ParityWish = { readonly every: number } | false | undefined;

export interface ParityParts {
  readonly platform: Platform;
  /** Of the store. */
  readonly directory: string;
  readonly storeId: Uint8Array;
  readonly files: LogFiles;
  readonly reserve: DiskReserve;
  /** Files that are being appended to. */
  readonly openFileIds: () => readonly number[];
  readonly onFailure: (error: unknown) => void;
}

type Pause = () => Promise<void>;

export class ParityKeeper {
  readonly #parts: ParityParts;
  readonly #folder: ParityFolder;
  readonly #stopping = new AbortController();
  /** Files whose parity was looked at and is as it can be. */
  readonly #kept = new Set<number>();
  /** `undefined`: the store has no parity. */
  #every: number | undefined;
  #hasTidied = false;
  #timer: { cancel(): void } | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #endPause: (() => void) | undefined;

  constructor(parts: ParityParts) {
    this.#parts = parts;
    this.#folder = new ParityFolder(parts.platform, parts.directory, parts.storeId);
  }

  /** What parity takes. Throws `IO`. */
  async bytes(): Promise<number> {
    return this.#folder.bytes();
  }

  /** Log files that have parity, with their sizes. Throws `IO`. */
  async protectedFiles(): Promise<{ readonly fileId: number; readonly sizeBytes: number }[]> {
    if (this.#every === undefined) return [];
    const { files } = this.#parts;
    const found = [];
    for (const fileId of await this.#folder.ids()) {
      // It may be retired at any time.
      const sizeBytes = await unlessCorrupt(() => files.size(fileId));
      if (sizeBytes !== undefined) found.push({ fileId, sizeBytes });
    }
    return found;
  }

  /** What is wrong with a file that has parity, and can be made right by it; or with its parity. */
  async problemsOf(fileId: number): Promise<string[]> {
    try {
      return await this.#problemsOf(fileId);
    } catch (error) {
      if (this.#parts.files.has(fileId)) throw error;
      return [];
    }
  }

  /** Begins. `false` removes all parity; without a wish it is as the store has it. */
  async begin(wish: ParityWish): Promise<void> {
    await tolerant(async () => {
      if (wish === false) {
        if (await this.#folder.exists()) await this.#folder.removeAll();
      } else this.#every = wish?.every ?? (await this.#everyOfStore());
    });
    this.wake();
  }

  /** Looks, a little later, whether there is work. */
  wake(): void {
    this.#wakeIn(lookEveryMs);
  }

  /** Makes what is missing, now. What cannot be made is left. Throws `ABORTED`. */
  async complete(signal?: AbortSignal): Promise<void> {
    if (this.#every === undefined) return;
    await this.#one(() => this.#pass(this.#yielding(signal)));
    throwIfAborted(signal);
  }

  /**
   * Looks at every byte of parity, and makes anew what is damaged or does not fit its file, and
   * what is missing. Returns the names of those that were there.
   */
  async mend(signal?: AbortSignal): Promise<string[]> {
    if (this.#every === undefined) return [];
    const { files } = this.#parts;
    const pause = this.#yielding(signal);
    return this.#one(async () => {
      const mended: string[] = [];
      await this.#folder.removeAllBut((id) => files.has(id));
      const there = new Set(await this.#folder.ids());
      for (const fileId of this.#sealedIds()) {
        const isThere = there.has(fileId);
        const isRight =
          isThere && (await this.#fits(fileId)) && (await this.#folder.isWhole(fileId, pause));
        if (isRight) continue;
        await this.#make(fileId, pause, 'anew');
        if (isThere) mended.push(this.#folder.name(fileId));
      }
      return mended;
    });
  }

  /** Ends the work in the background after the slice at hand. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#stopping.abort();
    this.#endPause?.();
    await this.#running.catch(() => undefined);
  }

  /** After {@link stop}: files that have just been closed get their parity. Never fails. */
  async finish(fileIds: readonly number[]): Promise<void> {
    if (this.#every === undefined) return;
    await this.#keep(fileIds, this.#yielding(undefined)).catch(() => undefined);
  }

  async #problemsOf(fileId: number): Promise<string[]> {
    const { platform, directory } = this.#parts;
    if (!(await this.#folder.isWhole(fileId, this.#yielding(undefined)))) {
      return [`parity is damaged; repair makes it again: ${this.#folder.name(fileId)}`];
    }
    const rot = await rotOf(platform, directory, this.#folder, fileId);
    if (rot === undefined || rot.restored.size === 0) return [];
    const found = describe({ file: rot.file, blocks: rot.restored.size, first: firstOf(rot) });
    return [`bytes of a log file have rotted; repair restores them from parity: ${found}`];
  }

  #wakeIn(delayMs: number): void {
    if (this.#every === undefined || this.#stopping.signal.aborted) return;
    this.#timer ??= this.#parts.platform.clock.schedule(delayMs, () => {
      this.#timer = undefined;
      void this.#one(() => this.#look()).catch(this.#parts.onFailure);
    });
  }

  async #look(): Promise<void> {
    if (!this.#hasWork()) return;
    const isDone = await this.#pass(this.#givingWay);
    if (!isDone) this.#wakeIn(retryMs);
  }

  #hasWork(): boolean {
    const { files } = this.#parts;
    const isUnkept = (fileId: number): boolean => !this.#kept.has(fileId);
    const isGone = (fileId: number): boolean => !files.has(fileId);
    return !this.#hasTidied || this.#sealedIds().some(isUnkept) || [...this.#kept].some(isGone);
  }

  /** `false`: something went wrong, and is to be tried again. */
  async #pass(pause: Pause): Promise<boolean> {
    const { files } = this.#parts;
    return tolerant(async () => {
      await this.#folder.removeAllBut((id) => files.has(id));
      this.#hasTidied = true;
      for (const fileId of this.#kept) if (!files.has(fileId)) this.#kept.delete(fileId);
      await this.#keep(this.#sealedIds(), pause);
    });
  }

  /** Makes what is missing for these files. */
  async #keep(fileIds: readonly number[], pause: Pause): Promise<void> {
    const { files } = this.#parts;
    const there = new Set(await this.#folder.ids());
    for (const fileId of fileIds) {
      if (this.#kept.has(fileId) || !files.has(fileId)) continue;
      await pause();
      const isKept = there.has(fileId) && (await this.#fits(fileId));
      if (isKept || (await this.#make(fileId, pause))) this.#kept.add(fileId);
    }
  }

  /** Nobody appends to these any more. */
  #sealedIds(): number[] {
    const { files, openFileIds } = this.#parts;
    const open = new Set(openFileIds());
    return [...files.ids('journal'), ...files.ids('segment')].filter((id) => !open.has(id));
  }

  /** Whether a parity file is of this file, whole as that may be or not, and as is wished. */
  async #fits(fileId: number): Promise<boolean> {
    const { files } = this.#parts;
    const header = await this.#folder.header(fileId);
    if (header === undefined || header.every !== this.#every) return false;
    // One that is shorter was cut off, and is for repair.
    if (header.fileBytes < (await files.size(fileId))) return false;
    const isOf = ({ chain }: OpenLogFile): Promise<boolean> =>
      Promise.resolve(chain === header.fileCrc);
    // So is one whose header is damaged.
    return (await unlessCorrupt(() => files.with(fileId, isOf))) ?? true;
  }

  /** `false`: the file is not what it was any more. */
  async #make(fileId: number, pause: Pause, how?: 'anew'): Promise<boolean> {
    const { files } = this.#parts;
    const isMade = await unlessCorrupt(async () => {
      const { opened, release } = await files.hold(fileId);
      try {
        return await this.#makeOf(opened, pause, how);
      } finally {
        await release();
      }
    });
    // Without a header there is nothing to protect.
    return isMade ?? true;
  }

  async #makeOf(opened: OpenLogFile, pause: Pause, how?: 'anew'): Promise<boolean> {
    const { platform, files, reserve } = this.#parts;
    const { crc32 } = platform.hashing;
    const { fileId } = opened.header;
    const every = this.#every as number;
    await this.#sync(fileId);
    const fileBytes = await files.size(fileId);
    const coveredBytes = await wholeEnd(crc32, opened, pause);
    if (how !== 'anew' && (await this.#knowsMore(opened, coveredBytes))) return true;
    const extent = { coveredBytes, every };
    await reserve.claim(parityFileBytes(parityShape(extent)));
    const read = (offset: number, byteCount: number): Promise<Uint8Array> =>
      opened.read(offset, byteCount);
    const { checksums, parity } = await makeParity(crc32, extent, read, pause);
    if (!files.has(fileId) || (await files.size(fileId)) !== fileBytes) return false;
    const header = { fileId, fileCrc: opened.chain, fileBytes, ...extent };
    await this.#folder.write(header, checksums, parity);
    return true;
  }

  /** Whether there is parity of more of a file than can be proved now. */
  async #knowsMore({ header, chain }: OpenLogFile, coveredBytes: number): Promise<boolean> {
    if (!(await this.#folder.ids()).includes(header.fileId)) return false;
    const before = await this.#folder.header(header.fileId);
    return before?.fileCrc === chain && before.coveredBytes > coveredBytes;
  }

  /** What can be read now must be what is there after a power cut. */
  async #sync(fileId: number): Promise<void> {
    const { platform, files } = this.#parts;
    const path = files.path(fileId);
    try {
      const file = await platform.fileSystem.open(path, 'update');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (cause) {
      throw ioError('sync a log file', cause, path);
    }
  }

  /** As the newest parity file that can be read has it. */
  async #everyOfStore(): Promise<number | undefined> {
    for (const fileId of (await this.#folder.ids()).reverse()) {
      const header = await this.#folder.header(fileId);
      if (header !== undefined) return header.every;
    }
    return undefined;
  }

  /** One at a time. */
  #one<T>(action: () => Promise<T>): Promise<T> {
    const running = this.#running.then(action);
    this.#running = running.catch(() => undefined);
    return running;
  }

  #yielding(signal: AbortSignal | undefined): Pause {
    return async () => {
      throwIfAborted(signal);
      await this.#parts.platform.clock.yield();
    };
  }

  /** Lets others have the machine. */
  readonly #givingWay = async (): Promise<void> => {
    const { clock } = this.#parts.platform;
    throwIfAborted(this.#stopping.signal);
    await new Promise<void>((resolve) => {
      this.#endPause = resolve;
      clock.schedule(pauseMs, resolve);
    });
    await clock.yield();
    throwIfAborted(this.#stopping.signal);
  };
}

/** Where the first block lies that can be restored. */
function firstOf({ restored }: FileRot): number {
  return Math.min(...restored.keys()) * parityBlockBytes;
}

/** Whether it could be done. What the disk refuses is no reason to stop. */
async function tolerant(action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (error instanceof ObjectsError) return false;
    throw error;
  }
}

async function unlessCorrupt<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (isCorrupt(error)) return undefined;
    throw error;
  }
}
