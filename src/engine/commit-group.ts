/**
 * A commit group while it is decided: what each of its commits comes to, one after the other.
 *
 * Each decision sees the store as those before it leave it, in a layer over the index that nobody
 * else reads yet. A commit that is refused leaves nothing in the group. Chunks go to the journal as
 * they are adopted; the commit frame that makes them count is the committer's to write.
 *
 * @module
 */

import { conflict, decide } from './decide.ts';
import type { ChunkStage, StagedChunk } from './chunk-stage.ts';
import {
  adoptionEffects,
  forsakeEffects,
  freeEffects,
  operationEffects,
  versionOfPut,
} from './effects.ts';
import type { BucketSettings, CommitRequest, ReencodedChunk } from './commit-request.ts';
import { FileUsage } from './file-usage.ts';
import {
  addChunk,
  isReferenced,
  locate,
  locationChange,
  type ChunkTotals,
} from './index/chunk-index.ts';
import { damageChange } from './index/damage-index.ts';
import { Layer, type IndexReader, type IndexStore } from './index/index-store.ts';
import { listVersions } from './index/listing.ts';
import type { Journal } from './journal.ts';
import { chunkKey, totalsFields, type CommitPayload, type Operation } from './log/operations.ts';
import type {
  BucketRecord,
  Change,
  ChunkId,
  ChunkLocation,
  CommitResult,
  EncodedChunk,
  Lsn,
  Totals,
  Version,
} from './model.ts';
import { mayReencode } from './reencode.ts';
import type { StoreState } from './store-state.ts';

/** The chunks that a chunk keeps alive, though its frame may be damaged. */
export type ChildrenOf = (
  reader: IndexReader,
  id: ChunkId,
  location: ChunkLocation,
) => Promise<readonly ChunkId[]>;

export interface CommitGroupParts {
  readonly index: IndexStore;
  readonly journal: Journal;
  readonly state: StoreState;
  readonly childrenOf: ChildrenOf;
}

export class CommitGroup {
  readonly firstLsn: Lsn;
  readonly operations: Operation[] = [];
  /** The chunks that lie in the journal with this group, in order. */
  readonly chunkIds: ChunkId[] = [];
  /** Buckets that it changes; `undefined`: gone. */
  readonly buckets: Map<number, BucketRecord | undefined> = new Map();
  /** Chunks known to be damaged that it brings good bytes for, or frees. */
  readonly healed: ChunkId[] = [];
  /** Chunks that it frees or writes anew: nobody may find them until that is done. */
  readonly exclusive: string[] = [];
  /** What it does to the index. */
  readonly layer: Layer = new Layer();
  /** What it does to log files. */
  readonly usage: FileUsage = new FileUsage();
  readonly #journal: Journal;
  readonly #state: StoreState;
  readonly #childrenOf: ChildrenOf;
  readonly #reader: IndexReader;
  readonly #nowMs: number;
  readonly #timeMs: number;
  readonly #totals: Record<keyof Totals, number>;
  #lastBucketId: number;

  constructor(parts: CommitGroupParts, nowMs: number) {
    const { index, journal, state, childrenOf } = parts;
    this.firstLsn = state.nextLsn;
    this.#journal = journal;
    this.#childrenOf = childrenOf;
    this.#state = state;
    this.#reader = index.reader(this.layer);
    this.#nowMs = nowMs;
    this.#timeMs = Math.max(state.timeMs, nowMs);
    this.#totals = { ...state.totals };
    this.#lastBucketId = state.lastBucketId;
  }

  get lastLsn(): Lsn {
    return this.firstLsn + this.operations.length - 1;
  }

  /** What the commit frame says. */
  get payload(): CommitPayload {
    return {
      totals: this.#totals,
      timeMs: this.#timeMs,
      lastBucketId: this.#lastBucketId,
      operations: this.operations,
    };
  }

  /** Decides a commit. `stage`: the chunks it needs, sealed. */
  async add(request: CommitRequest, stage: ChunkStage | undefined): Promise<CommitResult> {
    switch (request.kind) {
      case 'putBucket':
        await this.#putBucket(request.name, request.settings);
        return done(undefined);
      case 'dropBucket':
        return this.#dropBucket(request.bucketId);
      case 'free': {
        const isSettled = await this.#free(request.id, request.children);
        return isSettled ? done(undefined) : conflict('precondition');
      }
      case 'relocate':
        return this.#relocate(request);
      case 'reencode':
        return this.#reencode(request.chunks);
      case 'retire':
        return this.#retire(request.fileIds);
      case 'checkpoint':
      case 'close':
        await this.#perform(request);
        return done(undefined);
      case 'put':
      case 'remove':
      case 'purge':
      case 'prune':
      case 'lock':
        return this.#change(request, stage);
    }
  }

