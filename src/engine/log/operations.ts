/**
 * What a commit frame says: the operations of one group, as bytes. Pure functions.
 *
 * Operations are *decided*: each says what it replaces and what it reveals, so that replaying it
 * reads nothing that a later operation could have changed. That is what makes replay idempotent
 * over an index that may already hold some of what follows (and, where LevelDB lost some of it, not
 * all).
 *
 * Each operation has the LSN of its place: the frame's first LSN plus its position. On disk it is a
 * type, a length and a body. A type from 128 on may be skipped by a build that does not know it;
 * any other unknown type is `UNSUPPORTED`. Within a body, what may grow are tagged fields at its
 * end.
 *
 * A chunk that lies in the same group is named by its position among the group's chunk frames
 * instead of by its digest: 31 bytes less for each small object. And a `put` leaves out what it has
 * in common with the one before it in its commit.
 *
 * @module
 */

import { assert } from '../../base/assert.ts';
import { Reader, Writer, toBinaryString } from '../../base/bytes.ts';
import { ObjectsError } from '../../base/errors.ts';
import type {
  BucketRecord,
  ChunkId,
  ChunkLocation,
  ContentRoot,
  Lsn,
  SeenThrough,
  Totals,
} from '../model.ts';
import type { LogPosition } from './file-header.ts';
import {
  decodeAscending,
  decodeCheckpoint,
  decodeChunkAtPlace,
  encodeAscending,
  encodeCheckpoint,
  encodeChunkAtPlace,
  type FileUsageEntry,
} from './file-bodies.ts';
import {
  decodePut,
  decodePutBucket,
  encodePut,
  encodePutBucket,
  type PutBefore,
} from './put-bodies.ts';

/**
 * The head that an operation takes away: the LSN of the operation that made it the head.
 * `undefined` where the name had none.
 */
export type PreviousHead = Lsn | undefined;

/** One decided change. */
export type Operation =
  | { readonly kind: 'putBucket'; readonly bucket: BucketRecord }
  | { readonly kind: 'dropBucket'; readonly bucketId: number }
  | {
      readonly kind: 'put';
      readonly bucketId: number;
      readonly name: string;
      readonly timeMs: number;
      readonly sizeBytes: number;
      readonly root: ContentRoot;
      readonly seenThrough?: SeenThrough | undefined;
      readonly previousHead: PreviousHead;
      /** Whether the head before stays as history, or is gone for good. */
      readonly keepsPrevious: boolean;
      readonly contentType?: string | undefined;
      readonly metadata?: Readonly<Record<string, string>> | undefined;
      readonly lockedUntilMs?: number | undefined;
    }
  | {
      readonly kind: 'deleteMarker';
      readonly bucketId: number;
      readonly name: string;
      readonly timeMs: number;
      readonly previousHead: PreviousHead;
    }
  | {
      readonly kind: 'purge';
      readonly bucketId: number;
      readonly name: string;
      readonly lsn: Lsn;
      /** Set when the version is the head. */
      readonly previousHead: PreviousHead;
      /** The older version that becomes the head. */
      readonly reveals: Lsn | undefined;
    }
  /** Nothing removes a version before a time. */
  | {
      readonly kind: 'lock';
      readonly bucketId: number;
      readonly name: string;
      readonly lsn: Lsn;
      /** Set when the version is the head: the LSN of the operation that made it that. */
      readonly head: Lsn | undefined;
      readonly untilMs: number;
    }
  /** Chunk frames of a segment become part of the store. */
  | { readonly kind: 'adopt'; readonly fileId: number; readonly offsets: readonly number[] }
  /** A chunk that nothing references leaves the store. */
  | { readonly kind: 'free'; readonly id: ChunkId; readonly location: ChunkLocation }
  /** The index holds everything up to the commit at this place, proved: replay begins behind it. */
  | {
      readonly kind: 'checkpoint';
      readonly position: LogPosition;
      /** What log files held just after that commit. A checkpoint of format 1.0 does not say. */
      readonly usage?: readonly FileUsageEntry[] | undefined;
    }
  /** Chunks that lay in one file lie in another: their frames there begin at these offsets. */
  | {
      readonly kind: 'relocate';
      readonly fromFileId: number;
      readonly toFileId: number;
      readonly offsets: readonly number[];
    }
  /** Nothing that lives is in these files: they may be removed. */
  | { readonly kind: 'retire'; readonly fileIds: readonly number[] }
  /** The frame at this place was damaged, and the chunk has another. */
  | { readonly kind: 'supersede'; readonly id: ChunkId; readonly location: ChunkLocation }
  /** The store was closed after this. */
  | { readonly kind: 'close' }
  /**
   * Something that a newer build wrote and this one may ignore. It keeps its LSN. Never written.
   */
  | { readonly kind: 'skipped' };

