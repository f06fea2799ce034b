/**
 * Which chunks cannot be read, as far as anybody has found out.
 *
 * Found by a read, by `verify`, by reclaim, or by a replay. A chunk in here counts as absent for an
 * upload, so that the upload brings its bytes again, and the commit that adopts them leads the
 * index to the good frame: every version that shares the chunk is whole again.
 *
 * What is found is noted in the index as well, so that the process that uploads need not be the one
 * that found it. Notes are advice; losing them costs another read.
 *
 * @module
 */

import { locate } from './index/chunk-index.ts';
import {
  damageChange,
  damageRecords,
  type DamageRecord,
  type DamagedFrame,
} from './index/damage-index.ts';
import type { IndexStore } from './index/index-store.ts';
import { chunkKey } from './log/operations.ts';
import type { ChunkId, ChunkLocation } from './model.ts';

export class KnownDamage {
  readonly #index: IndexStore;
  readonly #records = new Map<string, DamageRecord>();

  constructor(index: IndexStore, records: readonly DamageRecord[]) {
    this.#index = index;
    for (const record of records) this.#records.set(keyOf(record.frame), record);
  }

  /** What the index has noted. */
  static async load(index: IndexStore): Promise<KnownDamage> {
    return new KnownDamage(index, await damageRecords(index.reader()));
  }

  /**
   * Whether the index may lack edges, because a replay could not read what names them. Then no
   * chunk may be freed: that nothing leads to it proves nothing.
   */
  get hasLostEdges(): boolean {
    return [...this.#records.values()].some(({ lostEdges }) => lostEdges);
  }

  /** Whether the index may lack chunks, because a replay could not read their names. */
  get hasLostChunks(): boolean {
    return [...this.#records.values()].some(({ frame }) => !('id' in frame));
  }

  /** Why the names of frames could not be read that may be needed. */
  get lostFrames(): string[] {
    return [...this.#records.values()]
      .filter(({ frame, lostEdges }) => lostEdges && !('id' in frame))
      .map(({ reason }) => reason);
  }

  /** Why a chunk cannot be read, if that is known. */
  reasonOf(id: ChunkId): string | undefined {
    return this.#records.size === 0 ? undefined : this.#records.get(chunkKey(id))?.reason;
  }

  has(id: ChunkId): boolean {
    return this.reasonOf(id) !== undefined;
  }

  /** Notes that the frame at this location was read and is bad. */
  async note(id: ChunkId, location: ChunkLocation, reason: string): Promise<void> {
    // Good bytes may have taken its place while it was read.
    const now = await locate(this.#index.reader(), id);
    const isCurrent = now?.fileId === location.fileId && now.offset === location.offset;
    if (!isCurrent || this.has(id)) return;
    const record = { frame: { id }, reason, lostEdges: false };
    this.#records.set(chunkKey(id), record);
    await this.#index.writeDirectly([damageChange(record.frame, record)]);
  }

  /** The chunk was read and is whole, whatever was noted. */
  async withdraw(id: ChunkId): Promise<void> {
    if (!this.has(id)) return;
    this.forget(id);
    await this.#index.writeDirectly([damageChange({ id }, undefined)]);
  }

  /** The chunk is whole again, or gone; its row is the commit's to delete. */
  forget(id: ChunkId): void {
    this.#records.delete(chunkKey(id));
  }

  /** Every edge that anything needs is there: what a replay noted is of no account any more. */
  async settleEdges(): Promise<void> {
    for (const [key, { frame, reason, lostEdges }] of this.#records) {
      if (!lostEdges) continue;
      const settled = { frame, reason, lostEdges: false };
      this.#records.set(key, settled);
      await this.#index.writeDirectly([damageChange(frame, settled)]);
    }
  }
}

function keyOf(frame: DamagedFrame): string {
  return 'id' in frame ? chunkKey(frame.id) : `${frame.fileId}:${frame.offset}`;
}
