/**
 * What a decided operation does to the index: the one place where log and index meet.
 *
 * The committer runs it when an operation is made, recovery when it is replayed, and both get the
 * same rows. Nothing is read but rows that the operation itself names, so replaying over an index
 * that already holds later operations, or lacks earlier ones that were just replayed, ends in the
 * same state (docs/durability.md, "Replay").
 *
 * @module
 */

import { candidateChange, locationChange, referenceChange } from './index/chunk-index.ts';
import type { IndexChange, IndexReader } from './index/index-store.ts';
import { bucketsGroup, u32 } from './index/keys.ts';
import { encodeBucket } from './index/records.ts';
import {
  deleteHead,
  headChange,
  headPromotedBy,
  historicVersion,
  historyChange,
  putHead,
} from './index/version-index.ts';
import type { Operation } from './log/operations.ts';
import type { ChunkId, ChunkLocation, Lsn, ObjectVersion } from './model.ts';

/** A chunk that becomes part of the store. */
export interface Adoption {
  readonly id: ChunkId;
  readonly location: ChunkLocation;
  /** Of a node the chunks it names, of a delta its bases. */
  readonly children: readonly ChunkId[];
}

/** Rows of a chunk that becomes part of the store. */
export function adoptionEffects({ id, location, children }: Adoption): IndexChange[] {
  const parent = { kind: 'chunk', id } as const;
  return [
    locationChange(id, location),
    ...children.map((child) => referenceChange(child, parent, 'put')),
  ];
}

/** Rows of a chunk that leaves the store. Its children have lost an edge. */
export function freeEffects(id: ChunkId, children: readonly ChunkId[], lsn: Lsn): IndexChange[] {
  return [locationChange(id, undefined), ...forsakeEffects(id, children, lsn)];
}

/** Rows of children that a chunk does not need any more. */
export function forsakeEffects(id: ChunkId, children: readonly ChunkId[], lsn: Lsn): IndexChange[] {
  const parent = { kind: 'chunk', id } as const;
  return children.flatMap((child) => [
    referenceChange(child, parent, 'delete'),
    candidateChange(child, lsn, 'put'),
  ]);
}

/**
 * Rows of an operation on buckets and versions. `adopt`, `free` and `relocate` need the chunks
 * themselves and are seen to where those are; the others have no rows.
 */
export async function operationEffects(
  reader: IndexReader,
  operation: Operation,
  lsn: Lsn,
): Promise<IndexChange[]> {
  switch (operation.kind) {
    case 'putBucket': {
      const { bucket } = operation;
      const value = encodeBucket(bucket);
      return [{ group: bucketsGroup, suffix: u32(bucket.id), value }];
    }
    case 'dropBucket':
      return [{ group: bucketsGroup, suffix: u32(operation.bucketId), value: undefined }];
    case 'put':
      return putEffects(reader, operation, lsn);
    case 'deleteMarker': {
      const { bucketId, name, timeMs, previousHead } = operation;
      const marker = { kind: 'deleteMarker', lsn, timeMs } as const;
      return [
        historyChange(bucketId, name, lsn, marker),
        ...(await takeHead(reader, bucketId, name, previousHead, { keep: true, lsn })),
      ];
    }
    case 'purge':
      return purgeEffects(reader, operation, lsn);
    case 'lock':
      return lockEffects(reader, operation);
    case 'adopt':
    case 'free':
    case 'relocate':
    case 'retire':
    case 'supersede':
    case 'checkpoint':
    case 'close':
    case 'skipped':
      return [];
  }
}

async function putEffects(
  reader: IndexReader,
  put: Extract<Operation, { kind: 'put' }>,
  lsn: Lsn,
): Promise<IndexChange[]> {
  const { bucketId, name, previousHead, keepsPrevious } = put;
  const version = versionOfPut(put, lsn);
  const made = [
    ...putHead(bucketId, name, lsn, version),
    referenceChange(version.root.id, { kind: 'version', lsn }, 'put'),
  ];
  if (previousHead === undefined) return made;
  const how = { keep: keepsPrevious, lsn };
  const gone = await takeHead(reader, bucketId, name, previousHead, how);
  return withoutReplaced([...gone, ...made]);
}

