/**
 * The bodies of `put` and `putBucket`: the two that have grown, and will again. Pure functions.
 *
 * What was added to them stands at their end as fields, each with a number and a size, so that a
 * build that does not know one passes over it. A retention rule that says something unknown is no
 * rule at all: to follow the rest of it would remove what it keeps.
 *
 * Files that are imported together have names that begin alike, one time, and metadata that begins
 * alike. So a `put` leaves out what it has in common with the one before it in its commit: of 107
 * bytes 40 are left. A byte counts how many, so a few bytes never stand for very many.
 *
 * @module
 */

import { Reader, Writer, concatBytes, decodeUtf8, encodeUtf8 } from '../../base/bytes.ts';
import { ObjectsError, corrupt } from '../../base/errors.ts';
import { retentionNumbers, type ChunkId, type RetentionRule, type SeenThrough } from '../model.ts';
import type { Operation } from './operations.ts';

type Put = Extract<Operation, { kind: 'put' }>;
type PutBucket = Extract<Operation, { kind: 'putBucket' }>;

/** Numbers on disk of the tagged fields of a `put`. */
export const putFields = {
  contentType: 1,
  metadata: 2,
  lockedUntil: 3,
  recipe: 4,
  uploadRoot: 5,
} as const;

/** Numbers on disk of the tagged fields of a `putBucket`. */
export const bucketFields = { retention: 1, seeThroughGzip: 2 } as const;

/** Bits on disk. */
export const bucketFlags = { versioned: 1, public: 2, isolated: 4 } as const;
export const putFlags = {
  keepsPrevious: 1,
  hasPreviousHead: 2,
  rootInGroup: 4,
  likeBefore: 8,
} as const;

/** What a `put` says that the next one in its commit may leave out. */
export interface PutBefore {
  readonly name: Uint8Array;
  readonly timeMs: number;
  /** All its fields, as they stand on disk. */
  readonly fields: Uint8Array;
}

/** So many bytes of a name or of fields are left out at most: their number is one byte. */
const sharedBytesMax = 255;

/** Writes the body of a `putBucket`. */
export function encodePutBucket(writer: Writer, { bucket }: PutBucket): void {
  const flags =
    (bucket.versioned ? bucketFlags.versioned : 0) |
    (bucket.public ? bucketFlags.public : 0) |
    (bucket.isolated === true ? bucketFlags.isolated : 0);
  writer.varint(bucket.id).text(bucket.name).varint(flags);
  if (bucket.retention !== undefined) {
    const rule = new Writer().numbers(bucket.retention, retentionNumbers).finish();
    writer.u8(bucketFields.retention).sized(rule);
  }
  if (bucket.seeThroughGzip === false) {
    writer.u8(bucketFields.seeThroughGzip).sized(new Writer().varint(0).finish());
  }
}

/** Reads the body of a `putBucket`. */
export function decodePutBucket(body: Reader): PutBucket {
  const [id, name, flags] = [body.varint(), body.text(), body.varint()];
  const versioned = (flags & bucketFlags.versioned) !== 0;
  const isPublic = (flags & bucketFlags.public) !== 0;
  const fields: { retention?: RetentionRule; seeThroughGzip?: boolean; isolated?: true } = {};
  if ((flags & bucketFlags.isolated) !== 0) fields.isolated = true;
  while (!body.atEnd) {
    const field = body.u8();
    const value = new Reader(body.sized(), 'a field of a bucket');
    if (field === bucketFields.retention) {
      const retention = value.numbers(retentionNumbers);
      if (retention !== undefined) fields.retention = retention;
    } else if (field === bucketFields.seeThroughGzip && value.varint() === 0) {
      fields.seeThroughGzip = false;
    }
  }
  return { kind: 'putBucket', bucket: { id, name, versioned, public: isPublic, ...fields } };
}

/**
 * Writes the body of a `put`, and returns what the next one may leave out.
 *
 * @param inGroup - The place of its root in the group, if it lies there.
 * @param before - The `put` before it in its commit, if there is one.
 */
export function encodePut(
  writer: Writer,
  put: Put,
  inGroup: number | undefined,
  before: PutBefore | undefined,
): PutBefore {
  const { timeMs } = put;
  const [name, fields] = [encodeUtf8(put.name), encodeFields(put)];
  const like = before?.timeMs === timeMs ? before : undefined;
  const flags =
    (put.keepsPrevious ? putFlags.keepsPrevious : 0) |
    (put.previousHead === undefined ? 0 : putFlags.hasPreviousHead) |
    (inGroup === undefined ? 0 : putFlags.rootInGroup) |
    (like === undefined ? 0 : putFlags.likeBefore);
  writer.varint(put.bucketId).u8(flags);
  if (like === undefined) writer.sized(name).varint(timeMs);
  else {
    const shared = sharedBytes(like.name, name);
    writer.u8(shared).sized(name.subarray(shared));
  }
  writer.varint(put.sizeBytes).varint(put.root.level);
  if (inGroup === undefined) writer.varint(put.root.id.domain).bytes(put.root.id.digest);
  else writer.varint(inGroup);
  if (put.previousHead !== undefined) writer.varint(put.previousHead);
  if (like === undefined) writer.bytes(fields);
  else {
    const shared = sharedBytes(like.fields, fields);
    writer.u8(shared).bytes(fields.subarray(shared));
  }
  return { name, timeMs, fields };
}

