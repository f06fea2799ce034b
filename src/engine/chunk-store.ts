/**
 * Where chunks are, in the embedded store: the index says where, the log has the bytes.
 *
 * @module
 */

import { ObjectNotFound, describe } from '../base/errors.ts';
import { ChunkStage, type StagingArea } from './chunk-stage.ts';
import type { ChunkReader } from './chunk-reader.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { hasReference, locate } from './index/chunk-index.ts';
import type { IndexStore } from './index/index-store.ts';
import { chunkKey } from './log/operations.ts';
import type { ChunkId, ChunkLocation, ChunkPart, ChunkStore, Lsn, ObjectVersion } from './model.ts';
import type { Segments } from './segments.ts';
import type { StoreState } from './store-state.ts';

export class EmbeddedChunkStore implements ChunkStore {
  readonly #index: IndexStore;
  readonly #reader: ChunkReader;
  readonly #staging: StagingArea;

  constructor(
    index: IndexStore,
    reader: ChunkReader,
    staging: {
      readonly inlineBytesMax: number;
      readonly reserve: DiskReserve;
      readonly segments: Segments;
      readonly state: StoreState;
    },
  ) {
    this.#index = index;
    this.#reader = reader;
    const { state, ...shared } = staging;
    const onOrphaned = (location: ChunkLocation): void => {
      state.usage.orphan(location);
    };
    const { leases, damage } = state;
    this.#staging = { ...shared, damage, leases, staged: new Map(), onOrphaned };
  }

  stage(): ChunkStage {
    return new ChunkStage(this.#index.reader(), this.#staging);
  }

  /** Files with chunks of uploads on their way. */
  get stagedFileIds(): ReadonlySet<number> {
    const ids = new Set<number>();
    for (const { location } of this.#staging.staged.values()) {
      if (location !== undefined) ids.add(location.fileId);
    }
    return ids;
  }

  /**
   * Keeps the content of a version, which may be removed while it is read, until it is released.
   * Throws `NOT_FOUND` if the version is gone.
   */
  async hold({ root, lsn }: ObjectVersion): Promise<HeldContent> {
    const { leases } = this.#staging;
    const key = chunkKey(root.id);
    if (!leases.take(key)) throw removed(lsn);
    const release = (): void => {
      leases.drop(key);
    };
    try {
      const reader = this.#index.reader();
      const location = await locate(reader, root.id);
      if (location === undefined) {
        const isNamed = await hasReference(reader, root.id, { kind: 'version', lsn });
        if (!isNamed) throw removed(lsn);
      }
      // Where the root lies is known now: it need not be looked up again.
      const known = (id: ChunkId): ChunkLocation | undefined =>
        id === root.id ? location : undefined;
      return {
        read: (id) => this.#reader.read(id, known(id)),
        with: (id, use) => this.#reader.with(id, use, known(id)),
        withEach: (parts, use) => this.#reader.withEach(parts, use),
        release,
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  async read(id: ChunkId): Promise<Uint8Array> {
    return this.#reader.read(id);
  }

  async with<T>(id: ChunkId, use: (bytes: Uint8Array) => T): Promise<T> {
    return this.#reader.with(id, use);
  }

  async withEach(
    parts: readonly ChunkPart[],
    use: (bytes: Uint8Array, position: number) => void,
  ): Promise<void> {
    return this.#reader.withEach(parts, use);
  }
}

/** The chunks of a version that stays until it is released. */
export interface HeldContent extends Pick<ChunkStore, 'read' | 'with' | 'withEach'> {
  release(): void;
}

function removed(lsn: Lsn): ObjectNotFound {
  return new ObjectNotFound(`the version was removed: ${describe({ lsn })}`);
}
