/**
 * The file system of this machine, with a count of the syncs, the bytes that went through it and
 * the frames that were read.
 *
 * How many uploads share one `fdatasync` is a promise of the committer, and how many chunks a read
 * takes is one of the read path. The only honest place to count is where the calls leave the
 * engine.
 *
 * @module
 */

import { fileHeaderBytes } from '../src/engine/log/file-header.ts';
import { frameTypes } from '../src/engine/log/frame.ts';
import type { FileSystem } from '../src/engine/platform/file-system.ts';
import { nodeFileSystem } from '../src/engine/platform/node-file-system.ts';

export interface SyncCounter {
  /** Syncs of files: not those of folders. */
  syncs: number;
  /** What was given to files whose path has this ending, in bytes. */
  readonly writtenBytes: Map<string, number>;
  /** Reads of log files that began with a frame, by what it was. */
  readonly framesRead: { chunks: number; nodes: number };
}

/** A counter that has counted nothing. */
export function newSyncCounter(): SyncCounter {
  return { syncs: 0, writtenBytes: new Map(), framesRead: { chunks: 0, nodes: 0 } };
}

/** The port on the disk of this machine. Every sync of a file is counted as it begins. */
export function countingFileSystem(counter: SyncCounter): FileSystem {
  return {
    ...nodeFileSystem,
    async open(path, mode) {
      const file = await nodeFileSystem.open(path, mode);
      const countWritten = (written: number): number => {
        const ending = /\.[a-z]+(?:\.tmp)?$/.exec(path)?.[0] ?? '';
        const before = counter.writtenBytes.get(ending) ?? 0;
        counter.writtenBytes.set(ending, before + written);
        return written;
      };
      const writeDurably = async (
        parts: readonly Uint8Array[],
        position: number,
      ): Promise<number> => {
        counter.syncs++;
        return countWritten((await file.writeDurably?.(parts, position)) ?? 0);
      };
      return {
        ...(file.writeDurably === undefined ? {} : { writeDurably }),
        read: async (target, position) => {
          const read = await file.read(target, position);
          if (/\.v[js]$/.test(path) && position >= fileHeaderBytes) {
            if (target[0] === frameTypes.chunk) counter.framesRead.chunks++;
            if (target[0] === frameTypes.node) counter.framesRead.nodes++;
          }
          return read;
        },
        write: async (parts, position) => countWritten(await file.write(parts, position)),
        sync: async () => {
          counter.syncs++;
          await file.sync();
        },
        size: () => file.size(),
        truncate: (sizeBytes) => file.truncate(sizeBytes),
        close: () => file.close(),
      };
    },
  };
}
