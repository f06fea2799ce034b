/**
 * Values of the index as bytes. Pure functions.
 *
 * The index is derived, so these layouts may change with {@link indexFormat} alone: an index of
 * another format is rebuilt, never migrated. Checksums are the database's matter.
 *
 * @module
 */

import { Reader, Writer } from '../../base/bytes.ts';
import {
  retentionNumbers,
  type BucketRecord,
  type ChunkLocation,
  type ObjectVersion,
  type Version,
} from '../model.ts';

/** Raise it with any change of keys or values: an older index is then rebuilt when opened. */
export const indexFormat = 2;

const versionKinds = { object: 1, deleteMarker: 2 } as const;
const versionFields = { contentType: 1, metadata: 2, lockedUntil: 3 } as const;

export function encodeVersion(version: Version): Uint8Array {
  const writer = new Writer();
  writer.u8(versionKinds[version.kind]).varint(version.lsn).varint(version.timeMs);
  if (version.kind === 'deleteMarker') return writer.finish();
  const { root } = version;
  writer.varint(version.sizeBytes).varint(root.level).varint(root.id.domain).bytes(root.id.digest);
  if (version.contentType !== undefined) {
    writer.u8(versionFields.contentType).text(version.contentType);
  }
  if (version.metadata !== undefined) {
    writer.u8(versionFields.metadata).sized(new Writer().textMap(version.metadata).finish());
  }
  if (version.lockedUntilMs !== undefined) {
    writer.u8(versionFields.lockedUntil).varint(version.lockedUntilMs);
  }
  return writer.finish();
}

export function decodeVersion(bytes: Uint8Array): Version {
  const reader = new Reader(bytes, 'a version in the index');
  const kind = reader.u8();
  const [lsn, timeMs] = [reader.varint(), reader.varint()];
  if (kind === versionKinds.deleteMarker) return { kind: 'deleteMarker', lsn, timeMs };
  const [sizeBytes, level, domain] = [reader.varint(), reader.varint(), reader.varint()];
  const digest = new Uint8Array(reader.bytes(32));
  const id = { domain, kind: level === 0 ? 'data' : 'node', digest } as const;
  const version: ObjectVersion = { kind: 'object', lsn, timeMs, sizeBytes, root: { id, level } };
  const fields: {
    contentType?: string;
    metadata?: Record<string, string>;
    lockedUntilMs?: number;
  } = {};
  while (!reader.atEnd) {
    const field = reader.u8();
    if (field === versionFields.contentType) fields.contentType = reader.text();
    else if (field === versionFields.lockedUntil) fields.lockedUntilMs = reader.varint();
    else fields.metadata = new Reader(reader.sized(), 'metadata in the index').textMap();
  }
  return { ...version, ...fields };
}

export function encodeLocation(location: ChunkLocation): Uint8Array {
  return new Writer()
    .varint(location.fileId)
    .varint(location.offset)
    .varint(location.frameBytes)
    .varint(location.rawBytes)
    .finish();
}

export function decodeLocation(bytes: Uint8Array): ChunkLocation {
  const reader = new Reader(bytes, 'a chunk location in the index');
  return {
    fileId: reader.varint(),
    offset: reader.varint(),
    frameBytes: reader.varint(),
    rawBytes: reader.varint(),
  };
}

export function encodeBucket(bucket: BucketRecord): Uint8Array {
  const flags = (bucket.versioned ? 1 : 0) | (bucket.public ? 2 : 0);
  const writer = new Writer().varint(bucket.id).text(bucket.name).u8(flags);
  return writer.numbers(bucket.retention ?? {}, retentionNumbers).finish();
}

export function decodeBucket(bytes: Uint8Array): BucketRecord {
  const reader = new Reader(bytes, 'a bucket in the index');
  const [id, name, flags] = [reader.varint(), reader.text(), reader.u8()];
  const bucket = { id, name, versioned: (flags & 1) !== 0, public: (flags & 2) !== 0 };
  const retention = reader.numbers(retentionNumbers);
  return retention === undefined ? bucket : { ...bucket, retention };
}
