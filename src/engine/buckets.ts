/**
 * The buckets of a store: made, brought in line with what is declared, removed.
 *
 * What is decided about a bucket is decided at the commit. What is refused here (turning versioning
 * off, retention without versions) stays wrong whatever happens in between, as versioning is never
 * turned off.
 *
 * @module
 */

import { InvalidArgument, ObjectNotFound, describe } from '../base/errors.ts';
import type { BucketSettings } from './commit-request.ts';
import type { Committer } from './committer.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { retentionNumbers, type BucketRecord, type RetentionRule } from './model.ts';
import { expectDone } from './outcome.ts';
import type { StoreState } from './store-state.ts';

export class Buckets {
  readonly #committer: Committer;
  readonly #state: StoreState;
  readonly #reserve: DiskReserve;

  constructor(committer: Committer, state: StoreState, reserve: DiskReserve) {
    this.#committer = committer;
    this.#state = state;
    this.#reserve = reserve;
  }

  /** A bucket that is what it is declared to be: made or changed if need be. Durable. */
  async ensure(name: string, settings: BucketSettings): Promise<BucketRecord> {
    const known = this.#state.bucketByName(name);
    refuse(name, known, settings);
    if (known !== undefined && isInLine(known, settings)) return known;
    if (known === undefined) await this.#reserve.claim(0);
    const request = { kind: 'putBucket', name, settings } as const;
    expectDone(await this.#committer.commit(request, 'power'), { bucket: name });
    const made = this.#state.bucketByName(name);
    if (made === undefined) return this.ensure(name, settings);
    // Somebody else may have made it something else at the same time.
    refuse(name, made, settings);
    return made;
  }

  /** Removes a bucket. `NOT_FOUND`; `INVALID` unless it is empty of every version. */
  async delete(name: string): Promise<void> {
    const where = describe({ bucket: name });
    const bucket = this.#state.bucketByName(name);
    if (bucket === undefined) throw new ObjectNotFound(`bucket not found: ${where}`);
    const request = { kind: 'dropBucket', bucketId: bucket.id } as const;
    const result = await this.#committer.commit(request, 'power');
    if (result.outcome === 'conflict' && result.reason === 'precondition') {
      throw new InvalidArgument(`the bucket is not empty; remove every version first: ${where}`);
    }
    expectDone(result, { bucket: name });
  }
}

function refuse(name: string, known: BucketRecord | undefined, settings: BucketSettings): void {
  const where = describe({ bucket: name });
  const isVersioned = known?.versioned === true;
  if (isVersioned && settings.versioned === false) {
    throw new InvalidArgument(`a versioned bucket stays versioned; use another bucket: ${where}`);
  }
  const isIsolated = known?.isolated === true;
  if (known !== undefined && (settings.isolated ?? isIsolated) !== isIsolated) {
    throw new InvalidArgument(
      `whether a bucket is isolated is decided when it is made; use another bucket: ${where}`,
    );
  }
  const asksForRetention = settings.retention !== undefined && settings.retention !== null;
  if (asksForRetention && !isVersioned && settings.versioned !== true) {
    throw new InvalidArgument(`retention needs a versioned bucket; set versioned: ${where}`);
  }
}

/** Whether a bucket is what it is declared to be. */
export function isInLine(known: BucketRecord, settings: BucketSettings): boolean {
  const { versioned, public: isPublic, retention, seeThroughGzip } = settings;
  return (
    (versioned ?? known.versioned) === known.versioned &&
    (isPublic ?? known.public) === known.public &&
    (seeThroughGzip ?? known.seeThroughGzip ?? true) === (known.seeThroughGzip ?? true) &&
    (retention === undefined || isSameRule(retention ?? {}, known.retention ?? {}))
  );
}

function isSameRule(a: RetentionRule, b: RetentionRule): boolean {
  const fields = Object.keys(retentionNumbers) as (keyof RetentionRule)[];
  return fields.every((field) => a[field] === b[field]);
}
