/**
 * What the removal of some versions, for good, would free: found out beforehand, changing nothing.
 *
 * A chunk is freed when every edge to it comes from what is removed. So this goes down the way that
 * the reclaimer would go afterwards: from a version to its root, and from a chunk whose last edge
 * has been counted to its children. What is remembered is chunks of which some edges are counted
 * and others not, which is what the removed shares with the kept, or with what is still to be
 * added; not the chunks that are freed.
 *
 * Exact for what is committed while nothing else is. Let the reclaimer finish first: a chunk that
 * waits for it has lost its edges, but those of its children are still there.
 *
 * @module
 */

import { countReferences, locate } from '../index/chunk-index.ts';
import type { IndexStore } from '../index/index-store.ts';
import type { LogFiles } from '../log/log-files.ts';
import { chunkKey } from '../log/operations.ts';
import type { ChunkId, ChunkLocation, ObjectVersion } from '../model.ts';
import type { Platform } from '../platform/platform.ts';
import { childrenByAnyMeans } from '../replay.ts';

export interface RemovalParts {
  readonly platform: Platform;
  readonly files: LogFiles;
  readonly index: IndexStore;
  /** Called between two steps of the work: waits as long as others should have the machine. */
  readonly giveWay: () => Promise<void>;
}

/** What would be gone. */
export interface Freed {
  /** Versions with content. */
  readonly versions: number;
  /** What callers stored in them. */
  readonly logicalBytes: number;
  /** Bytes in the log files that nothing would use any more. */
  readonly storedBytes: number;
}

export class Removal {
  readonly #parts: RemovalParts;
  /** Chunks that some of the removed leads to, and something else as well. */
  readonly #shared = new Map<string, { left: number }>();
  #versions = 0;
  #logicalBytes = 0;
  #storedBytes = 0;

  constructor(parts: RemovalParts) {
    this.#parts = parts;
  }

  get freed(): Freed {
    return {
      versions: this.#versions,
      logicalBytes: this.#logicalBytes,
      storedBytes: this.#storedBytes,
    };
  }

  /** Adds a version to what is removed. Each may be added once, while it is still there. */
  async add(version: ObjectVersion): Promise<void> {
    this.#versions++;
    this.#logicalBytes += version.sizeBytes;
    const losing = [version.root.id];
    for (let id = losing.pop(); id !== undefined; id = losing.pop()) {
      if (!(await this.#losesItsLastEdge(id))) continue;
      const location = await locate(this.#parts.index.reader(), id);
      if (location === undefined) continue;
      this.#storedBytes += location.frameBytes;
      losing.push(...(await this.#childrenOf(id, location)));
      await this.#parts.giveWay();
    }
  }

  async #losesItsLastEdge(id: ChunkId): Promise<boolean> {
    const key = chunkKey(id);
    const shared = this.#shared.get(key);
    const left = (shared?.left ?? (await countReferences(this.#parts.index.reader(), id))) - 1;
    if (left > 0) this.#shared.set(key, { left });
    else this.#shared.delete(key);
    return left <= 0;
  }

  /** Each child once: there is one edge to it, however often the node names it. */
  async #childrenOf(id: ChunkId, location: ChunkLocation): Promise<Iterable<ChunkId>> {
    const { platform, files, index } = this.#parts;
    const children = await childrenByAnyMeans(
      { platform, files, reader: index.reader() },
      id,
      location,
    );
    return new Map(children.map((child) => [chunkKey(child), child])).values();
  }
}
