/**
 * One life of a store for writing: from its first new log file to its end.
 *
 * Opening a store writes nothing new. The first file of an incarnation raises the generation in the
 * `VARVE` file, and with it the lowest id that a new file may have, so that ids are never used
 * twice, even where a file that a crash left behind was removed. It also ends the folder's being a
 * backup that nothing was written to.
 *
 * @module
 */

import type { FileHeader } from './log/file-header.ts';
import { ioError } from './log/io-errors.ts';
import type { LogFiles } from './log/log-files.ts';
import { readFully, writeFully, type LogWriter } from './log/log-writer.ts';
import {
  decodeSuperblock,
  encodeSuperblock,
  knownFeatures,
  optionalFeatures,
  slotOffset,
  superblockBytes,
  superblockPath,
  type Superblock,
} from './log/superblock.ts';
import type { Platform } from './platform/platform.ts';

/** The parts of a file header that depend on what the file is for. */
export type FilePurpose = Pick<FileHeader, 'kind' | 'previous' | 'firstLsn' | 'checkpoint'>;

export class Incarnation {
  readonly #platform: Platform;
  readonly #directory: string;
  readonly #files: LogFiles;
  #superblock: Superblock;
  #begun: Promise<void> | undefined;
  #nextFileId: number;

  constructor(platform: Platform, directory: string, files: LogFiles, superblock: Superblock) {
    this.#platform = platform;
    this.#directory = directory;
    this.#files = files;
    this.#superblock = superblock;
    this.#nextFileId = Math.max(superblock.nextFileId, files.nextId);
  }

  /** What the `VARVE` file says, with the ids that were given out since. */
  get superblock(): Superblock {
    return { ...this.#superblock, nextFileId: this.#nextFileId };
  }

  /** Compresses, and does not wait. */
  deflateNow(bytes: Uint8Array): Uint8Array {
    return this.#platform.compression.deflateNow(bytes);
  }

  /** Makes a log file with the next id. It is durable, name and all, when this resolves. */
  async createFile(purpose: FilePurpose): Promise<LogWriter> {
    this.#begun ??= this.#begin();
    await this.#begun;
    const salt = this.#platform.randomness.bytes(4);
    return this.#files.create({
      ...purpose,
      generation: this.#superblock.generation,
      fileId: this.#nextFileId++,
      storeId: this.#superblock.storeId,
      salt: new DataView(salt.buffer, salt.byteOffset).getUint32(0, true),
    });
  }

  async #begin(): Promise<void> {
    const [platform, directory] = [this.#platform, this.#directory];
    // The newest slot may lie in the page cache only, if whoever wrote it was killed before the
    // sync. It must be safe before the other one, which is the last safe one, is written over.
    await writeSuperblock(platform, directory, this.#superblock, 'update');
    const superblock = {
      ...this.#superblock,
      sequence: this.#superblock.sequence + 1,
      generation: this.#superblock.generation + 1,
      nextFileId: this.#nextFileId,
      optionalFeatures: this.#superblock.optionalFeatures & ~optionalFeatures.backup,
      requiredFeatures: this.#superblock.requiredFeatures | knownFeatures,
    };
    await writeSuperblock(platform, directory, superblock, 'update');
    // The folders were synced when they were made, unless a crash came in between.
    try {
      await platform.fileSystem.syncDirectory(directory);
    } catch (cause) {
      throw ioError('sync the folder of the store', cause, directory);
    }
    this.#superblock = superblock;
  }
}

/** Writes one slot of the `VARVE` file and syncs it. */
export async function writeSuperblock(
  platform: Platform,
  directory: string,
  superblock: Superblock,
  mode: 'create' | 'update',
): Promise<void> {
  const path = superblockPath(directory);
  const slot = encodeSuperblock(platform.hashing.crc32, superblock);
  try {
    const file = await platform.fileSystem.open(path, mode);
    try {
      await writeFully(file, [slot], slotOffset(superblock.sequence));
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw ioError('write the VARVE file', cause, path);
  }
}

/** What the `VARVE` file of a folder says; `undefined` if no slot of it is valid. */
export async function readSuperblock(
  platform: Platform,
  directory: string,
): Promise<Superblock | undefined> {
  const path = superblockPath(directory);
  try {
    const file = await platform.fileSystem.open(path, 'read');
    try {
      const bytes = await readFully(file, new Uint8Array(superblockBytes), 0);
      return decodeSuperblock(platform.hashing.crc32, bytes);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw ioError('read the VARVE file', cause, path);
  }
}
