/**
 * The folder `parity/` of a store: a parity file for each log file that has one.
 *
 * A file gets its name when it is whole and on stable storage. That the folder is there says that
 * the store has parity; how many blocks share one, its files say.
 *
 * Nothing in it is truth. What cannot be read there is as good as not there; only where a caller
 * must know the difference does an error of the system get through.
 *
 * @module
 */

import { equalBytes } from '../../base/bytes.ts';
import { decodeFileHeader, fileHeaderBytes } from '../log/file-header.ts';
import { ioError } from '../log/io-errors.ts';
import type { OpenLogFile } from '../log/log-files.ts';
import { readFully, writeFully } from '../log/log-writer.ts';
import type { ParitySource } from '../log/parity-code.ts';
import {
  decodeParityChecksums,
  decodeParityHeader,
  encodeParityHead,
  parityBlockBytes,
  parityFileBytes,
  parityHeaderBytes,
  parityOffset,
  parityShape,
  type ParityChecksums,
  type ParityHeader,
} from '../log/parity-file.ts';
import type { File } from '../platform/file-system.ts';
import type { Platform } from '../platform/platform.ts';

const parityName = /^(\d{8,15})\.vp$/;
const unfinishedName = /^\d{8,15}\.vp\.tmp$/;

/** A parity file that is open, with what it says. */
export type OpenParity = Omit<ParitySource, 'read'>;

export class ParityFolder {
  readonly #platform: Platform;
  readonly #storeDirectory: string;
  readonly #storeId: Uint8Array;

  constructor(platform: Platform, storeDirectory: string, storeId: Uint8Array) {
    this.#platform = platform;
    this.#storeDirectory = storeDirectory;
    this.#storeId = storeId;
  }

  /** Whether the store has parity. Throws `IO`. */
  async exists(): Promise<boolean> {
    return this.#try('look at', async (fileSystem) => {
      return (await fileSystem.status(this.#folder)) !== undefined;
    });
  }

  /** Log files that have a parity file, by number. Throws `IO`. */
  async ids(): Promise<number[]> {
    return (await this.#names())
      .map((name) => parityName.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
  }

  /** What all of it takes. Throws `IO`. */
  async bytes(): Promise<number> {
    return this.#try('look at', async (fileSystem) => {
      let sum = 0;
      for (const name of await this.#names()) {
        sum += (await fileSystem.status(`${this.#folder}/${name}`))?.sizeBytes ?? 0;
      }
      return sum;
    });
  }

  /** Path of a parity file from the folder of the store. */
  name(fileId: number): string {
    return `parity/${String(fileId).padStart(8, '0')}.vp`;
  }

  /** The header of a parity file; `undefined` if it has none of this store and file. */
  async header(fileId: number): Promise<ParityHeader | undefined> {
    return this.#withFile(fileId, (file) => this.#headerOf(file, fileId));
  }

  /** Runs `use` with a parity file; without it, if its header or its checksums are damaged. */
  async with<T>(fileId: number, use: (parity: OpenParity | undefined) => Promise<T>): Promise<T> {
    return this.#withFile(fileId, async (file) => use(await this.#openParity(file, fileId)));
  }

  /** Whether every byte of a parity file is what was written. */
  async isWhole(fileId: number, pause: () => Promise<void>): Promise<boolean> {
    return this.with(fileId, async (parity) => {
      if (parity === undefined) return false;
      const { crc32 } = this.#platform.hashing;
      for (const [group, checksum] of parity.checksums.groups.entries()) {
        const block = await parity.readParity(group);
        if (block.length !== parityBlockBytes || crc32(block, 0) !== checksum) return false;
        if (group % 256 === 255) await pause();
      }
      return true;
    });
  }

