/**
 * Removing the versions that retention does not keep: in the background, or when asked; and saying
 * beforehand what a removal would free.
 *
 * In the background it looks at the names whose head was superseded a moment ago; and once an hour,
 * when the store has just been opened, and when a rule was set, at every history there is, as time
 * alone ends what keeps a version. It works in slices of a few milliseconds and gives way in
 * between, commits a few versions at a time so that no upload has to wait for many, keeps no
 * process alive, and stops with the store.
 *
 * What must stay true: a history is walked as it was read, and everything about it may have changed
 * since, so the committer has the last word on each version. It refuses those that are current or
 * locked by then, delete markers that hide something, and all of them if the bucket's rule is not
 * the one that was followed. Versions with content go before delete markers, the oldest first.
 *
 * Commits are not synced one by one: what a power cut brings back is pruned again.
 *
 * @module
 */

import { throwIfAborted } from '../../base/errors.ts';
import type { Committer } from '../committer.ts';
import type { IndexStore } from '../index/index-store.ts';
import { listHistory } from '../index/listing.ts';
import { headOf, history } from '../index/version-index.ts';
import type { LogFiles } from '../log/log-files.ts';
import type { Operation } from '../log/operations.ts';
import type { BucketRecord, NamedVersion, ObjectVersion, RetentionRule } from '../model.ts';
import { expectDone } from '../outcome.ts';
import type { Platform } from '../platform/platform.ts';
import type { StoreState } from '../store-state.ts';
import { Removal, type Freed } from './removal.ts';
import { HistoryWalk } from './retention.ts';
import { slices } from './slices.ts';

const pageVersions = 500;

/** How many versions are removed by one commit group: when asked, and in the background. */
const batchVersions = { asked: 256, background: 16 } as const;

/** Between two slices of work in the background. */
const pauseMs = 5;

/** From a commit to the look at the names that it was about. */
const lookAfterMs = 1000;

const lookAtAllEveryMs = 3_600_000;

/** With more names than this it looks at all there are. */
const namesMax = 10_000;

export interface PrunerParts {
  readonly platform: Platform;
  readonly files: LogFiles;
  readonly index: IndexStore;
  readonly committer: Committer;
  readonly state: StoreState;
  /** Frees all that is dead already, if this engine may. */
  readonly drain: (signal?: AbortSignal) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

export interface PruneRequest {
  /** The buckets to prune, each by a rule. */
  readonly buckets: readonly { readonly bucket: BucketRecord; readonly rule: RetentionRule }[];
  readonly isDryRun: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Told how many superseded versions were looked at. */
  readonly onProgress?: ((progress: { done: number; unit: 'versions' }) => void) | undefined;
}

/** What was pruned, or would have been. */
export interface Pruned extends Freed {
  readonly deleteMarkers: number;
}

/** One walk through histories: how it goes, and what becomes of what it finds. */
interface Walk {
  readonly bucket: BucketRecord;
  readonly rule: RetentionRule;
  readonly batchVersions: number;
  readonly giveWay: () => Promise<void>;
  readonly remove: (doomed: readonly NamedVersion[]) => Promise<void>;
}

export class Pruner {
  readonly #parts: PrunerParts;
  readonly #stopping = new AbortController();
  /** Names whose history has grown, by bucket. */
  #grown = new Map<number, Set<string>>();
  #isAllDue = false;
  #soon: { cancel(): void } | undefined;
  #hourly: { cancel(): void } | undefined;
  #running: Promise<void> = Promise.resolve();
  #endPause: (() => void) | undefined;

  constructor(parts: PrunerParts) {
    this.#parts = parts;
  }

