/**
 * Where a store stands: what the last visible commit left. Held in memory, recovered from that
 * commit.
 *
 * @module
 */

import { compareBytes, encodeUtf8 } from '../base/bytes.ts';
import type { Leases } from './chunk-stage.ts';
import type { FileUsage } from './file-usage.ts';
import type { KnownDamage } from './known-damage.ts';
import type { LogPosition } from './log/file-header.ts';
import type { BucketRecord, Lsn, Totals } from './model.ts';

/** What a commit changes. */
export interface Advance {
  readonly lastLsn: Lsn;
  readonly lastCommit: LogPosition;
  readonly timeMs: number;
  readonly totals: Totals;
  readonly lastBucketId: number;
  /** What it does to log files. */
  readonly usage: FileUsage;
  /** `undefined`: the bucket is gone. */
  readonly buckets: ReadonlyMap<number, BucketRecord | undefined>;
}

export class StoreState {
  readonly leases: Leases;
  readonly damage: KnownDamage;
  /** What log files hold. */
  readonly usage: FileUsage;
  #lastLsn: Lsn;
  #nextLsn: Lsn;
  #lastCommit: LogPosition | undefined;
  #timeMs: number;
  #totals: Totals;
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
      readonly usage: FileUsage;
      readonly buckets: readonly BucketRecord[];
    },
  ) {
    this.leases = leases;
    this.damage = damage;
    this.usage = start.usage;
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
    return this.#totals;
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
    for (const bucket of this.#buckets.values()) if (bucket.name === name) return bucket;
    return undefined;
  }

  advance(to: Advance): void {
    this.#lastLsn = to.lastLsn;
    this.#nextLsn = to.lastLsn + 1;
    this.#lastCommit = to.lastCommit;
    this.#timeMs = to.timeMs;
    this.#totals = to.totals;
    this.#lastBucketId = to.lastBucketId;
    this.usage.apply(to.usage);
    for (const [id, bucket] of to.buckets) {
      if (bucket === undefined) this.#buckets.delete(id);
      else this.#buckets.set(id, bucket);
    }
  }
}
