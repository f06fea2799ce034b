/**
 * Where versions are, in the embedded store: commits go to the committer, look-ups to the index.
 *
 * @module
 */

import { assert } from '../base/assert.ts';
import { ChunkStage } from './chunk-stage.ts';
import type { Committer } from './committer.ts';
import { GroupListing } from './index/group-listing.ts';
import type { IndexStore } from './index/index-store.ts';
import { listNames, listVersions } from './index/listing.ts';
import { currentAsOf, headOf, versionOf } from './index/version-index.ts';
import type {
  Change,
  CommitResult,
  Durability,
  Lsn,
  NamedVersion,
  NameRange,
  ObjectVersion,
  Point,
  StagedChunks,
  Version,
  VersionStore,
} from './model.ts';

export class EmbeddedVersionStore implements VersionStore {
  readonly #committer: Committer;
  readonly #index: IndexStore;
  readonly #groups = new GroupListing();

  constructor(committer: Committer, index: IndexStore) {
    this.#committer = committer;
    this.#index = index;
  }

  async commit(
    change: Change,
    staged: StagedChunks | undefined,
    durability: Durability,
  ): Promise<CommitResult> {
    assert(staged === undefined || staged instanceof ChunkStage, 'a stage is of the same store');
    return this.#committer.commit(change, durability, staged);
  }

  async current(bucketId: number, name: string, asOf?: Point): Promise<ObjectVersion | undefined> {
    const reader = this.#index.reader();
    if (asOf !== undefined) return currentAsOf(reader, bucketId, name, asOf);
    return (await headOf(reader, bucketId, name))?.version;
  }

  async version(bucketId: number, name: string, lsn: Lsn): Promise<Version | undefined> {
    return versionOf(this.#index.reader(), bucketId, name, lsn);
  }

  async list(
    bucketId: number,
    range: NameRange,
    limit: number,
    asOf?: Point,
  ): Promise<NamedVersion<ObjectVersion>[]> {
    return listNames(this.#index.reader(), bucketId, range, limit, asOf);
  }

  async versions(
    bucketId: number,
    range: NameRange,
    limit: number,
    after?: { readonly name: string; readonly lsn: Lsn },
  ): Promise<(NamedVersion & { readonly isLatest: boolean })[]> {
    return listVersions(this.#index.reader(), bucketId, range, limit, after);
  }

  async groups(
    bucketId: number,
    range: NameRange,
    delimiter: string,
    limit: number,
    asOf?: Point,
  ): Promise<(NamedVersion<ObjectVersion> | { readonly group: string })[]> {
    const roll = { delimiter, limit, asOf };
    return this.#groups.page(this.#index.reader(), bucketId, range, roll);
  }
}
