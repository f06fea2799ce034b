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
  type SeenThrough,
  type Version,
} from '../model.ts';

/** Raise it with any change of keys or values: an older index is then rebuilt when opened. */
export const indexFormat = 2;

const versionKinds = { object: 1, deleteMarker: 2 } as const;
const versionFields = { contentType: 1, metadata: 2, lockedUntil: 3, seenThrough: 4 } as const;
const bucketFlags = { versioned: 1, public: 2, keepsGzip: 4, isolated: 8 } as const;

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
  if (version.seenThrough !== undefined) {
    const { contentBytes, uploadRoot, recipe } = version.seenThrough;
    writer.u8(versionFields.seenThrough).varint(contentBytes).varint(uploadRoot.level);
    writer.bytes(uploadRoot.id.digest).sized(recipe);
  }
  return writer.finish();
}

export function decodeVersion(bytes: Uint8Array): Version {
  const reader = new Reader(bytes, 'a version in the index');
  const kind = reader.u8();
  const [lsn, timeMs] = [reader.varint(), reader.varint()];
  if (kind === versionKinds.deleteMarker) return { kind: 'deleteMarker', lsn, timeMs };
  const [sizeBytes, level, domain] = [reader.varint(), reader.varint(), reader.varint()];
  const digest = reader.copy(32);
  const id = { domain, kind: level === 0 ? 'data' : 'node', digest } as const;
  const version: ObjectVersion = { kind: 'object', lsn, timeMs, sizeBytes, root: { id, level } };
  return reader.atEnd ? version : { ...version, ...decodeFields(reader, domain) };
}

type VersionFields = Partial<
  Pick<ObjectVersion, 'contentType' | 'metadata' | 'lockedUntilMs' | 'seenThrough'>
>;

function decodeFields(reader: Reader, domain: number): VersionFields {
  const fields: { -readonly [Field in keyof VersionFields]: VersionFields[Field] } = {};
  while (!reader.atEnd) {
    const field = reader.u8();
    if (field === versionFields.contentType) fields.contentType = reader.text();
    else if (field === versionFields.lockedUntil) fields.lockedUntilMs = reader.varint();
    else if (field === versionFields.seenThrough) {
      fields.seenThrough = decodeSeenThrough(reader, domain);
    } else fields.metadata = new Reader(reader.sized(), 'metadata in the index').textMap();
  }
  return fields;
}

function decodeSeenThrough(reader: Reader, domain: number): SeenThrough {
  const [contentBytes, level] = [reader.varint(), reader.varint()];
  const digest = reader.copy(32);
  const kind = level === 0 ? 'data' : 'node';
  const recipe = Uint8Array.from(reader.sized());
  return { contentBytes, uploadRoot: { id: { domain, kind, digest }, level }, recipe };
}

export function encodeLocation(location: ChunkLocation): Uint8Array {
  const writer = new Writer()
    .varint(location.fileId)
    .varint(location.offset)
    .varint(location.frameBytes)
    .varint(location.rawBytes);
  if (location.readCost !== undefined) writer.varint(location.readCost);
  return writer.finish();
}

export function decodeLocation(bytes: Uint8Array): ChunkLocation {
  const reader = new Reader(bytes, 'a chunk location in the index');
  const location = {
    fileId: reader.varint(),
    offset: reader.varint(),
    frameBytes: reader.varint(),
    rawBytes: reader.varint(),
  };
  return reader.atEnd ? location : { ...location, readCost: reader.varint() };
}

export function encodeBucket(bucket: BucketRecord): Uint8Array {
  const flags =
    (bucket.versioned ? bucketFlags.versioned : 0) |
    (bucket.public ? bucketFlags.public : 0) |
    (bucket.seeThroughGzip === false ? bucketFlags.keepsGzip : 0) |
    (bucket.isolated === true ? bucketFlags.isolated : 0);
  const writer = new Writer().varint(bucket.id).text(bucket.name).u8(flags);
  return writer.numbers(bucket.retention ?? {}, retentionNumbers).finish();
}

export function decodeBucket(bytes: Uint8Array): BucketRecord {
  const reader = new Reader(bytes, 'a bucket in the index');
  const [id, name, flags] = [reader.varint(), reader.text(), reader.u8()];
  const retention = reader.numbers(retentionNumbers);
  return {
    id,
    name,
    versioned: (flags & bucketFlags.versioned) !== 0,
    public: (flags & bucketFlags.public) !== 0,
    ...(retention === undefined ? {} : { retention }),
    ...((flags & bucketFlags.keepsGzip) === 0 ? {} : { seeThroughGzip: false }),
    ...((flags & bucketFlags.isolated) === 0 ? {} : { isolated: true }),
  };
}
