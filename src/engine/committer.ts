/**
 * The one writer: everything that changes a store passes through here, in one order.
 *
 * It takes all queued commits as a group, decides each at its turn (see decide.ts), writes the
 * group's chunks and one commit frame to the journal, syncs once, makes the group visible, and
 * resolves all its members. While a group is on its way to the disk the next one gathers: one sync
 * for each group, not for each upload.
 *
 * What must stay true:
 * - Nothing is visible, and nothing acknowledged, before it is as safe as its durability says.
 * - Nothing reaches LevelDB before its commit is on stable storage.
 * - A commit names only chunks that lie before it in the journal, or in segments already synced.
 * - After any failed write or sync on a truth file nothing is acknowledged any more. Members of the
 *   group that failed get `unknown`: recovery will find their commit, or not.
 *
 * @module
 */

import {
  attributesBytesMax,
  groupBytesMax,
  groupOperationsMax,
  objectNameBytesMax,
  osSyncDelayMs,
} from '../base/limits.ts';
import { decide, conflict } from './decide.ts';
import type { ChunkStage, StagedChunk } from './chunk-stage.ts';
import { adoptionEffects, freeEffects, operationEffects, versionOfPut } from './effects.ts';
import type { Health } from './health.ts';
import { isReferenced, locate } from './index/chunk-index.ts';
import { listVersions } from './index/listing.ts';
import { Layer, type IndexReader, type IndexStore } from './index/index-store.ts';
import type { Journal } from './journal.ts';
import type { LogPosition } from './log/file-header.ts';
import { chunkKey, type Operation } from './log/operations.ts';
import type {
  BucketRecord,
  Change,
  ChunkId,
  ChunkLocation,
  CommitResult,
  Durability,
  EncodedChunk,
  Lsn,
  Totals,
  Version,
} from './model.ts';
import type { Clock } from './platform/platform.ts';
import type { StoreState } from './store-state.ts';

/** What can be committed: changes of objects, and the store's own. */
export type CommitRequest =
  | Change
  /** Makes a bucket, or changes what it is. Versioning that is on stays on. */
  | { readonly kind: 'putBucket'; readonly name: string; readonly config: BucketFlags }
  | { readonly kind: 'dropBucket'; readonly bucketId: number }
  /** Frees a chunk if nothing references it at that moment. */
  | { readonly kind: 'free'; readonly id: ChunkId; readonly children: readonly ChunkId[] }
  /** Written by the checkpoint itself, when the index is proved to be complete. */
  | { readonly kind: 'checkpoint'; readonly position: LogPosition }
  | { readonly kind: 'close' };

/** What of a bucket may be set; absent: as it is, else `false`. */
export interface BucketFlags {
  readonly versioned?: boolean;
  readonly public?: boolean;
}

interface QueuedCommit {
  readonly request: CommitRequest;
  readonly stage: ChunkStage | undefined;
  readonly durability: Durability;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

/** A group while it is decided. */
interface Group {
  readonly firstLsn: Lsn;
  readonly timeMs: number;
  readonly layer: Layer;
  readonly reader: IndexReader;
  readonly operations: Operation[];
  readonly chunkIds: ChunkId[];
  readonly buckets: Map<number, BucketRecord | undefined>;
  readonly members: { readonly commit: QueuedCommit; readonly result: CommitResult }[];
  lastBucketId: number;
  totals: Totals;
}

export interface CommitterParts {
  readonly clock: Clock;
  readonly health: Health;
  readonly index: IndexStore;
  readonly journal: Journal;
  readonly state: StoreState;
  /** Called after each group; told whether it made chunks candidates for freeing. */
  readonly onCommitted: (hasCandidates: boolean) => void;
}

export class Committer {
  readonly #parts: CommitterParts;
  #queue: QueuedCommit[] = [];
  #running: Promise<void> | undefined;
  #osTimer: { cancel(): void } | undefined;

  constructor(parts: CommitterParts) {
    this.#parts = parts;
  }