  async #putBucket(name: string, settings: BucketSettings): Promise<void> {
    const known = this.#allBuckets().find((bucket) => bucket.name === name);
    const versioned = known?.versioned === true || settings.versioned === true;
    const retention = settings.retention === undefined ? known?.retention : settings.retention;
    const seeThroughGzip = settings.seeThroughGzip ?? known?.seeThroughGzip ?? true;
    const isolated = (known === undefined ? settings : known).isolated === true;
    const bucket: BucketRecord = {
      id: known?.id ?? this.#lastBucketId + 1,
      name,
      versioned,
      public: settings.public ?? known?.public ?? false,
      ...(retention === undefined || retention === null || !versioned ? {} : { retention }),
      ...(seeThroughGzip ? {} : { seeThroughGzip }),
      ...(isolated ? { isolated } : {}),
    };
    this.#lastBucketId = Math.max(this.#lastBucketId, bucket.id);
    await this.#perform({ kind: 'putBucket', bucket });
    this.buckets.set(bucket.id, bucket);
  }

  async #dropBucket(bucketId: number): Promise<CommitResult> {
    if (this.#bucket(bucketId) === undefined) return conflict('noBucket');
    const [version] = await listVersions(this.#reader, bucketId, {}, 1);
    if (version !== undefined) return conflict('precondition');
    await this.#perform({ kind: 'dropBucket', bucketId });
    this.buckets.set(bucketId, undefined);
    return done(undefined);
  }

  async #change(change: Change, stage: ChunkStage | undefined): Promise<CommitResult> {
    const bucket = this.#bucket(change.bucketId);
    if (bucket === undefined) return conflict('noBucket');
    const [nowMs, timeMs] = [this.#nowMs, this.#timeMs];
    const context = { reader: this.#reader, bucket, nowMs, timeMs };
    const decision = await decide(context, change);
    if ('outcome' in decision) return decision;
    if (change.kind === 'put' && stage?.holds(change.root.id) !== true) {
      // A copy of a version that was purged, with its content, since the caller saw it.
      return conflict('notFound');
    }
    if (stage !== undefined) await this.#adopt(stage);
    const lsn = await this.#perform(decision.operation);
    this.#addTotals(decision.totals);
    return done(decision.version ?? versionOf(decision.operation, lsn));
  }

  /** Makes a stage's chunks part of the store, but for those that are there by now. */
  async #adopt(stage: ChunkStage): Promise<void> {
    const offsets = new Map<number, number[]>();
    for (const staged of stage.staged) {
      const { id, children } = staged.chunk;
      if (staged.isAdopted && (await locate(this.#reader, id)) !== undefined) continue;
      // What takes the place of a frame must not cost more to read: it may be a base. Only damage
      // that was found while the delta was on its way gets here; the next upload is stored plain.
      if (staged.chunk.delta !== undefined && this.#state.damage.has(id)) continue;
      await this.#heal(id);
      // Another upload may be moving a chunk that they share to a segment just now.
      if (staged.spilling !== undefined && !staged.isDurable) await stage.seal();
      const location = staged.location ?? this.#appendInline(staged);
      if (staged.location !== undefined) {
        const { fileId, offset } = staged.location;
        const places = offsets.get(fileId) ?? [];
        offsets.set(fileId, places);
        places.push(offset);
      }
      staged.isAdopted = true;
      this.layer.add(adoptionEffects({ id, location, children }));
      this.usage.adopt(location);
      this.#addTotals(chunkTotals(id, location));
    }
    await this.#performAdopt(offsets);
  }

  /** @param offsets - Of frames, by the file that they lie in. */
  async #performAdopt(offsets: ReadonlyMap<number, number[]>): Promise<void> {
    for (const [fileId, places] of offsets) {
      await this.#perform({ kind: 'adopt', fileId, offsets: places.sort((a, b) => a - b) });
    }
  }

  /** A frame that is known to be damaged becomes dead bytes: another takes its place. */
  async #heal(id: ChunkId): Promise<void> {
    if (!this.#state.damage.has(id)) return;
    this.healed.push(id);
    this.layer.add([damageChange({ id }, undefined)]);
    const location = await locate(this.#reader, id);
    if (location === undefined) return;
    await this.#supersede(id, location);
  }

  /** A frame becomes dead bytes, as another takes its place. */
  async #supersede(id: ChunkId, location: ChunkLocation): Promise<void> {
    const lsn = await this.#perform({ kind: 'supersede', id, location });
    if (location.readCost !== undefined) {
      const bases = await this.#childrenOf(this.#reader, id, location);
      this.layer.add(forsakeEffects(id, bases, lsn));
    }
    this.#addDeadChunk(id, location);
  }

  #appendInline({ chunk }: StagedChunk): ChunkLocation {
    this.chunkIds.push(chunk.id);
    return this.#journal.appendChunk(chunk as EncodedChunk);
  }

  /** Frees a chunk if it is dead. `false`: an upload has a lease on it, so ask again later. */
  async #free(id: ChunkId, children: readonly ChunkId[]): Promise<boolean> {
    const location = await locate(this.#reader, id);
    if (location === undefined || (await isReferenced(this.#reader, id))) return true;
    if (!this.#state.leases.beginChange(chunkKey(id))) return false;
    this.exclusive.push(chunkKey(id));
    const lsn = await this.#perform({ kind: 'free', id, location });
    if (this.#state.damage.has(id)) {
      this.healed.push(id);
      this.layer.add([damageChange({ id }, undefined)]);
    }
    this.layer.add(freeEffects(id, children, lsn));
    this.#addDeadChunk(id, location);
    return true;
  }

  #addDeadChunk(id: ChunkId, location: ChunkLocation): void {
    const gone = chunkTotals(id, location);
    this.#addTotals({
      chunks: -gone.chunks,
      uniqueBytes: -gone.uniqueBytes,
      storedBytes: -gone.storedBytes,
    });
    this.usage.release(location);
  }

  /** Moves what has not been freed, or moved by somebody else, since it was copied. */
  async #relocate(request: Extract<CommitRequest, { kind: 'relocate' }>): Promise<CommitResult> {
    const { fromFileId, toFileId, moves } = request;
    const offsets: number[] = [];
    for (const { id, from, to } of moves) {
      const found = await locate(this.#reader, id);
      if (found?.fileId !== from.fileId || found.offset !== from.offset) continue;
      offsets.push(to.offset);
      this.layer.add([locationChange(id, to)]);
      this.usage.release(from);
      this.usage.adopt(to);
    }
    if (offsets.length === 0) return conflict('notFound');
    await this.#perform({ kind: 'relocate', fromFileId, toFileId, offsets });
    return done(undefined);
  }

  async #reencode(chunks: readonly ReencodedChunk[]): Promise<CommitResult> {
    const offsets = new Map<number, number[]>();
    for (const chunk of chunks) {
      if (!(await mayReencode(this.#reader, this.#state, chunk))) continue;
      const { id, from, to, bases } = chunk;
      this.exclusive.push(chunkKey(id));
      await this.#supersede(id, from);
      this.layer.add(adoptionEffects({ id, location: to, children: bases }));
      this.usage.adopt(to);
      this.#addTotals(chunkTotals(id, to));
      offsets.set(to.fileId, [...(offsets.get(to.fileId) ?? []), to.offset]);
    }
    if (offsets.size === 0) return conflict('notFound');
    await this.#performAdopt(offsets);
    return done(undefined);
  }

  async #retire(fileIds: readonly number[]): Promise<CommitResult> {
    const isInUse = (fileId: number): boolean =>
      this.#state.usage.of(fileId).liveBytes + this.usage.of(fileId).liveBytes !== 0;
    if (fileIds.some(isInUse)) return conflict('precondition');
    await this.#perform({ kind: 'retire', fileIds });
    for (const fileId of fileIds) this.usage.retire(fileId);
    return done(undefined);
  }

  async #perform(operation: Operation): Promise<Lsn> {
    const lsn = this.firstLsn + this.operations.length;
    this.operations.push(operation);
    this.layer.add(await operationEffects(this.#reader, operation, lsn));
    return lsn;
  }

  #addTotals(difference: Partial<Totals>): void {
    for (const field of totalsFields) this.#totals[field] += difference[field] ?? 0;
  }

  #allBuckets(): BucketRecord[] {
    const known = this.#state.buckets.filter(({ id }) => !this.buckets.has(id));
    return [...known, ...[...this.buckets.values()].filter((bucket) => bucket !== undefined)];
  }

  #bucket(id: number): BucketRecord | undefined {
    return this.buckets.has(id) ? this.buckets.get(id) : this.#state.bucketById(id);
  }
}

function done(version: Version | undefined): CommitResult {
  return { outcome: 'done', version };
}

function versionOf(operation: Operation, lsn: Lsn): Version | undefined {
  if (operation.kind === 'put') return versionOfPut(operation, lsn);
  if (operation.kind !== 'deleteMarker') return undefined;
  return { kind: 'deleteMarker', lsn, timeMs: operation.timeMs };
}

/** What a chunk adds to the totals. */
function chunkTotals(id: ChunkId, location: ChunkLocation): ChunkTotals {
  const totals = { chunks: 0, uniqueBytes: 0, storedBytes: 0 };
  addChunk(totals, id, location);
  return totals;
}
