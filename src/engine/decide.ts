/**
 * What a change comes to at the moment of its commit: a decided operation, or a conflict.
 *
 * This is the serial point. Preconditions are checked here and nowhere else, against the store as
 * the changes before it in the same group leave it, so of N racing writers exactly one passes.
 *
 * @module
 */

import { etagOf } from './etag.ts';
import type { IndexReader } from './index/index-store.ts';
import { headOf, history, versionOf, type Head } from './index/version-index.ts';
import type { Operation } from './log/operations.ts';
import type { BucketRecord, Change, CommitResult, Lsn, Preconditions, Totals } from './model.ts';

type Conflict = Extract<CommitResult, { outcome: 'conflict' }>;

/** An operation with its effect on the totals of the store, but for chunks. */
export interface Decision {
  readonly operation: Operation;
  readonly totals: Partial<Totals>;
}

export interface DecisionContext {
  readonly reader: IndexReader;
  readonly bucket: BucketRecord;
  readonly timeMs: number;
}

/** Decides a change. */
export async function decide(
  context: DecisionContext,
  change: Change,
): Promise<Decision | Conflict> {
  switch (change.kind) {
    case 'put':
      return decidePut(context, change);
    case 'remove':
      return decideRemove(context, change.name);
    case 'purge':
      return decidePurge(context, change.name, change.lsn);
  }
}

export function conflict(reason: Conflict['reason']): Conflict {
  return { outcome: 'conflict', reason };
}

async function decidePut(
  { reader, bucket, timeMs }: DecisionContext,
  change: Extract<Change, { kind: 'put' }>,
): Promise<Decision | Conflict> {
  const { name, sizeBytes, root, contentType, metadata } = change;
  const head = await headOf(reader, bucket.id, name);
  if (!holds(change.preconditions, head)) return conflict('precondition');
  const replaced = bucket.versioned ? undefined : head;
  return {
    operation: {
      kind: 'put',
      bucketId: bucket.id,
      name,
      timeMs,
      sizeBytes,
      root,
      contentType,
      metadata,
      previousHead: head?.promotedLsn,
      keepsPrevious: bucket.versioned,
    },
    totals: {
      objects: head === undefined ? 1 : 0,
      versions: replaced === undefined ? 1 : 0,
      logicalBytes: sizeBytes - (replaced?.version.sizeBytes ?? 0),
    },
  };
}

function holds(preconditions: Preconditions | undefined, head: Head | undefined): boolean {
  if (preconditions?.notExists === true && head !== undefined) return false;
  const { ifMatch } = preconditions ?? {};
  return ifMatch === undefined || (head !== undefined && etagOf(head.version) === ifMatch);
}

async function decideRemove(
  { reader, bucket, timeMs }: DecisionContext,
  name: string,
): Promise<Decision | Conflict> {
  const head = await headOf(reader, bucket.id, name);
  if (head === undefined) return conflict('notFound');
  if (!bucket.versioned) return purgeHead(bucket.id, name, head, undefined);
  const previousHead = head.promotedLsn;
  return {
    operation: { kind: 'deleteMarker', bucketId: bucket.id, name, timeMs, previousHead },
    totals: { objects: -1, deleteMarkers: 1 },
  };
}

async function decidePurge(
  { reader, bucket }: DecisionContext,
  name: string,
  lsn: Lsn,
): Promise<Decision | Conflict> {
  const version = await versionOf(reader, bucket.id, name, lsn);
  if (version === undefined) return conflict('notFound');
  const head = await headOf(reader, bucket.id, name);
  // The newest version has nothing but history behind it, so what it reveals comes first there.
  const [newest, second] = await history(reader, bucket.id, name, 2);
  if (head?.version.lsn === lsn) {
    const reveals = newest?.kind === 'object' ? newest.lsn : undefined;
    return purgeHead(bucket.id, name, head, reveals);
  }
  const isNewest = head === undefined && newest?.lsn === lsn;
  const reveals = isNewest && second?.kind === 'object' ? second.lsn : undefined;
  const isObject = version.kind === 'object';
  return {
    operation: {
      kind: 'purge',
      bucketId: bucket.id,
      name,
      lsn,
      previousHead: undefined,
      reveals,
    },
    totals: {
      objects: reveals === undefined ? 0 : 1,
      versions: isObject ? -1 : 0,
      deleteMarkers: isObject ? 0 : -1,
      logicalBytes: isObject ? -version.sizeBytes : 0,
    },
  };
}

function purgeHead(bucketId: number, name: string, head: Head, reveals: Lsn | undefined): Decision {
  const { promotedLsn, version } = head;
  return {
    operation: {
      kind: 'purge',
      bucketId,
      name,
      lsn: version.lsn,
      previousHead: promotedLsn,
      reveals,
    },
    totals: {
      objects: reveals === undefined ? -1 : 0,
      versions: -1,
      logicalBytes: -version.sizeBytes,
    },
  };
}