  /** Queues a commit. `stage`: the chunks it needs, sealed. */
  commit(
    request: CommitRequest,
    durability: Durability,
    stage?: ChunkStage,
  ): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, stage, durability, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Finishes what is queued. Nothing may be committed after it. */
  async stop(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    this.#osTimer?.cancel();
  }

  /** Everything acknowledged before is on stable storage, and in LevelDB. */
  async sync(): Promise<void> {
    this.#osTimer?.cancel();
    this.#osTimer = undefined;
    const { journal, index, state, health } = this.#parts;
    const { lastLsn } = state;
    await health.guard(async () => {
      await journal.sync();
      index.markDurable(lastLsn);
      await index.flush();
    });
  }

  async #run(): Promise<void> {
    // One turn of the event loop lets callers that were woken together join the same group.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const members = this.#takeGroup();
      try {
        await this.#commitGroup(members);
      } catch (error) {
        for (const member of members) member.reject(error);
      }
    }
    // In the same step as the look at the queue: a commit that came in between would wait for ever.
    this.#running = undefined;
  }

  /**
   * As many queued commits as one group may have: at least one. Those that free chunks come last, so
   * that no chunk is freed and comes back in one group: replaying takes the chunk frames of a group
   * before its operations.
   */
  #takeGroup(): QueuedCommit[] {
    let bytes = 0;
    let count = 0;
    for (const commit of this.#queue.slice(0, groupOperationsMax)) {
      bytes += sizeOf(commit);
      if (count > 0 && bytes > groupBytesMax) break;
      count++;
    }
    const members = this.#queue.splice(0, count);
    const isFree = ({ request }: QueuedCommit): boolean => request.kind === 'free';
    return [...members.filter((member) => !isFree(member)), ...members.filter(isFree)];
  }

  async #commitGroup(commits: readonly QueuedCommit[]): Promise<void> {
    const { health, journal, state, index } = this.#parts;
    health.throwIfFailed();
    if (index.isBehind) await this.sync();
    await health.guard(() => journal.prepare(state.nextLsn));
    const group = this.#newGroup();
    // A failure here leaves chunk frames in the journal that no commit may adopt: it is final.
    await health.guard(async () => {
      for (const commit of commits) {
        group.members.push({ commit, result: await this.#decideOne(group, commit) });
      }
    });
    if (group.operations.length > 0 && !(await this.#write(group))) return;
    for (const { commit, result } of group.members) commit.resolve(result);
  }

  #newGroup(): Group {
    const { clock, index, state } = this.#parts;
    const layer = new Layer();
    return {
      firstLsn: state.nextLsn,
      timeMs: Math.max(state.timeMs, clock.nowMs()),
      layer,
      reader: index.reader(layer),
      operations: [],
      chunkIds: [],
      buckets: new Map(),
      members: [],
      lastBucketId: state.lastBucketId,
      totals: state.takeTotals(),
    };
  }

  /** Writes a decided group and makes it visible. `false`: it failed, and its members know. */
  async #write(group: Group): Promise<boolean> {
    const { clock, health, index, journal, state } = this.#parts;
    const { firstLsn, operations, totals, timeMs, lastBucketId, buckets } = group;
    const lastLsn = firstLsn + operations.length - 1;
    const needsSync = group.members.some(({ commit }) => commit.durability === 'power');
    let position: LogPosition;
    try {
      const payload = { totals, timeMs, lastBucketId, operations };
      position = journal.append(firstLsn, payload, group.chunkIds);
      await journal.flush();
    } catch (error) {
      return this.#fail(group, error, 'write');
    }
    try {
      if (needsSync) await journal.sync();
    } catch (error) {
      return this.#fail(group, error, 'sync');
    }
    group.layer.lastLsn = lastLsn;
    index.publish(group.layer);
    state.advance({ lastLsn, lastCommit: position, timeMs, totals, lastBucketId, buckets });
    if (needsSync) {
      index.markDurable(lastLsn);
      void health.guard(() => index.flush()).catch(() => undefined);
    } else {
      this.#osTimer ??= clock.schedule(osSyncDelayMs, () => {
        this.#osTimer = undefined;
        void this.sync().catch(() => undefined);
      });
    }
    for (const operation of operations) {
      if (operation.kind === 'free') state.leases.endFree(chunkKey(operation.id));
    }
    this.#parts.onCommitted(operations.some(makesCandidates));
    return true;
  }

  /** A full disk cut the frame short, so the commit cannot be there. Else nobody knows. */
  #fail(group: Group, error: unknown, step: 'write' | 'sync'): false {
    const cause = this.#parts.health.fail(error);
    const isAbsent = step === 'write' && cause.code === 'FULL';
    for (const { commit, result } of group.members) {
      if (result.outcome === 'conflict') commit.resolve(result);
      else if (isAbsent) commit.reject(cause);
      else commit.resolve({ outcome: 'unknown', cause });
    }
    return false;
  }

  async #decideOne(group: Group, { request, stage }: QueuedCommit): Promise<CommitResult> {
    switch (request.kind) {
      case 'putBucket':
        await this.#putBucket(group, request.name, request.config);
        return done(undefined);
      case 'dropBucket':
        return await this.#dropBucket(group, request.bucketId);
      case 'free': {
        const isSettled = await this.#free(group, request.id, request.children);
        return isSettled ? done(undefined) : conflict('precondition');
      }
      case 'checkpoint':
      case 'close':
        await this.#perform(group, request);
        return done(undefined);
      case 'put':
      case 'remove':
      case 'purge':
        return await this.#decideChange(group, request, stage);
    }
  }

  async #putBucket(group: Group, name: string, config: BucketFlags): Promise<void> {
    const known = this.#buckets(group).find((bucket) => bucket.name === name);
    const bucket = {
      id: known?.id ?? group.lastBucketId + 1,
      name,
      versioned: known?.versioned === true || config.versioned === true,
      public: config.public ?? known?.public ?? false,
    };
    group.lastBucketId = Math.max(group.lastBucketId, bucket.id);
    await this.#perform(group, { kind: 'putBucket', bucket });
    group.buckets.set(bucket.id, bucket);
  }

  async #dropBucket(group: Group, bucketId: number): Promise<CommitResult> {
    if (this.#bucket(group, bucketId) === undefined) return conflict('noBucket');
    const [version] = await listVersions(group.reader, bucketId, {}, 1);
    if (version !== undefined) return conflict('precondition');
    await this.#perform(group, { kind: 'dropBucket', bucketId });
    group.buckets.set(bucketId, undefined);
    return done(undefined);
  }

  async #decideChange(
    group: Group,
    change: Change,
    stage: ChunkStage | undefined,
  ): Promise<CommitResult> {
    const { reader, timeMs } = group;
    const bucket = this.#bucket(group, change.bucketId);
    if (bucket === undefined) return conflict('noBucket');
    const decision = await decide({ reader, bucket, timeMs }, change);
    if ('outcome' in decision) return decision;
    if (change.kind === 'put' && stage?.holds(change.root.id) !== true) {
      // A copy of a version that was purged, with its content, since the caller saw it.
      return conflict('notFound');
    }
    if (stage !== undefined) await this.#adopt(group, stage);
    const lsn = await this.#perform(group, decision.operation);
    addTotals(group, decision.totals);
    return done(versionOf(decision.operation, lsn));
  }

  /** Makes a stage's chunks part of the store, but for those that are there by now. */
  async #adopt(group: Group, stage: ChunkStage): Promise<void> {
    const offsets = new Map<number, number[]>();
    for (const staged of stage.staged) {
      const { id, children } = staged.chunk;
      if (staged.isAdopted && (await locate(group.reader, id)) !== undefined) continue;
      // Another upload may be moving a chunk that they share to a segment just now.
      if (staged.spilling !== undefined && !staged.isDurable) await stage.seal();
      const location = staged.location ?? this.#appendInline(group, staged);
      if (staged.location !== undefined) {
        const { fileId, offset, frameBytes } = staged.location;
        const places = offsets.get(fileId) ?? [];
        offsets.set(fileId, places);
        places.push(offset);
        // It was adopted and freed while this upload held it: it lies there still.
        if (staged.isAdopted) addTotals(group, { reclaimableBytes: -frameBytes });
      }
      staged.isAdopted = true;
      group.layer.add(adoptionEffects({ id, location, children }));
      addTotals(group, chunkTotals(id, location));
    }
    for (const [fileId, places] of offsets) {
      await this.#perform(group, { kind: 'adopt', fileId, offsets: places.sort((a, b) => a - b) });
    }
  }

  #appendInline(group: Group, { chunk }: StagedChunk): ChunkLocation {
    group.chunkIds.push(chunk.id);
    return this.#parts.journal.appendChunk(chunk as EncodedChunk);
  }

  /** Frees a chunk if it is dead. `false`: an upload has a lease on it, so ask again later. */
  async #free(group: Group, id: ChunkId, children: readonly ChunkId[]): Promise<boolean> {
    const location = await locate(group.reader, id);
    if (location === undefined || (await isReferenced(group.reader, id))) return true;
    if (!this.#parts.state.leases.beginFree(chunkKey(id))) return false;
    const lsn = await this.#perform(group, { kind: 'free', id, location });
    group.layer.add(freeEffects(id, children, lsn));
    const gone = chunkTotals(id, location);
    addTotals(group, {
      chunks: -gone.chunks,
      uniqueBytes: -gone.uniqueBytes,
      storedBytes: -gone.storedBytes,
      reclaimableBytes: location.frameBytes,
    });
    return true;
  }

  async #perform(group: Group, operation: Operation): Promise<Lsn> {
    const lsn = group.firstLsn + group.operations.length;
    group.operations.push(operation);
    group.layer.add(await operationEffects(group.reader, operation, lsn));
    return lsn;
  }

  #buckets(group: Group): BucketRecord[] {
    const known = this.#parts.state.buckets.filter(({ id }) => !group.buckets.has(id));
    return [...known, ...[...group.buckets.values()].filter((bucket) => bucket !== undefined)];
  }

  #bucket(group: Group, id: number): BucketRecord | undefined {
    return group.buckets.has(id) ? group.buckets.get(id) : this.#parts.state.bucketById(id);
  }
}

