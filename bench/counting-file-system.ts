/**
 * The file system of this machine, with a count of the syncs and the bytes that went through it.
 *
 * How many uploads share one `fdatasync` is a promise of the committer, and the only honest place
 * to count is where the calls leave the engine.
 *
 * @module
 */

import type { FileSystem } from '../src/engine/platform/file-system.ts';
import { nodeFileSystem } from '../src/engine/platform/node-file-system.ts';

export interface SyncCounter {
  /** Syncs of files: not those of folders. */
  syncs: number;
  /** What was given to files whose path has this ending, in bytes. */
  readonly writtenBytes: Map<string, number>;
}

/** The port on the disk of this machine. Every sync of a file is counted as it begins. */
export function countingFileSystem(counter: SyncCounter): FileSystem {
  return {
    ...nodeFileSystem,
    async open(path, mode) {
      const file = await nodeFileSystem.open(path, mode);
      return {
        read: (target, position) => file.read(target, position),
        write: async (parts, position) => {
          const written = await file.write(parts, position);
          const ending = /\.[a-z]+(?:\.tmp)?$/.exec(path)?.[0] ?? '';
          const before = counter.writtenBytes.get(ending) ?? 0;
          counter.writtenBytes.set(ending, before + written);
          return written;
        },
        sync: async () => {
          counter.syncs++;
          await file.sync();
        },
        size: () => file.size(),
        close: () => file.close(),
      };
    },
  };
}
