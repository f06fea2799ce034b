/**
 * The note that the index is not to be believed: a file in the folder of the index itself.
 *
 * Not a row: LevelDB may lose what was written to it, and this is written when LevelDB has just
 * been caught. The file goes with the folder when that is deleted, so nothing has to be taken back
 * once the index has been made again. LevelDB leaves files that it does not know alone.
 *
 * @module
 */

import type { FileSystem } from '../platform/file-system.ts';

const fileName = 'DISTRUSTED';

export class Distrust {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;

  /** @param directory - The folder of the index. */
  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
  }

  /** Whether the index was distrusted, by this process or one before. Throws what the port does. */
  async isDeclared(): Promise<boolean> {
    return (await this.#fileSystem.status(this.#path)) !== undefined;
  }

  /**
   * Notes it, on stable storage. Where that cannot be, nothing is thrown: whoever calls has an
   * error to report already, and the damage will be met again.
   */
  async declare(): Promise<void> {
    try {
      if (await this.isDeclared()) return;
      const file = await this.#fileSystem.open(this.#path, 'create');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#fileSystem.syncDirectory(this.#directory);
    } catch {
      // Another call made it at the same time, or the folder is gone, or the disk refuses.
    }
  }

  get #path(): string {
    return `${this.#directory}/${fileName}`;
  }
}