/** About how many bytes of a group a commit takes: rather more than fewer. */
function sizeOf({ request, stage }: QueuedCommit): number {
  const hasAttributes =
    request.kind === 'put' && (request.contentType ?? request.metadata) !== undefined;
  return objectNameBytesMax + (hasAttributes ? attributesBytesMax : 0) + (stage?.inlineBytes ?? 0);
}

function done(version: Version | undefined): CommitResult {
  return { outcome: 'done', version };
}

function versionOf(operation: Operation, lsn: Lsn): Version | undefined {
  if (operation.kind === 'put') return versionOfPut(operation, lsn);
  if (operation.kind !== 'deleteMarker') return undefined;
  return { kind: 'deleteMarker', lsn, timeMs: operation.timeMs };
}

function makesCandidates(operation: Operation): boolean {
  if (operation.kind === 'put') return !operation.keepsPrevious && operation.previousHead !== undefined;
  return operation.kind === 'purge' || operation.kind === 'free';
}

/** What a chunk adds to the totals. Nodes are bookkeeping: they are no content. */
function chunkTotals(
  id: ChunkId,
  location: { readonly rawBytes: number; readonly frameBytes: number },
): { chunks: number; uniqueBytes: number; storedBytes: number } {
  const uniqueBytes = id.kind === 'data' ? location.rawBytes : 0;
  return { chunks: 1, uniqueBytes, storedBytes: location.frameBytes };
}

function addTotals(group: Group, difference: Partial<Totals>): void {
  const totals: Record<keyof Totals, number> = { ...group.totals };
  for (const [field, value] of Object.entries(difference)) totals[field as keyof Totals] += value;
  group.totals = totals;
}