  /** Looks at everything, a little later. */
  wake(): void {
    if (this.#rules().length === 0) return;
    this.#isAllDue = true;
    this.#lookSoon();
  }

  /** Told of each commit. */
  onCommitted(operations: readonly Operation[]): void {
    for (const operation of operations) {
      if (operation.kind === 'putBucket') {
        if (operation.bucket.retention !== undefined) this.wake();
      } else if (operation.kind === 'put' || operation.kind === 'deleteMarker') {
        const { bucketId, name, previousHead } = operation;
        const hasRule = this.#parts.state.bucketById(bucketId)?.retention !== undefined;
        if (hasRule && previousHead !== undefined) this.#noteGrown(bucketId, name);
      }
    }
  }

  /** Prunes now. What it removed is gone from the log files' live bytes when this resolves. */
  async prune({ buckets, isDryRun, signal, onProgress }: PruneRequest): Promise<Pruned> {
    const { committer, drain } = this.#parts;
    await drain(signal);
    const removal = this.#removal(signal);
    const done = { versions: 0, deleteMarkers: 0, logicalBytes: 0 };
    for (const { bucket, rule } of buckets) {
      const giveWay = slices(this.#parts.platform.clock, signal);
      const remove = async (doomed: readonly NamedVersion[]): Promise<void> => {
        // Before they are gone: what they alone lead to is found from them.
        for (const { version } of doomed) if (version.kind === 'object') await removal.add(version);
        const removed = isDryRun ? doomed : await this.#commit(bucket, rule, doomed);
        for (const { version } of removed) {
          if (version.kind === 'deleteMarker') done.deleteMarkers++;
          else {
            done.versions++;
            done.logicalBytes += version.sizeBytes;
          }
        }
      };
      const walk = { bucket, rule, batchVersions: batchVersions.asked, giveWay, remove };
      let looked = 0;
      await this.#walk(walk, allHistories(this.#parts.index, bucket.id), (count) => {
        looked += count;
        onProgress?.({ done: looked, unit: 'versions' });
      });
    }
    if (!isDryRun) {
      await committer.sync();
      await drain(signal);
    }
    return { ...done, storedBytes: removal.freed.storedBytes };
  }

  /** What the removal of versions would free. */
  async wouldFree(versions: AsyncIterable<ObjectVersion>, signal?: AbortSignal): Promise<Freed> {
    await this.#parts.drain(signal);
    const removal = this.#removal(signal);
    for await (const version of versions) await removal.add(version);
    return removal.freed;
  }

  /** Ends the work in the background after the step at hand. */
  async stop(): Promise<void> {
    this.#soon?.cancel();
    this.#hourly?.cancel();
    this.#stopping.abort();
    this.#endPause?.();
    await this.#running;
  }

  #removal(signal: AbortSignal | undefined): Removal {
    const { platform, files, index } = this.#parts;
    return new Removal({ platform, files, index, giveWay: slices(platform.clock, signal) });
  }

