/**
 * Freeing what nothing references any more.
 *
 * Removing a version takes away one edge and makes its root a *candidate*. This goes through the
 * candidates: one that has no edge left leaves the store, and a node's children become candidates
 * in turn. So a removal costs its caller one edge, and the walk touches only what it frees.
 *
 * A chunk that an upload has a lease on stays a candidate, and is asked about again when the lease
 * ends. While the index lacks edges, because a damaged frame was met when it was rebuilt, nothing
 * is freed at all. Whether a chunk is dead is decided by the committer, at the moment of the
 * commit.
 *
 * Freed bytes stay in their log file, as reclaimable, until compaction.
 *
 * @module
 */

import { throwIfAborted, isCorrupt } from '../../base/errors.ts';
import { blame } from '../chunk-reader.ts';
import {
  candidates,
  childrenByEdges,
  isReferenced,
  locate,
  type Candidate,
} from '../index/chunk-index.ts';
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
        // Woken when the work had just come to its end.
        if (this.#isWoken) this.wake();
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
    while (this.#isWoken) {
      this.#isWoken = false;
      let last: Candidate | undefined;
      do {
        last = await this.#freePage(last);
        await this.#parts.platform.clock.yield();
      } while (last !== undefined);
    }
  }

  /** Works through the candidates behind one, oldest first. Returns the last: there may be more. */
  async #freePage(after: Candidate | undefined): Promise<Candidate | undefined> {
    if (this.#isStopped) return undefined;
    const { index, state } = this.#parts;
    // That nothing leads to a chunk proves nothing where edges may be missing.
    if (state.damage.hasLostEdges) return undefined;
    const page = await candidates(index.reader(), pageSize, after);
    const settled = await Promise.all(page.map(({ id }) => this.#free(id)));
    const done: IndexChange[] = page
      .filter((_, i) => settled[i] === true)
      .map(({ change }) => change);
    if (done.length === 0) return page.at(-1);
    // No commit: candidates are advisory, and replaying an older log only asks about them again.
    const layer = new Layer();
    layer.add(done);
    layer.lastLsn = state.lastLsn;
    index.publish(layer);
    return page.at(-1);
  }

  /** Frees a candidate if it is dead. `false`: ask again. */
  async #free(id: ChunkId): Promise<boolean> {
    const { platform, files, index, committer, state } = this.#parts;
    const location = await locate(index.reader(), id);
    if (location === undefined || (await isReferenced(index.reader(), id))) return true;
    let children: readonly ChunkId[];
    try {
      children = await childrenOf(platform, files, id, location);
    } catch (error) {
      await blame(error, { id, location, index, damage: state.damage });
      if (!isCorrupt(error)) throw error;
      // What is damaged cannot say what it needs, but the edges of its children can.
      children = await childrenByEdges(index.reader(), id);
    }
    const { outcome } = await committer.commit({ kind: 'free', id, children }, 'os');
    return outcome === 'done';
  }
}
