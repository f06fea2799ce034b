/**
 * Where a store stands: what the last visible commit left. Held in memory, recovered from that
 * commit.
 *
 * @module
 */

import { compareBytes, encodeUtf8 } from '../base/bytes.ts';
import type { Leases } from './chunk-stage.ts';
import type { KnownDamage } from './known-damage.ts';
import type { LogPosition } from './log/file-header.ts';
import type { BucketRecord, Lsn, Totals } from './model.ts';

export const noTotals: Totals = {
  objects: 0,
  versions: 0,
  deleteMarkers: 0,
  chunks: 0,
  logicalBytes: 0,
  uniqueBytes: 0,
  storedBytes: 0,
  reclaimableBytes: 0,
};

/** What a commit changes. */
export interface Advance {
  readonly lastLsn: Lsn;
  readonly lastCommit: LogPosition;
  readonly timeMs: number;
  readonly totals: Totals;
  readonly lastBucketId: number;
  /** `undefined`: the bucket is gone. */
  readonly buckets: ReadonlyMap<number, BucketRecord | undefined>;
}

export class StoreState {
  readonly leases: Leases;
  readonly damage: KnownDamage;
  #lastLsn: Lsn;
  #nextLsn: Lsn;
  #lastCommit: LogPosition | undefined;
  #timeMs: number;
  #totals: Totals;
  /** Dead bytes in segments that no commit has accounted for yet. */
  #orphanedBytes = 0;
  #lastBucketId: number;
  readonly #buckets = new Map<number, BucketRecord>();

  constructor(
    leases: Leases,
    damage: KnownDamage,
    start: {
      readonly lastLsn: Lsn;
      readonly nextLsn: Lsn;
      readonly lastCommit: LogPosition | undefined;
      readonly timeMs: number;
      readonly totals: Totals;
      readonly lastBucketId: number;
      readonly buckets: readonly BucketRecord[];
    },
  ) {
    this.leases = leases;
    this.damage = damage;
    this.#lastLsn = start.lastLsn;
    this.#nextLsn = start.nextLsn;
    this.#lastCommit = start.lastCommit;
    this.#timeMs = start.timeMs;
    this.#totals = start.totals;
    for (const bucket of start.buckets) this.#buckets.set(bucket.id, bucket);
    this.#lastBucketId = start.lastBucketId;
  }

  /** LSN of the last operation; 0 in a store without one. */
  get lastLsn(): Lsn {
    return this.#lastLsn;
  }

  /** LSN of the next operation. After an unclean end it does not follow the last one directly. */
  get nextLsn(): Lsn {
    return this.#nextLsn;
  }

  /** Where the last commit lies; `undefined` in a store without one. */
  get lastCommit(): LogPosition | undefined {
    return this.#lastCommit;
  }

  /** The newest time given to a version. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** The highest id that a bucket ever had. */
  get lastBucketId(): number {
    return this.#lastBucketId;
  }

  get totals(): Totals {
    const reclaimableBytes = this.#totals.reclaimableBytes + this.#orphanedBytes;
    return { ...this.#totals, reclaimableBytes };
  }

  /** The totals that a new group begins with; its commit accounts for the orphans. */
  takeTotals(): Totals {
    const { totals } = this;
    this.#totals = totals;
    this.#orphanedBytes = 0;
    return totals;
  }

  addOrphans(byteCount: number): void {
    this.#orphanedBytes += byteCount;
  }

  /** In bytewise order of names. */
  get buckets(): BucketRecord[] {
    return [...this.#buckets.values()].sort((a, b) =>
      compareBytes(encodeUtf8(a.name), encodeUtf8(b.name)),
    );
  }

  bucketById(id: number): BucketRecord | undefined {
    return this.#buckets.get(id);
  }

  bucketByName(name: string): BucketRecord | undefined {
    return [...this.#buckets.values()].find((bucket) => bucket.name === name);
  }

  advance(to: Advance): void {
    this.#lastLsn = to.lastLsn;
    this.#nextLsn = to.lastLsn + 1;
    this.#lastCommit = to.lastCommit;
    this.#timeMs = to.timeMs;
    this.#totals = to.totals;
    this.#lastBucketId = to.lastBucketId;
    for (const [id, bucket] of to.buckets) {
      if (bucket === undefined) this.#buckets.delete(id);
      else this.#buckets.set(id, bucket);
    }
  }
}
