/**
 * Versions of the engine, as the plain values that callers get.
 *
 * They are made afresh for each call and hold no `undefined`, so that `JSON.stringify`, spread and
 * comparison see what is there and nothing else. A bucket that is not versioned shows no version
 * ids: an id that the next upload makes meaningless would only invite callers to keep it.
 *
 * @module
 */

import { etagOf } from '../engine/etag.ts';
import type { NamedVersion, ObjectVersion } from '../engine/model.ts';
import type { ListEntry, ObjectAttrs, VersionEntry } from './options.ts';
import { encodeVersionId } from './version-id.ts';

/** What `upload` and `attrs` return. */
export function attrsOf(name: string, version: ObjectVersion, versioned: boolean): ObjectAttrs {
  const { contentType, metadata, lockedUntilMs } = version;
  return {
    ...listEntryOf(name, version, versioned),
    ...(contentType === undefined ? {} : { contentType }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
    ...(lockedUntilMs === undefined ? {} : { lockedUntil: new Date(lockedUntilMs) }),
  };
}

/** What a listing shows of an object. */
export function listEntryOf(name: string, version: ObjectVersion, versioned: boolean): ListEntry {
  return {
    name,
    size: version.sizeBytes,
    ...(versioned ? { version: encodeVersionId(version.lsn) } : {}),
    etag: etagOf(version),
    lastModified: new Date(version.timeMs),
  };
}

/** What a history shows of a version. */
export function versionEntryOf(entry: NamedVersion & { readonly isLatest: boolean }): VersionEntry {
  const { name, version, isLatest } = entry;
  const deleteMarker = version.kind === 'deleteMarker';
  const lockedUntilMs = deleteMarker ? undefined : version.lockedUntilMs;
  return {
    name,
    size: deleteMarker ? 0 : version.sizeBytes,
    version: encodeVersionId(version.lsn),
    etag: deleteMarker ? '' : etagOf(version),
    lastModified: new Date(version.timeMs),
    isLatest,
    deleteMarker,
    ...(lockedUntilMs === undefined ? {} : { lockedUntil: new Date(lockedUntilMs) }),
  };
}
