/**
 * A volume in memory that has a size: what does not fit is refused with `ENOSPC`, and how much is
 * free can be asked.
 *
 * Other programs use it too: {@link LimitedVolume.othersBytes} is theirs.
 *
 * @module
 */

import type { File } from '../../src/engine/platform/file-system.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';

export class LimitedVolume extends MemoryFileSystem {
  /** What other programs have taken. */
  othersBytes = 0;
  /** How often somebody asked how much is free. */
  askedCount = 0;
  readonly #sizeBytes: number;

  constructor(sizeBytes: number) {
    super();
    this.#sizeBytes = sizeBytes;
  }

  override async freeBytes(): Promise<number> {
    this.askedCount++;
    return this.leftBytes();
  }

  override async open(path: string, mode: 'read' | 'create' | 'update'): Promise<File> {
    const file = await super.open(path, mode);
    return {
      read: (target, position) => file.read(target, position),
      write: async (parts, position) => {
        const byteCount = parts.reduce((sum, { length }) => sum + length, 0);
        const grownBytes = position + byteCount - (await file.size());
        if (grownBytes > (await this.leftBytes())) {
          throw Object.assign(new Error('ENOSPC: the volume is full, write'), { code: 'ENOSPC' });
        }
        return file.write(parts, position);
      },
      sync: () => file.sync(),
      size: () => file.size(),
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      close: () => file.close(),
    };
  }

  /** How many bytes are free. */
  async leftBytes(): Promise<number> {
    return Math.max(0, this.#sizeBytes - this.othersBytes - (await this.#bytesBelow('/')));
  }

  async #bytesBelow(folder: string): Promise<number> {
    let bytes = 0;
    for (const name of await this.readDirectory(folder)) {
      const path = `${folder}/${name}`;
      const status = await this.status(path);
      bytes +=
        status?.kind === 'directory' ? await this.#bytesBelow(path) : (status?.sizeBytes ?? 0);
    }
    return bytes;
  }
}
