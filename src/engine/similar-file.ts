/**
 * The table of similar chunks between two lives of a store: a file in the folder of the index.
 *
 * Derived, like all in that folder, and advice besides: it is read when the first chunk is looked
 * for, written when the store is closed, and never synced. Where it is missing, damaged or out of
 * date, chunks are stored larger than they could be. So nothing here throws.
 *
 * @module
 */

import { readFully, writeFully } from './log/log-writer.ts';
import type { Platform } from './platform/platform.ts';
import { SimilarChunks } from './similar-chunks.ts';

const fileName = 'SIMILAR';

export class SimilarFile {
  readonly #platform: Platform;
  /** `undefined`: the index is in memory, and so is this. */
  readonly #path: string | undefined;

  /** @param directory - The folder of the index, if it has one. */
  constructor(platform: Platform, directory: string | undefined) {
    this.#platform = platform;
    this.#path = directory === undefined ? undefined : `${directory}/${fileName}`;
  }

  /** The table as it was written, or an empty one. */
  async load(): Promise<SimilarChunks> {
    const options = { crc32: this.#platform.hashing.crc32 };
    const empty = new SimilarChunks(options);
    if (this.#path === undefined) return empty;
    try {
      const file = await this.#platform.fileSystem.open(this.#path, 'read');
      try {
        const bytes = await readFully(file, new Uint8Array(await file.size()), 0);
        return SimilarChunks.load(bytes, options);
      } finally {
        await file.close();
      }
    } catch {
      return empty;
    }
  }

  /** Puts a table in the place of the one that was there. */
  async save(table: SimilarChunks): Promise<void> {
    if (this.#path === undefined) return;
    const { fileSystem } = this.#platform;
    const unfinished = `${this.#path}.tmp`;
    try {
      if ((await fileSystem.status(unfinished)) !== undefined) await fileSystem.remove(unfinished);
      const file = await fileSystem.open(unfinished, 'create');
      try {
        await writeFully(file, [table.dump()], 0);
      } finally {
        await file.close();
      }
      await fileSystem.rename(unfinished, this.#path);
    } catch {
      // The disk is full, or the folder is gone: the next life begins without it.
    }
  }
}
