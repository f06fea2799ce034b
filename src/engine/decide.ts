/**
 * What a change comes to at the moment of its commit: a decided operation, or a conflict.
 *
 * This is the serial point. Preconditions and locks are checked here and nowhere else, against the
 * store as the changes before it in the same group leave it, so of N racing writers exactly one
 * passes, and nobody gets past a lock.
 *
 * A lock is over when the clock of the machine says so at that moment, not when a version has a
 * later time: times of versions never decrease, so a clock that was ahead for a moment and wrote
 * would otherwise open every lock up to then for good.
 *
 * @module
 */

import { etagOf } from './etag.ts';
import type { IndexReader } from './index/index-store.ts';
import { headOf, historicVersion, history, versionOf, type Head } from './index/version-index.ts';
import type { Operation } from './log/operations.ts';
import type {
  BucketRecord,
  Change,
  CommitResult,
  Lsn,
  Preconditions,
  Totals,
  Version,
} from './model.ts';

type Conflict = Extract<CommitResult, { outcome: 'conflict' }>;

/** What a change comes to without an operation: a conflict, or nothing to be done. */
type Settled = Exclude<CommitResult, { outcome: 'unknown' }>;

/** An operation with its effect on the totals of the store, but for chunks. */
export interface Decision {
  readonly operation: Operation;
  readonly totals: Partial<Totals>;
  /** The version that the change is about, where the operation does not make it. */
  readonly version?: Version;
}

export interface DecisionContext {
  readonly reader: IndexReader;
  readonly bucket: BucketRecord;
  /** What the clock says. */
  readonly nowMs: number;
  /** The time of the versions made now: never before that of a version made earlier. */
  readonly timeMs: number;
}

/** Decides a change. */
export async function decide(
  context: DecisionContext,
  change: Change,
): Promise<Decision | Settled> {
  switch (change.kind) {
    case 'put':
      return decidePut(context, change);
    case 'remove':
      return decideRemove(context, change.name);
    case 'purge':
      return decidePurge(context, change.name, change.lsn);
    case 'prune':
      return decidePrune(context, change);
    case 'lock':
      return decideLock(context, change);
  }
}

export function conflict(reason: Exclude<Conflict['reason'], 'locked'>): Conflict {
  return { outcome: 'conflict', reason };
}

/** The refusal of whoever would remove a version, if nothing may yet. */
function refusalByLock(version: Version | undefined, nowMs: number): Conflict | undefined {
  const lockedUntilMs = version?.kind === 'object' ? version.lockedUntilMs : undefined;
  if (lockedUntilMs === undefined || lockedUntilMs <= nowMs) return undefined;
  return { outcome: 'conflict', reason: 'locked', lockedUntilMs };
}

async function decidePut(
  { reader, bucket, nowMs, timeMs }: DecisionContext,
  change: Extract<Change, { kind: 'put' }>,
): Promise<Decision | Conflict> {
  const { name, sizeBytes, root, seenThrough } = change;
  const { contentType, metadata, lockedUntilMs } = change;
  const head = await headOf(reader, bucket.id, name);
  if (!holds(change.preconditions, head)) return conflict('precondition');
  const replaced = bucket.versioned ? undefined : head;
  const refusal = refusalByLock(replaced?.version, nowMs);
  if (refusal !== undefined) return refusal;
  return {
    operation: {
      kind: 'put',
      bucketId: bucket.id,
      name,
      timeMs,
      sizeBytes,
      root,
      seenThrough,
      contentType,
      metadata,
      lockedUntilMs,
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
  { reader, bucket, nowMs, timeMs }: DecisionContext,
  name: string,
): Promise<Decision | Conflict> {
  const head = await headOf(reader, bucket.id, name);
  if (head === undefined) return conflict('notFound');
  if (!bucket.versioned) {
    return refusalByLock(head.version, nowMs) ?? purgeHead(bucket.id, name, head, undefined);
  }
  const previousHead = head.promotedLsn;
  return {
    operation: { kind: 'deleteMarker', bucketId: bucket.id, name, timeMs, previousHead },
    totals: { objects: -1, deleteMarkers: 1 },
  };
}

async function decidePurge(
  { reader, bucket, nowMs }: DecisionContext,
  name: string,
  lsn: Lsn,
): Promise<Decision | Conflict> {
  const version = await versionOf(reader, bucket.id, name, lsn);
  if (version === undefined) return conflict('notFound');
  const refusal = refusalByLock(version, nowMs);
  if (refusal !== undefined) return refusal;
  const head = await headOf(reader, bucket.id, name);
  // The newest version has nothing but history behind it, so what it reveals comes first there.
  const isPast = head !== undefined && head.version.lsn !== lsn;
  const [newest, second] = isPast ? [] : await history(reader, bucket.id, name, 2);
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

async function decidePrune(
  context: DecisionContext,
  { name, lsn, rule }: Extract<Change, { kind: 'prune' }>,
): Promise<Decision | Conflict> {
  const { reader, bucket } = context;
  // A rule that was made more generous meanwhile is not to be met by what the old one decided.
  if (rule !== undefined && bucket.retention !== rule) return conflict('precondition');
  const version = await historicVersion(reader, bucket.id, name, lsn);
  if (version === undefined) return conflict('notFound');
  if (version.kind === 'deleteMarker') {
    const [below] = await history(reader, bucket.id, name, 1, lsn);
    if (below?.kind === 'object') return conflict('precondition');
  }
  return decidePurge(context, name, lsn);
}

async function decideLock(
  { reader, bucket }: DecisionContext,
  { name, lsn, untilMs }: Extract<Change, { kind: 'lock' }>,
): Promise<Decision | Settled> {
  const head = await headOf(reader, bucket.id, name);
  const isHead = lsn === undefined || head?.version.lsn === lsn;
  const version = isHead ? head?.version : await historicVersion(reader, bucket.id, name, lsn);
  if (version?.kind !== 'object') return conflict('notFound');
  if ((version.lockedUntilMs ?? 0) >= untilMs) return { outcome: 'done', version };
  return {
    operation: {
      kind: 'lock',
      bucketId: bucket.id,
      name,
      lsn: version.lsn,
      head: isHead ? head?.promotedLsn : undefined,
      untilMs,
    },
    totals: {},
    version: { ...version, lockedUntilMs: untilMs },
  };
}