  /** Writes a parity file in the place of the one before. It is safe when this resolves. */
  async write(
    header: Omit<ParityHeader, 'storeId'>,
    checksums: ParityChecksums,
    parity: Uint8Array,
  ): Promise<void> {
    const path = `${this.#storeDirectory}/${this.name(header.fileId)}`;
    const whole = { ...header, storeId: this.#storeId };
    const head = encodeParityHead(this.#platform.hashing.crc32, whole, checksums);
    await this.#try('write', async (fileSystem) => {
      await fileSystem.makeDirectory(this.#folder);
      await fileSystem.syncDirectory(this.#storeDirectory);
      const unfinished = `${path}.tmp`;
      if ((await fileSystem.status(unfinished)) !== undefined) await fileSystem.remove(unfinished);
      try {
        const file = await fileSystem.open(unfinished, 'create');
        try {
          await writeFully(file, [head, parity], 0);
          await file.sync();
        } finally {
          await file.close();
        }
        await fileSystem.rename(unfinished, path);
      } catch (error) {
        // What is unfinished only takes room, which may be what was missing.
        await fileSystem.remove(unfinished).catch(() => undefined);
        throw error;
      }
      await fileSystem.syncDirectory(this.#folder);
    });
  }

  /** Removes parity files of log files that are not there, and what a crash left unfinished. */
  async removeAllBut(isThere: (fileId: number) => boolean): Promise<void> {
    await this.#try('remove', async (fileSystem) => {
      for (const name of await this.#names()) {
        const digits = parityName.exec(name)?.[1];
        const isOrphan = digits !== undefined && !isThere(Number(digits));
        if (!isOrphan && !unfinishedName.test(name)) continue;
        await fileSystem.remove(`${this.#folder}/${name}`);
      }
    });
  }

  /** Removes a parity file. */
  async remove(fileId: number): Promise<void> {
    await this.#try('remove', (fileSystem) =>
      fileSystem.remove(`${this.#storeDirectory}/${this.name(fileId)}`),
    );
  }

  /** Removes all of it: the store has no parity then. */
  async removeAll(): Promise<void> {
    await this.#try('remove', async (fileSystem) => {
      await fileSystem.removeTree(this.#folder);
      await fileSystem.syncDirectory(this.#storeDirectory);
    });
  }

  get #folder(): string {
    return `${this.#storeDirectory}/parity`;
  }

  async #names(): Promise<string[]> {
    if (!(await this.exists())) return [];
    return this.#try('list', (fileSystem) => fileSystem.readDirectory(this.#folder));
  }

  async #headerOf(file: File, fileId: number): Promise<ParityHeader | undefined> {
    const bytes = await readFully(file, new Uint8Array(parityHeaderBytes), 0);
    const header = decodeParityHeader(this.#platform.hashing.crc32, bytes);
    const isOurs = header?.fileId === fileId && equalBytes(header.storeId, this.#storeId);
    if (!isOurs) return undefined;
    // Its checksum may be right by chance, and its numbers absurd: nothing is allocated for them.
    return (await file.size()) === parityFileBytes(parityShape(header)) ? header : undefined;
  }

  async #openParity(file: File, fileId: number): Promise<OpenParity | undefined> {
    const { crc32 } = this.#platform.hashing;
    const header = await this.#headerOf(file, fileId);
    if (header === undefined) return undefined;
    const shape = parityShape(header);
    const head = await readFully(file, new Uint8Array(parityOffset(shape, 0)), 0);
    const checksums = decodeParityChecksums(crc32, header, head);
    if (checksums === undefined) return undefined;
    const readParity = (group: number): Promise<Uint8Array> =>
      readFully(file, new Uint8Array(parityBlockBytes), parityOffset(shape, group));
    return { crc32, header, checksums, readParity };
  }

  async #withFile<T>(fileId: number, use: (file: File) => Promise<T>): Promise<T> {
    return this.#try('read', async (fileSystem) => {
      const path = `${this.#storeDirectory}/${this.name(fileId)}`;
      const file = await fileSystem.open(path, 'read');
      try {
        return await use(file);
      } finally {
        await file.close();
      }
    });
  }

  async #try<T>(
    doing: string,
    action: (fileSystem: Platform['fileSystem']) => Promise<T>,
  ): Promise<T> {
    try {
      return await action(this.#platform.fileSystem);
    } catch (cause) {
      throw ioError(`${doing} parity`, cause, this.#folder);
    }
  }
}

/**
 * Whether a parity file is for the log file that begins so. One whose own header is damaged is not
 * ruled out: what its header was, parity knows.
 */
export function isParityOf(
  crc32: ParitySource['crc32'],
  header: ParityHeader,
  firstSector: Uint8Array,
): boolean {
  const decoded = decodeFileHeader(crc32, firstSector);
  return decoded === undefined || decoded.chain === header.fileCrc;
}

/** A log file that is opened by its path, to be walked. `undefined`: it has no valid header. */
export async function openedOf(
  crc32: ParitySource['crc32'],
  file: File,
): Promise<OpenLogFile | undefined> {
  const read = (offset: number, byteCount: number): Promise<Uint8Array> =>
    readFully(file, new Uint8Array(byteCount), offset);
  const decoded = decodeFileHeader(crc32, await read(0, fileHeaderBytes));
  return decoded === undefined ? undefined : { ...decoded, read, close: () => file.close() };
}
