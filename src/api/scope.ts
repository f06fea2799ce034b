/**
 * What a handle stands for: a bucket by its name, now or as of a point, and what may be done there.
 *
 * A handle is a name until it is used. Each operation looks the bucket up again, because it may be
 * made, removed and made again while the handle lives. A write makes a bucket that is not there. A
 * read of one reads an empty bucket: applications declare buckets, and a declared bucket is empty
 * before its first upload.
 *
 * Errors: `NOT_FOUND` for an object or version that is not there, `INVALID` for a point of a bucket
 * that is not versioned, or a declaration that would turn versioning off.
 *
 * @module
 */

import { objectNotFound } from '../base/errors.ts';
import { isInLine } from '../engine/buckets.ts';
import type { BucketSettings } from '../engine/commit-request.ts';
import type { Engine } from '../engine/engine.ts';
import type { BucketRecord, ObjectVersion, Point, Version } from '../engine/model.ts';
import { checkOptionalBoolean, invalidArgument } from './checks.ts';
import type { BucketConfig } from './options.ts';
import type { Grant } from './permissions.ts';
import { parseRetention } from './retention.ts';
import type { Session } from './session.ts';
import { decodeVersionId } from './version-id.ts';

export interface Scope {
  readonly session: Session;
  readonly bucketName: string;
  readonly grant: Grant;
  /** What the handle declares the bucket to be. */
  readonly declared: BucketSettings;
  /** Absent: now. */
  readonly asOf?: Point;
}

/** What a caller declares a bucket to be. Throws `TypeError` or `INVALID` if it makes no sense. */
export function declarationOf(config: BucketConfig): Scope['declared'] {
  const { versioned, public: isPublic, retention, seeThroughGzip, isolated } = config;
  checkOptionalBoolean('versioned', versioned);
  checkOptionalBoolean('public', isPublic);
  checkOptionalBoolean('seeThroughGzip', seeThroughGzip);
  checkOptionalBoolean('isolated', isolated);
  return {
    ...(versioned === undefined ? {} : { versioned }),
    ...(isPublic === undefined ? {} : { public: isPublic }),
    ...(retention === undefined ? {} : { retention: parseRetention(retention) }),
    ...(seeThroughGzip === undefined ? {} : { seeThroughGzip }),
    ...(isolated === undefined ? {} : { isolated }),
  };
}

/** The bucket, or `undefined` if it is not there. Throws `INVALID` if it has no past to look at. */
export function getBucketRecord(engine: Engine, scope: Scope): BucketRecord | undefined {
  const record = engine.bucket(scope.bucketName);
  if (scope.asOf !== undefined) checkVersioned(scope, record);
  return record;
}

/** The bucket, made or changed to what the handle declares if need be. Durable when it resolves. */
export async function ensureBucketRecord(engine: Engine, scope: Scope): Promise<BucketRecord> {
  const record = engine.bucket(scope.bucketName);
  if (record !== undefined && isInLine(record, scope.declared)) return record;
  return engine.ensureBucket(scope.bucketName, scope.declared);
}

/** Throws `INVALID` if the bucket keeps no versions, or would not if it were there. */
export function checkVersioned(scope: Scope, record: BucketRecord | undefined): void {
  if (!(record?.versioned ?? scope.declared.versioned)) {
    throw invalidArgument('the bucket is not versioned', { bucket: scope.bucketName });
  }
}

/** An object that was found, and the bucket it lies in. */
export interface Found {
  readonly bucket: BucketRecord;
  readonly version: ObjectVersion;
}

/** What a name, and perhaps a version id, mean: `undefined` if there is nothing. */
export async function getObject(
  engine: Engine,
  scope: Scope,
  name: string,
  versionId: string | undefined,
): Promise<Found | undefined> {
  const bucket = getBucketRecord(engine, scope);
  if (bucket === undefined) return undefined;
  const isCurrentMeant = versionId === undefined || !bucket.versioned || scope.asOf !== undefined;
  const version = isCurrentMeant
    ? await engine.versions.current(bucket.id, name, scope.asOf)
    : await getVersion(engine, bucket, name, versionId);
  return version?.kind === 'object' ? { bucket, version } : undefined;
}

/** What a name, and perhaps a version id, mean. Throws `NOT_FOUND` if there is nothing. */
export async function mustGetObject(
  engine: Engine,
  scope: Scope,
  name: string,
  versionId: string | undefined,
): Promise<Found> {
  const found = await getObject(engine, scope, name, versionId);
  if (found !== undefined) return found;
  throw objectNotFound({ key: name, bucket: scope.bucketName, version: versionId });
}

async function getVersion(
  engine: Engine,
  bucket: BucketRecord,
  name: string,
  versionId: string,
): Promise<Version | undefined> {
  const lsn = decodeVersionId(versionId);
  return lsn === undefined ? undefined : engine.versions.version(bucket.id, name, lsn);
}