/** Numbers on disk: never renumber, never reuse. */
export const operationNumbers = {
  putBucket: 1,
  dropBucket: 2,
  put: 3,
  deleteMarker: 4,
  purge: 5,
  adopt: 6,
  free: 7,
  checkpoint: 8,
  close: 9,
  relocate: 10,
  retire: 11,
  lock: 12,
  supersede: 13,
} as const;

/** What follows is the padding of the frame. */
const endOfOperations = 0;

const skippableFrom = 128;

/** A commit's payload: the totals after it, the time of its last version, the operations. */
export interface CommitPayload {
  readonly totals: Totals;
  /** The newest time given to a version so far. Times never decrease. */
  readonly timeMs: number;
  /** The highest id that a bucket ever had. */
  readonly lastBucketId: number;
  readonly operations: readonly Operation[];
}

/** In their order on disk. Behind them format 1.0 had one more, which is written as 0 now. */
export const totalsFields: readonly (keyof Totals)[] = [
  'objects',
  'versions',
  'deleteMarkers',
  'chunks',
  'logicalBytes',
  'uniqueBytes',
  'storedBytes',
];

/** Encodes a payload. `group`: the chunks whose frames lie before the commit in its group. */
export function encodeCommitPayload(payload: CommitPayload, group: readonly ChunkId[]): Uint8Array {
  const positions = new Map(group.map((id, position) => [chunkKey(id), position]));
  const writer = new Writer().varint(payload.timeMs).varint(payload.lastBucketId);
  for (const field of totalsFields) writer.varint(payload.totals[field]);
  writer.varint(0);
  let before: PutBefore | undefined;
  for (const operation of payload.operations) {
    assert(operation.kind !== 'skipped', 'only what is known is written');
    const body = new Writer();
    if (operation.kind === 'put') {
      const inGroup = positions.get(chunkKey(operation.root.id));
      before = encodePut(body, operation, inGroup, before);
    } else encodeBody(body, operation);
    writer.u8(operationNumbers[operation.kind]).sized(body.finish());
  }
  return writer.finish();
}

/**
 * Decodes a payload. Throws `CORRUPT` for malformed bytes, `UNSUPPORTED` for unknown operations.
 */
export function decodeCommitPayload(bytes: Uint8Array, group: readonly ChunkId[]): CommitPayload {
  const reader = new Reader(bytes, 'a commit');
  const timeMs = reader.varint();
  const lastBucketId = reader.varint();
  const totals = Object.fromEntries(
    totalsFields.map((field) => [field, reader.varint()]),
  ) as unknown as Totals;
  reader.varint();
  const operations: Operation[] = [];
  let before: PutBefore | undefined;
  while (!reader.atEnd) {
    const number = reader.u8();
    if (number === endOfOperations) break;
    const body = new Reader(reader.sized(), 'an operation');
    if (number === operationNumbers.put) {
      const { put, said } = decodePut(body, group, before);
      before = said;
      operations.push(put);
    } else operations.push(decodeBody(number, body));
  }
  return { totals, timeMs, lastBucketId, operations };
}

