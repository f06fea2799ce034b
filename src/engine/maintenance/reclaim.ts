/**
 * Freeing what nothing references any more.
 *
 * Removing a version takes away one edge and makes its root a *candidate*. This goes through the
 * candidates: one that has no edge left leaves the store, and a node's children become candidates in
 * turn. So a removal costs its caller one edge, and the walk touches only what it frees.
 *
 * A chunk that an upload has a lease on stays a candidate, and is asked about again when the lease
 * ends. Whether a chunk is dead is decided by the committer, at the moment of the commit.
 *
 * Freed bytes stay in their log file, as reclaimable, until compaction.
 *
 * @module
 */

import { throwIfAborted } from '../../base/errors.ts';
import { candidates, isReferenced, locate } from '../index/chunk-index.ts';
import { Layer, type IndexChange, type IndexStore } from '../index/index-store.ts';
import type { Committer } from '../committer.ts';
import type { LogFiles } from '../log/log-files.ts';
import type { ChunkId } from '../model.ts';
import type { Platform } from '../platform/platform.ts';
import { childrenOf } from '../replay.ts';
import type { StoreState } from '../store-state.ts';

const pageSize = 256;

export interface ReclaimParts {
  readonly platform: Platform;
  readonly files: LogFiles;
  readonly index: IndexStore;
  readonly committer: Committer;
  readonly state: StoreState;
  readonly onFailure: (error: unknown) => void;
}

export class Reclaimer {
  readonly #parts: ReclaimParts;
  #running: Promise<void> | undefined;
  #isWoken = false;
  #isStopped = false;

  constructor(parts: ReclaimParts) {
    this.#parts = parts;
    parts.state.leases.onReleased = () => {
      this.wake();
    };
  }

  /** Begins work in the background, if there is any. */
  wake(): void {
    if (this.#isStopped) return;
    this.#isWoken = true;
    this.#running ??= this.#run()
      .catch(this.#parts.onFailure)
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when everything that is dead has been freed. */
  async drain(signal?: AbortSignal): Promise<void> {
    this.wake();
    while (this.#running !== undefined) {
      throwIfAborted(signal);
      await this.#running;
    }
  }

  /** Ends the work after the page at hand. What is left is found at the next opening. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isWoken && !this.#isStopped) {
      this.#isWoken = false;
      while (!this.#isStopped && (await this.#freePage())) {
        await this.#parts.platform.clock.yield();
      }
    }
  }

  /** Works through the oldest candidates. `false`: nothing is left but what is leased. */
  async #freePage(): Promise<boolean> {
    const { index, state } = this.#parts;
    const page = await candidates(index.reader(), pageSize);
    const settled = await Promise.all(page.map(({ id }) => this.#free(id)));
    const done: IndexChange[] = page
      .filter((_, i) => settled[i] === true)
      .map(({ change }) => change);
    if (done.length === 0) return false;
    // No commit: candidates are advisory, and replaying an older log only asks about them again.
    const layer = new Layer();
    layer.add(done);
    layer.lastLsn = state.lastLsn;
    index.publish(layer);
    return true;
  }

  /** Frees a candidate if it is dead. `false`: ask again. */
  async #free(id: ChunkId): Promise<boolean> {
    const { platform, files, index, committer } = this.#parts;
    const location = await locate(index.reader(), id);
    if (location === undefined || (await isReferenced(index.reader(), id))) return true;
    const children = await childrenOf(platform, files, id, location);
    const { outcome } = await committer.commit({ kind: 'free', id, children }, 'os');
    return outcome === 'done';
  }
}