function encodeFields(put: Put): Uint8Array {
  const writer = new Writer();
  if (put.contentType !== undefined) writer.u8(putFields.contentType).text(put.contentType);
  if (put.metadata !== undefined) {
    writer.u8(putFields.metadata).sized(new Writer().textMap(put.metadata).finish());
  }
  if (put.lockedUntilMs !== undefined) {
    writer.u8(putFields.lockedUntil).sized(new Writer().varint(put.lockedUntilMs).finish());
  }
  if (put.seenThrough !== undefined) {
    const { contentBytes, uploadRoot, recipe } = put.seenThrough;
    const { level, id } = uploadRoot;
    const root = new Writer().varint(contentBytes).varint(level).bytes(id.digest).finish();
    writer.u8(putFields.recipe).sized(recipe).u8(putFields.uploadRoot).sized(root);
  }
  return writer.finish();
}

/** How many bytes two arrays have in common at their beginning, as far as that can be said. */
function sharedBytes(a: Uint8Array, b: Uint8Array): number {
  const most = Math.min(a.length, b.length, sharedBytesMax);
  let count = 0;
  while (count < most && a[count] === b[count]) count++;
  return count;
}

/** Reads the body of a `put`, and what the next one may leave out. */
export function decodePut(
  body: Reader,
  group: readonly ChunkId[],
  before: PutBefore | undefined,
): { readonly put: Put; readonly said: PutBefore } {
  const [bucketId, flags] = [body.varint(), body.u8()];
  const like = (flags & putFlags.likeBefore) === 0 ? undefined : mustGetBefore(before);
  const name = like === undefined ? body.sized() : joined(like.name, body.u8(), body.sized());
  const timeMs = like?.timeMs ?? body.varint();
  const [sizeBytes, level] = [body.varint(), body.varint()];
  const root = { id: decodeRootId(body, flags, level, group), level };
  const previousHead = (flags & putFlags.hasPreviousHead) === 0 ? undefined : body.varint();
  const keepsPrevious = (flags & putFlags.keepsPrevious) !== 0;
  const fields = like === undefined ? body.rest() : joined(like.fields, body.u8(), body.rest());
  const put: Put = {
    kind: 'put',
    bucketId,
    name: decodeName(name),
    timeMs,
    sizeBytes,
    root,
    previousHead,
    keepsPrevious,
    ...decodeFields(new Reader(fields, 'the fields of a put'), root.id.domain),
  };
  return { put, said: { name, timeMs, fields } };
}

function mustGetBefore(before: PutBefore | undefined): PutBefore {
  if (before !== undefined) return before;
  throw corrupt('a put leaves out what none before it in its commit says');
}

function joined(before: Uint8Array, sharedByteCount: number, rest: Uint8Array): Uint8Array {
  if (sharedByteCount > before.length) throw corrupt('a put leaves out more than there was');
  return concatBytes([before.subarray(0, sharedByteCount), rest]);
}

function decodeName(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw corrupt('a put holds a name that is not UTF-8', cause);
  }
}

function decodeFields(
  body: Reader,
  domain: number,
): Pick<Put, 'contentType' | 'metadata' | 'lockedUntilMs' | 'seenThrough'> {
  let recipe: Uint8Array | undefined;
  let uploaded: Omit<SeenThrough, 'recipe'> | undefined;
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
    } else if (field === putFields.recipe) {
      recipe = Uint8Array.from(body.sized());
    } else if (field === putFields.uploadRoot) {
      uploaded = decodeUploadRoot(new Reader(body.sized(), 'the root of an upload'), domain);
    } else body.sized();
  }
  return recipe && uploaded ? { ...fields, seenThrough: { ...uploaded, recipe } } : fields;
}

function decodeUploadRoot(value: Reader, domain: number): Omit<SeenThrough, 'recipe'> {
  const [contentBytes, level] = [value.varint(), value.varint()];
  const digest = new Uint8Array(value.bytes(32));
  const kind = level === 0 ? 'data' : 'node';
  return { contentBytes, uploadRoot: { id: { domain, kind, digest }, level } };
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