function encodeBody(writer: Writer, operation: Exclude<Operation, { kind: 'put' }>): void {
  switch (operation.kind) {
    case 'putBucket':
      encodePutBucket(writer, operation);
      return;
    case 'dropBucket':
      writer.varint(operation.bucketId);
      return;
    case 'deleteMarker':
      writer.varint(operation.bucketId).text(operation.name).varint(operation.timeMs);
      encodeOptionalLsn(writer, operation.previousHead);
      return;
    case 'purge':
      writer.varint(operation.bucketId).text(operation.name).varint(operation.lsn);
      encodeOptionalLsn(writer, operation.previousHead);
      encodeOptionalLsn(writer, operation.reveals);
      return;
    case 'lock':
      writer.varint(operation.bucketId).text(operation.name).varint(operation.lsn);
      encodeOptionalLsn(writer, operation.head);
      writer.varint(operation.untilMs);
      return;
    case 'adopt':
      writer.varint(operation.fileId);
      encodeAscending(writer, operation.offsets);
      return;
    case 'relocate':
      writer.varint(operation.fromFileId).varint(operation.toFileId);
      encodeAscending(writer, operation.offsets);
      return;
    case 'retire':
      encodeAscending(writer, operation.fileIds);
      return;
    case 'free':
    case 'supersede':
      encodeChunkAtPlace(writer, operation);
      return;
    case 'checkpoint':
      encodeCheckpoint(writer, operation);
      return;
    case 'close':
    case 'skipped':
      return;
  }
}

function decodeBody(number: number, body: Reader): Operation {
  switch (number) {
    case operationNumbers.putBucket:
      return decodePutBucket(body);
    case operationNumbers.dropBucket:
      return { kind: 'dropBucket', bucketId: body.varint() };
    case operationNumbers.deleteMarker:
      return {
        kind: 'deleteMarker',
        bucketId: body.varint(),
        name: body.text(),
        timeMs: body.varint(),
        previousHead: decodeOptionalLsn(body),
      };
    case operationNumbers.purge:
      return {
        kind: 'purge',
        bucketId: body.varint(),
        name: body.text(),
        lsn: body.varint(),
        previousHead: decodeOptionalLsn(body),
        reveals: decodeOptionalLsn(body),
      };
    case operationNumbers.lock:
      return {
        kind: 'lock',
        bucketId: body.varint(),
        name: body.text(),
        lsn: body.varint(),
        head: decodeOptionalLsn(body),
        untilMs: body.varint(),
      };
    case operationNumbers.adopt:
      return { kind: 'adopt', fileId: body.varint(), offsets: decodeAscending(body) };
    case operationNumbers.relocate: {
      const [fromFileId, toFileId] = [body.varint(), body.varint()];
      return { kind: 'relocate', fromFileId, toFileId, offsets: decodeAscending(body) };
    }
    case operationNumbers.retire:
      return { kind: 'retire', fileIds: decodeAscending(body) };
    case operationNumbers.free:
      return { kind: 'free', ...decodeChunkAtPlace(body) };
    case operationNumbers.supersede:
      return { kind: 'supersede', ...decodeChunkAtPlace(body) };
    case operationNumbers.checkpoint:
      return decodeCheckpoint(body);
    case operationNumbers.close:
      return { kind: 'close' };
    default:
      if (number >= skippableFrom) return { kind: 'skipped' };
      throw new ObjectsError(
        `the journal holds an operation this build does not know; upgrade varve: type=${number}`,
        { code: 'UNSUPPORTED' },
      );
  }
}

/** LSNs begin at 1, so 0 says that there is none. */
function encodeOptionalLsn(writer: Writer, lsn: Lsn | undefined): void {
  writer.varint(lsn ?? 0);
}

function decodeOptionalLsn(reader: Reader): Lsn | undefined {
  const lsn = reader.varint();
  return lsn === 0 ? undefined : lsn;
}

/** A chunk's name as a key for maps. */
export function chunkKey(id: ChunkId): string {
  return `${id.kind === 'node' ? 'n' : 'd'}${id.domain}:${toBinaryString(id.digest)}`;
}
