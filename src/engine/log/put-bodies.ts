/**
 * The bodies of `put` and `putBucket`: the two that have grown, and will again. Pure functions.
 *
 * What was added to them stands at their end as fields, each with a number and a size, so that a
 * build that does not know one passes over it. A retention rule that says something unknown is no
 * rule at all: to follow the rest of it would remove what it keeps.
 *
 * @module
 */

import { Reader, Writer } from '../../base/bytes.ts';
import { ObjectsError } from '../../base/errors.ts';
import { retentionNumbers, type ChunkId, type RetentionRule } from '../model.ts';
import type { Operation } from './operations.ts';

type Put = Extract<Operation, { kind: 'put' }>;
type PutBucket = Extract<Operation, { kind: 'putBucket' }>;

/** Numbers on disk of the tagged fields of a `put`. */
export const putFields = { contentType: 1, metadata: 2, lockedUntil: 3 } as const;

/** Numbers on disk of the tagged fields of a `putBucket`. */
export const bucketFields = { retention: 1 } as const;

/** Bits on disk. */
export const bucketFlags = { versioned: 1, public: 2 } as const;
export const putFlags = { keepsPrevious: 1, hasPreviousHead: 2, rootInGroup: 4 } as const;

/** Writes the body of a `putBucket`. */
export function encodePutBucket(writer: Writer, { bucket }: PutBucket): void {
  const flags =
    (bucket.versioned ? bucketFlags.versioned : 0) | (bucket.public ? bucketFlags.public : 0);
  writer.varint(bucket.id).text(bucket.name).varint(flags);
  if (bucket.retention !== undefined) {
    const rule = new Writer().numbers(bucket.retention, retentionNumbers).finish();
    writer.u8(bucketFields.retention).sized(rule);
  }
}

/** Reads the body of a `putBucket`. */
export function decodePutBucket(body: Reader): PutBucket {
  const [id, name, flags] = [body.varint(), body.text(), body.varint()];
  const versioned = (flags & bucketFlags.versioned) !== 0;
  const isPublic = (flags & bucketFlags.public) !== 0;
  let retention: RetentionRule | undefined;
  while (!body.atEnd) {
    const field = body.u8();
    const value = new Reader(body.sized(), 'a field of a bucket');
    if (field === bucketFields.retention) retention = value.numbers(retentionNumbers);
  }
  const bucket = { id, name, versioned, public: isPublic };
  return { kind: 'putBucket', bucket: retention === undefined ? bucket : { ...bucket, retention } };
}

/** Writes the body of a `put`. `inGroup`: the place of its root in the group, if it lies there. */
export function encodePut(writer: Writer, put: Put, inGroup: number | undefined): void {
  const flags =
    (put.keepsPrevious ? putFlags.keepsPrevious : 0) |
    (put.previousHead === undefined ? 0 : putFlags.hasPreviousHead) |
    (inGroup === undefined ? 0 : putFlags.rootInGroup);
  writer.varint(put.bucketId).u8(flags).text(put.name);
  writer.varint(put.timeMs).varint(put.sizeBytes).varint(put.root.level);
  if (inGroup === undefined) writer.varint(put.root.id.domain).bytes(put.root.id.digest);
  else writer.varint(inGroup);
  if (put.previousHead !== undefined) writer.varint(put.previousHead);
  if (put.contentType !== undefined) writer.u8(putFields.contentType).text(put.contentType);
  if (put.metadata !== undefined) {
    writer.u8(putFields.metadata).sized(new Writer().textMap(put.metadata).finish());
  }
  if (put.lockedUntilMs !== undefined) {
    writer.u8(putFields.lockedUntil).sized(new Writer().varint(put.lockedUntilMs).finish());
  }
}

/** Reads the body of a `put`. */
export function decodePut(body: Reader, group: readonly ChunkId[]): Put {
  const [bucketId, flags, name] = [body.varint(), body.u8(), body.text()];
  const [timeMs, sizeBytes, level] = [body.varint(), body.varint(), body.varint()];
  const root = { id: decodeRootId(body, flags, level, group), level };
  const previousHead = (flags & putFlags.hasPreviousHead) === 0 ? undefined : body.varint();
  const keepsPrevious = (flags & putFlags.keepsPrevious) !== 0;
  const fields: {
    contentType?: string;
    metadata?: Record<string, string>;
    lockedUntilMs?: number;
  } = {};
  while (!body.atEnd) {
    const field = body.u8();
    if (field === putFields.contentType) fields.contentType = body.text();
    else if (field === putFields.lockedUntil) {
      fields.lockedUntilMs = new Reader(body.sized(), 'a lock').varint();
    } else if (field === putFields.metadata) {
      fields.metadata = new Reader(body.sized(), 'metadata').textMap();
    } else body.sized();
  }
  return {
    kind: 'put',
    bucketId,
    name,
    timeMs,
    sizeBytes,
    root,
    previousHead,
    keepsPrevious,
    ...fields,
  };
}

function decodeRootId(
  body: Reader,
  flags: number,
  level: number,
  group: readonly ChunkId[],
): ChunkId {
  if ((flags & putFlags.rootInGroup) === 0) {
    const domain = body.varint();
    const digest = new Uint8Array(body.bytes(32));
    return { domain, kind: level === 0 ? 'data' : 'node', digest };
  }
  const id = group[body.varint()];
  if (id !== undefined) return id;
  throw new ObjectsError('a commit names a chunk that is not in its group', { code: 'CORRUPT' });
}
