/**
 * The file system of this machine, with a record of what a power cut could not take.
 *
 * Of each file it knows what its last sync covered, and of each folder the names that its last sync
 * covered. A write counts from its call on and a sync from its answer on, so the record is right
 * while calls are under way, too.
 */

import type { File, FileSystem } from '../../src/engine/platform/file-system.ts';
import { nodeFileSystem } from '../../src/engine/platform/node-file-system.ts';

/** A file as it is, and as it is on stable storage. */
export interface RecordedFile {
  readonly current: Uint8Array;
  readonly synced: Uint8Array;
  /** Whether its name is on stable storage. */
  readonly isNameSynced: boolean;
}

interface Tracked {
  current: Buffer;
  sizeBytes: number;
  synced: Uint8Array;
  isNameSynced: boolean;
}

export class SyncRecorder {
  readonly #files = new Map<string, Tracked>();
  readonly #isHonest: boolean;
  readonly #onCall: (call: string, path: string) => void;

  /**
   * @param isHonest - Whether a sync counts for anything.
   * @param onCall - Called when a call that changes or lists something is over.
   */
  constructor(isHonest: boolean, onCall: (call: string, path: string) => void) {
    this.#isHonest = isHonest;
    this.#onCall = onCall;
  }

  /** The files that went through it, by path. */
  files(): Map<string, RecordedFile> {
    return new Map(
      [...this.#files].map(([path, { current, sizeBytes, synced, isNameSynced }]) => {
        return [
          path,
          { current: Uint8Array.from(current.subarray(0, sizeBytes)), synced, isNameSynced },
        ];
      }),
    );
  }

  /** The port. */
  fileSystem(): FileSystem {
    return {
      ...nodeFileSystem,
      open: async (path, mode) => {
        if (mode === 'create') this.#create(path);
        const file = await nodeFileSystem.open(path, mode);
        if (mode === 'create') this.#onCall('create', path);
        return this.#recording(path, file);
      },
      syncDirectory: async (path) => {
        const names = [...this.#files].filter(([name]) => name.startsWith(`${path}/`));
        await nodeFileSystem.syncDirectory(path);
        for (const [, file] of names) file.isNameSynced = true;
        this.#onCall('syncDirectory', path);
      },
      readDirectory: async (path) => {
        const names = await nodeFileSystem.readDirectory(path);
        this.#onCall('readDirectory', path);
        return names;
      },
      remove: async (path) => {
        await nodeFileSystem.remove(path);
        this.#files.delete(path);
        this.#onCall('remove', path);
      },
      rename: async (from, to) => {
        await nodeFileSystem.rename(from, to);
        const file = this.#files.get(from);
        if (file !== undefined) this.#files.set(to, { ...file, isNameSynced: false });
        this.#files.delete(from);
        this.#onCall('rename', to);
      },
    };
  }

  #create(path: string): void {
    this.#files.set(path, {
      current: Buffer.alloc(65_536),
      sizeBytes: 0,
      synced: new Uint8Array(0),
      isNameSynced: false,
    });
  }

  #recording(path: string, file: File): File {
    return {
      read: (target, position) => file.read(target, position),
      write: async (parts, position) => {
        this.#take(path, parts, position);
        const writtenBytes = await file.write(parts, position);
        this.#onCall('write', path);
        return writtenBytes;
      },
      sync: async () => {
        const tracked = this.#files.get(path);
        const covered = tracked && Uint8Array.from(tracked.current.subarray(0, tracked.sizeBytes));
        await file.sync();
        if (tracked !== undefined && covered !== undefined && this.#isHonest) {
          tracked.synced = covered;
        }
        this.#onCall('sync', path);
      },
      size: () => file.size(),
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      close: () => file.close(),
    };
  }

  #take(path: string, parts: readonly Uint8Array[], position: number): void {
    const tracked = this.#files.get(path);
    if (tracked === undefined) throw new Error(`written, but never made: ${path}`);
    let at = position;
    for (const part of parts) {
      const end = at + part.length;
      if (end > tracked.current.length) {
        tracked.current = Buffer.concat([tracked.current], 2 * end);
      }
      tracked.current.set(part, at);
      tracked.sizeBytes = Math.max(tracked.sizeBytes, end);
      at = end;
    }
  }
}
