/**
 * The one writer: everything that changes a store passes through here, in one order.
 *
 * It takes all queued commits as a group, decides each at its turn (see commit-group.ts), writes
 * the group's chunks and one commit frame to the journal, syncs once, makes the group visible, and
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

import type { ObjectsError } from '../base/errors.ts';
import {
  attributesBytesMax,
  groupBytesMax,
  groupOperationsMax,
  objectNameBytesMax,
  osSyncDelayMs,
} from '../base/limits.ts';
import type { ChunkStage } from './chunk-stage.ts';
import { CommitGroup, type CommitGroupParts } from './commit-group.ts';
import type { CommitRequest } from './commit-request.ts';
import type { Health } from './health.ts';
import type { LogPosition } from './log/file-header.ts';
import type { Operation } from './log/operations.ts';
import type { CommitResult, Durability } from './model.ts';
import type { Clock } from './platform/platform.ts';

interface QueuedCommit {
  readonly request: CommitRequest;
  readonly stage: ChunkStage | undefined;
  readonly durability: Durability;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

/** A commit of the group at hand, decided. */
interface Member {
  readonly commit: QueuedCommit;
  readonly result: CommitResult;
}

export interface CommitterParts extends CommitGroupParts {
  readonly clock: Clock;
  readonly health: Health;
  /** How many rows are worth a batch of LevelDB. */
  readonly flushEntriesMin: number | undefined;
  /** Called after each group; told whether it made chunks candidates for freeing. */
  readonly onCommitted: (hasCandidates: boolean, operations: readonly Operation[]) => void;
}

export class Committer {
  readonly #parts: CommitterParts;
  #queue: QueuedCommit[] = [];
  /** What is to be done between two groups. */
  #pauses: (() => Promise<void>)[] = [];
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

  /**
   * Runs an action between two groups. Everything acknowledged before is on stable storage and in
   * LevelDB then, and nothing is committed meanwhile: so it must be short, and wait for no commit.
   */
  between<T>(action: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pauses.push(async () => {
        try {
          await this.sync();
          resolve(await action());
        } catch (error) {
          reject(error as Error);
        }
      });
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
    while (this.#queue.length + this.#pauses.length > 0) {
      for (const pause of this.#pauses.splice(0)) await pause();
      if (this.#queue.length === 0) continue;
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
   * As many queued commits as one group may have: at least one. Those that free chunks come last,
   * so that no chunk is freed and comes back in one group: replaying takes the chunk frames of a
   * group before its operations.
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
    const { clock, health, journal, state, index } = this.#parts;
    health.throwIfFailed();
    if (index.isBehind) await this.sync();
    await health.guard(() => journal.prepare(state.nextLsn));
    const group = new CommitGroup(this.#parts, clock.nowMs());
    const members: Member[] = [];
    // A failure here leaves chunk frames in the journal that no commit may adopt: it is final.
    await health.guard(async () => {
      for (const commit of commits) {
        members.push({ commit, result: await group.add(commit.request, commit.stage) });
      }
    });
    if (group.operations.length > 0) {
      const needsSync = commits.some(({ durability }) => durability === 'power');
      const failure = await this.#write(group, needsSync);
      if (failure !== undefined) {
        tellFailure(members, failure);
        return;
      }
    } else if (members.some(isDoneForGood)) {
      // Nothing was to be done: but what is there already may not be as safe as was asked for.
      await this.sync();
    }
    for (const { commit, result } of members) commit.resolve(result);
  }

  /** Writes a decided group and makes it visible, or says what failed. */
  async #write(group: CommitGroup, needsSync: boolean): Promise<WriteFailure | undefined> {
    const { health, journal } = this.#parts;
    let position: LogPosition;
    try {
      position = journal.append(group.firstLsn, group.payload, group.chunkIds);
      if (needsSync) await journal.sync();
      await journal.flush();
    } catch (error) {
      return { isCutShort: journal.isCutShort, cause: health.fail(error) };
    }
    this.#publish(group, position, needsSync);
    return undefined;
  }

  #publish(group: CommitGroup, lastCommit: LogPosition, isDurable: boolean): void {
    const { clock, health, index, state } = this.#parts;
    const { lastLsn, layer, usage, buckets, operations } = group;
    layer.lastLsn = lastLsn;
    index.publish(layer);
    state.advance({ ...group.payload, lastLsn, lastCommit, usage, buckets });
    if (isDurable) {
      index.markDurable(lastLsn);
      if (index.isWorthFlushing(this.#parts.flushEntriesMin)) {
        void health.guard(() => index.flush()).catch(() => undefined);
      }
    } else {
      this.#osTimer ??= clock.schedule(osSyncDelayMs, () => {
        this.#osTimer = undefined;
        void this.sync().catch(() => undefined);
      });
    }
    for (const id of group.healed) state.damage.forget(id);
    for (const key of group.exclusive) state.leases.endChange(key);
    this.#parts.onCommitted(operations.some(makesCandidates), operations);
  }
}

function isDoneForGood({ commit, result }: Member): boolean {
  return commit.durability === 'power' && result.outcome === 'done';
}

interface WriteFailure {
  /** Whether the journal certainly has not got the group whole. */
  readonly isCutShort: boolean;
  readonly cause: ObjectsError;
}

/** A full disk cut the frame short, so the commit cannot be there. Else nobody knows. */
function tellFailure(members: readonly Member[], { isCutShort, cause }: WriteFailure): void {
  const isAbsent = isCutShort && cause.code === 'FULL';
  for (const { commit, result } of members) {
    if (result.outcome === 'conflict') commit.resolve(result);
    else if (isAbsent) commit.reject(cause);
    else commit.resolve({ outcome: 'unknown', cause });
  }
}

/** About how many bytes of a group a commit takes: rather more than fewer. */
function sizeOf({ request, stage }: QueuedCommit): number {
  const hasAttributes =
    request.kind === 'put' && (request.contentType ?? request.metadata) !== undefined;
  const recipeBytes = request.kind === 'put' ? (request.seenThrough?.recipe.length ?? 0) : 0;
  const attributesBytes = (hasAttributes ? attributesBytesMax : 0) + recipeBytes;
  return objectNameBytesMax + attributesBytes + (stage?.inlineBytes ?? 0);
}

function makesCandidates(operation: Operation): boolean {
  if (operation.kind === 'put')
    return !operation.keepsPrevious && operation.previousHead !== undefined;
  return operation.kind === 'purge' || operation.kind === 'free';
}