  #rules(): { readonly bucket: BucketRecord; readonly rule: RetentionRule }[] {
    return this.#parts.state.buckets.flatMap((bucket) =>
      bucket.retention === undefined ? [] : [{ bucket, rule: bucket.retention }],
    );
  }

  #noteGrown(bucketId: number, name: string): void {
    const names = this.#grown.get(bucketId) ?? new Set();
    this.#grown.set(bucketId, names);
    if (names.size < namesMax) names.add(name);
    else this.#isAllDue = true;
    this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#stopping.signal.aborted) return;
    this.#soon ??= this.#parts.platform.clock.schedule(lookAfterMs, () => {
      this.#soon = undefined;
      this.#look();
    });
  }

  #lookHourly(): void {
    if (this.#stopping.signal.aborted || this.#rules().length === 0) return;
    this.#hourly ??= this.#parts.platform.clock.schedule(lookAtAllEveryMs, () => {
      this.#hourly = undefined;
      this.#isAllDue = true;
      this.#look();
    });
  }

  /** One look at a time. */
  #look(): void {
    this.#running = this.#running
      .then(() => this.#pruneWhatIsDue())
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) this.#parts.onFailure(error);
      });
  }

  async #pruneWhatIsDue(): Promise<void> {
    const [grown, isAllDue] = [this.#grown, this.#isAllDue];
    [this.#grown, this.#isAllDue] = [new Map(), false];
    const { signal } = this.#stopping;
    const { clock } = this.#parts.platform;
    const giveWay = slices(clock, signal, () => this.#pause());
    for (const { bucket, rule } of this.#rules()) {
      throwIfAborted(signal);
      const remove = async (doomed: readonly NamedVersion[]): Promise<void> => {
        await this.#commit(bucket, rule, doomed);
      };
      const walk = { bucket, rule, batchVersions: batchVersions.background, giveWay, remove };
      const { index } = this.#parts;
      await this.#walk(
        walk,
        isAllDue
          ? allHistories(index, bucket.id)
          : historiesOf(index, bucket.id, grown.get(bucket.id) ?? []),
      );
    }
    this.#lookHourly();
  }

  /** Goes through histories, page by page, and hands on what the rule does not keep. */
  async #walk(
    { bucket, rule, batchVersions: batchMax, giveWay, remove }: Walk,
    pages: AsyncIterable<NamedVersion[]>,
    onLooked?: (versionCount: number) => void,
  ): Promise<void> {
    const { index, platform } = this.#parts;
    const nowMs = platform.clock.nowMs();
    let at: { readonly name: string; readonly walk: HistoryWalk } | undefined;
    let doomed: NamedVersion[] = [];
    const finishName = (): void => {
      if (at === undefined) return;
      const { name, walk } = at;
      doomed.push(...walk.end().map((version) => ({ name, version })));
    };
    for await (const page of pages) {
      for (const { name, version } of page) {
        if (at?.name !== name) {
          finishName();
          at = { name, walk: new HistoryWalk(rule, nowMs) };
          const head = await headOf(index.reader(), bucket.id, name);
          if (head !== undefined) at.walk.next(head.version);
        }
        doomed.push(...at.walk.next(version).map((removed) => ({ name, version: removed })));
        if (doomed.length < batchMax) continue;
        await remove(doomed);
        doomed = [];
        await giveWay();
      }
      onLooked?.(page.length);
      await giveWay();
    }
    finishName();
    if (doomed.length > 0) await remove(doomed);
  }

  /** Removes versions, but for those that must stay by now. Returns what was removed. */
  async #commit(
    bucket: BucketRecord,
    followed: RetentionRule,
    doomed: readonly NamedVersion[],
  ): Promise<NamedVersion[]> {
    // A rule of the caller's own is not the bucket's, and need not be.
    const rule = followed === bucket.retention ? followed : undefined;
    const isMarker = ({ version }: NamedVersion): boolean => version.kind === 'deleteMarker';
    const oldestFirst = doomed.toReversed();
    const inOrder = [
      ...oldestFirst.filter((one) => !isMarker(one)),
      ...oldestFirst.filter(isMarker),
    ];
    const removed: NamedVersion[] = [];
    await Promise.all(
      inOrder.map(async (one) => {
        const { name, version } = one;
        const target = { bucketId: bucket.id, name, lsn: version.lsn, rule };
        const result = await this.#parts.committer.commit({ kind: 'prune', ...target }, 'os');
        if (result.outcome === 'conflict') return;
        expectDone(result, { key: name, bucket: bucket.name });
        removed.push(one);
      }),
    );
    return removed;
  }

  /** Lets others have the machine. A timer keeps no process alive, as a turn of its own would. */
  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#endPause = resolve;
      this.#parts.platform.clock.schedule(pauseMs, resolve);
    });
  }
}

/** The history of every name of a bucket that has one. */
async function* allHistories(
  index: IndexStore,
  bucketId: number,
): AsyncGenerator<NamedVersion[], void, undefined> {
  let after: NamedVersion | undefined;
  for (;;) {
    const page = await listHistory(index.reader(), bucketId, pageVersions, after);
    yield page;
    after = page.at(-1);
    if (after === undefined || page.length < pageVersions) return;
  }
}

/** The history of some names. */
async function* historiesOf(
  index: IndexStore,
  bucketId: number,
  names: Iterable<string>,
): AsyncGenerator<NamedVersion[], void, undefined> {
  for (const name of names) {
    let page: NamedVersion[];
    let below: number | undefined;
    do {
      const versions = await history(index.reader(), bucketId, name, pageVersions, below);
      page = versions.map((version) => ({ name, version }));
      yield page;
      below = versions.at(-1)?.lsn;
    } while (page.length === pageVersions);
  }
}