/** The version that a `put` makes. */
export function versionOfPut(put: Extract<Operation, { kind: 'put' }>, lsn: Lsn): ObjectVersion {
  return {
    kind: 'object',
    lsn,
    timeMs: put.timeMs,
    sizeBytes: put.sizeBytes,
    root: put.root,
    ...(put.seenThrough === undefined ? {} : { seenThrough: put.seenThrough }),
    ...(put.contentType === undefined ? {} : { contentType: put.contentType }),
    ...(put.metadata === undefined ? {} : { metadata: put.metadata }),
    ...(put.lockedUntilMs === undefined ? {} : { lockedUntilMs: put.lockedUntilMs }),
  };
}

/** Takes the head away: into the history, or for good. Nothing if that was done already. */
async function takeHead(
  reader: IndexReader,
  bucketId: number,
  name: string,
  promotedLsn: Lsn | undefined,
  how: { readonly keep: boolean; readonly lsn: Lsn },
): Promise<IndexChange[]> {
  if (promotedLsn === undefined) return [];
  const version = await headPromotedBy(reader, bucketId, name, promotedLsn);
  if (version === undefined) return [];
  const gone = deleteHead(bucketId, name, promotedLsn);
  return how.keep
    ? [...gone, historyChange(bucketId, name, version.lsn, version)]
    : [...gone, ...dropReference(version, how.lsn)];
}

async function purgeEffects(
  reader: IndexReader,
  purge: Extract<Operation, { kind: 'purge' }>,
  lsn: Lsn,
): Promise<IndexChange[]> {
  const { bucketId, name, previousHead, reveals } = purge;
  const changes = await takeHead(reader, bucketId, name, previousHead, { keep: false, lsn });
  if (previousHead === undefined) {
    const version = await historicVersion(reader, bucketId, name, purge.lsn);
    changes.push(historyChange(bucketId, name, purge.lsn, undefined));
    if (version?.kind === 'object') changes.push(...dropReference(version, lsn));
  }
  if (reveals !== undefined) {
    // Where the index holds this operation already, the version is the head by now; but the pointer
    // to it went with a head before, which an operation that was replayed had brought back.
    const revealed =
      (await historicVersion(reader, bucketId, name, reveals)) ??
      (await headPromotedBy(reader, bucketId, name, lsn));
    if (revealed?.kind === 'object') {
      changes.push(historyChange(bucketId, name, reveals, undefined));
      changes.push(...putHead(bucketId, name, lsn, revealed));
    }
  }
  return withoutReplaced(changes);
}

/**
 * The last change of each row. LevelDB keeps what comes before it for a while: a pointer that was
 * deleted and put at once would count as one that was deleted (index/recent-keys.ts).
 */
function withoutReplaced(changes: readonly IndexChange[]): IndexChange[] {
  return changes.filter(
    ({ group, suffix }, at) =>
      !changes.some(
        (later, place) => place > at && later.group === group && later.suffix === suffix,
      ),
  );
}

/**
 * The same row with the lock in it. Where it is gone, a later operation moved it, and the index
 * that has that operation got the lock with the row.
 */
async function lockEffects(
  reader: IndexReader,
  { bucketId, name, lsn, head, untilMs }: Extract<Operation, { kind: 'lock' }>,
): Promise<IndexChange[]> {
  const version =
    head === undefined
      ? await historicVersion(reader, bucketId, name, lsn)
      : await headPromotedBy(reader, bucketId, name, head);
  if (version?.kind !== 'object') return [];
  const locked = { ...version, lockedUntilMs: untilMs };
  return head === undefined
    ? [historyChange(bucketId, name, lsn, locked)]
    : [headChange(bucketId, name, head, locked)];
}

function dropReference(version: ObjectVersion, lsn: Lsn): IndexChange[] {
  return [
    referenceChange(version.root.id, { kind: 'version', lsn: version.lsn }, 'delete'),
    candidateChange(version.root.id, lsn, 'put'),
  ];
}
