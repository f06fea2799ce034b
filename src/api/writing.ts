/**
 * Changing objects: upload, copy, restore, lock, remove.
 *
 * What must hold: when a promise resolves, the change is as durable as was asked; when it rejects,
 * nothing of it is visible (but for `INDETERMINATE`, which says that this is not known), and the
 * source of the content has been told to stop. Preconditions are decided by the engine at the
 * commit, never here: whatever this file looked up may have changed since.
 *
 * Errors: `PRECONDITION_FAILED`, `NOT_FOUND`, `VERSION_LOCKED`, `INVALID`, `SOURCE_FAILED`, `FULL`,
 * `IO`, `INDETERMINATE`, `ABORTED`, `CLOSED`, `PERMISSION`.
 *
 * @module
 */

import { encodeUtf8 } from '../base/bytes.ts';
import { ObjectsError, aborted, describe, objectNotFound, throwIfAborted } from '../base/errors.ts';
import { attributesBytesMax } from '../base/limits.ts';
import type { Engine } from '../engine/engine.ts';
import type { Preconditions } from '../engine/model.ts';
import { attrsOf } from './attributes.ts';
import { BodySource } from './body.ts';
import {
  checkDate,
  checkObject,
  checkOptionalBoolean,
  checkOptionalFunction,
  checkOptionalObject,
  checkOptionalSignal,
  checkOptionalText,
  checkText,
  invalidArgument,
} from './checks.ts';
import { checkObjectName } from './names.ts';
import type {
  Body,
  CopyOptions,
  LockOptions,
  ObjectAttrs,
  UploadOptions,
  UploadPreconditions,
  UploadProgress,
  VersionOptions,
} from './options.ts';
import { checkPermission } from './permissions.ts';
import { pacedReporter } from './progress.ts';
import { checkVersionOptions } from './reading.ts';
import { checkVersioned, ensureBucketRecord, mustGetObject, type Scope } from './scope.ts';
import { traced, type TraceResult } from './tracing.ts';
import { decodeVersionId } from './version-id.ts';

/** Stores content as the new current version of a name. */
export async function uploadObject(
  scope: Scope,
  name: string,
  data: Body,
  options: UploadOptions = {},
): Promise<ObjectAttrs> {
  checkPermission(scope, 'write');
  checkObjectName(name);
  checkUploadOptions(options);
  const source = new BodySource(data);
  // The caller may change its own while the upload waits for its turn.
  const lockedUntil = options.lockedUntil && new Date(options.lockedUntil);
  const own = { ...options, lockedUntil, metadata: { ...options.metadata } };
  const subject = { bucket: scope.bucketName, object: name, contentType: options.contentType };
  let isCommitting = false;
  const onCommitting = (): void => {
    isCommitting = true;
  };
  const abandoned = (signal: AbortSignal): ObjectsError =>
    isCommitting ? abandonedCommit(scope, name, signal) : aborted(signal);
  try {
    return await traced('upload', subject, resultOf, () =>
      scope.session.use(
        (engine) => uploadFrom(engine, scope, name, source, { ...own, onCommitting }),
        options.signal,
        abandoned,
      ),
    );
  } finally {
    await source.stop();
  }
}

async function uploadFrom(
  engine: Engine,
  scope: Scope,
  name: string,
  source: BodySource,
  options: UploadOptions & { readonly onCommitting: () => void },
): Promise<ObjectAttrs> {
  const { contentType, metadata = {}, lockedUntil, preconditions } = options;
  const { durability, seeThroughGzip, signal, onCommitting, onProgress } = options;
  throwIfAborted(signal);
  const { closing, clock } = scope.session;
  const bucket = await ensureBucketRecord(engine, scope);
  const isLast = ({ bytes }: UploadProgress) => source.ended && bytes === source.bytesRead;
  const version = await engine.upload({
    bucket,
    name,
    body: source.takeWhole() ?? source.chunks({ signal, closing }),
    durability: durability ?? 'power',
    seeThroughGzip,
    preconditions: preconditionsOf(preconditions),
    onCommitting,
    ...(contentType === undefined ? {} : { contentType }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    lockedUntilMs: lockedUntil?.getTime(),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress: pacedReporter(onProgress, clock, isLast) }),
  });
  return attrsOf(name, version, bucket.versioned);
}

/** The signal fired while the commit was on its way, and the disk did not answer. */
function abandonedCommit(scope: Scope, name: string, signal: AbortSignal): ObjectsError {
  const where = describe({ key: name, bucket: scope.bucketName });
  return new ObjectsError(
    'the operation was aborted while the disk did not answer; it may still happen, so look: ' +
      where,
    { code: 'INDETERMINATE', cause: signal.reason },
  );
}

/** Makes a version the current one of another name, or of the same. Moves no content. */
export async function copyObject(
  from: { readonly scope: Scope; readonly name: string },
  to: { readonly scope: Scope; readonly name: string },
  options: Omit<CopyOptions, 'toBucket'>,
): Promise<ObjectAttrs> {
  checkPermission(from.scope, 'read');
  checkPermission(to.scope, 'write');
  checkObjectName(from.name, 'from');
  checkObjectName(to.name, 'to');
  checkVersionOptions(from.name, options);
  checkPreconditions(options.preconditions);
  const { lockedUntil } = options;
  if (lockedUntil !== undefined) checkDate('lockedUntil', lockedUntil);
  const lockedUntilMs = lockedUntil?.getTime();
  if (from.scope.session !== to.scope.session) {
    throw invalidArgument('toBucket lies in another store: download and upload instead', {
      bucket: to.scope.bucketName,
    });
  }
  const subject = {
    bucket: from.scope.bucketName,
    object: from.name,
    version: options.version,
    toBucket: to.scope.bucketName,
    toObject: to.name,
  };
  return traced('copy', subject, resultOf, () =>
    from.scope.session.use(async (engine) => {
      const found = await mustGetObject(engine, from.scope, from.name, options.version);
      const bucket = await ensureBucketRecord(engine, to.scope);
      const version = await engine.link({
        bucket,
        name: to.name,
        from: found.version,
        lockedUntilMs,
        preconditions: preconditionsOf(options.preconditions),
      });
      return attrsOf(to.name, version, bucket.versioned);
    }),
  );
}

/** Makes an old version of a name the current one again, as a new version. */
export async function restoreObject(
  scope: Scope,
  name: string,
  versionId: string,
): Promise<ObjectAttrs> {
  checkPermission(scope, 'write');
  checkObjectName(name);
  checkText('version', versionId);
  const subject = { bucket: scope.bucketName, object: name, version: versionId };
  return traced('restore', subject, resultOf, () =>
    scope.session.use(async (engine) => {
      checkVersioned(scope, engine.bucket(scope.bucketName));
      const { bucket, version } = await mustGetObject(engine, scope, name, versionId);
      const restored = await engine.link({ bucket, name, from: version });
      return attrsOf(name, restored, bucket.versioned);
    }),
  );
}

/** Locks the current version of a name, or another one, against removal. */
export async function lockObject(
  scope: Scope,
  name: string,
  options: LockOptions,
): Promise<ObjectAttrs> {
  checkPermission(scope, 'write');
  checkObjectName(name);
  checkObject('options', options);
  checkVersionOptions(name, options);
  const { until, version } = options;
  checkDate('until', until);
  const untilMs = until.getTime();
  const subject = { bucket: scope.bucketName, object: name, version };
  return traced('lock', subject, resultOf, () =>
    scope.session.use(async (engine) => {
      const { bucket, version: found } = await mustGetObject(engine, scope, name, version);
      const locked = await engine.lock(bucket, name, found.lsn, untilMs);
      return attrsOf(name, locked, bucket.versioned);
    }),
  );
}

/** Removes the current version of a name, or one version for good. */
export async function removeObject(
  scope: Scope,
  name: string,
  options: VersionOptions = {},
): Promise<void> {
  checkPermission(scope, 'remove');
  checkVersionOptions(name, options);
  const { version } = options;
  const subject = { bucket: scope.bucketName, object: name, version };
  return traced('remove', subject, noResult, () =>
    scope.session.use(async (engine) => {
      const bucket = engine.bucket(scope.bucketName);
      if (bucket === undefined) throw objectNotFound({ key: name, bucket: scope.bucketName });
      if (version === undefined || !bucket.versioned) {
        await engine.remove(bucket, name);
        return;
      }
      const lsn = decodeVersionId(version);
      if (lsn === undefined) throw objectNotFound({ key: name, bucket: bucket.name, version });
      await engine.purge(bucket, name, lsn);
    }),
  );
}

function checkUploadOptions(options: UploadOptions): void {
  checkOptionalObject('options', options);
  checkOptionalText('contentType', options.contentType);
  checkPreconditions(options.preconditions);
  checkOptionalText('durability', options.durability);
  checkOptionalBoolean('seeThroughGzip', options.seeThroughGzip);
  checkOptionalSignal('signal', options.signal);
  checkOptionalFunction('onProgress', options.onProgress);
  if (options.lockedUntil !== undefined) checkDate('lockedUntil', options.lockedUntil);
  if (!['power', 'os', undefined].includes(options.durability)) {
    throw invalidArgument("durability must be 'power' or 'os'", { durability: options.durability });
  }
  checkOptionalObject('metadata', options.metadata);
  const { contentType, metadata } = options;
  let bytes = contentType === undefined ? 0 : encodeUtf8(contentType).length;
  for (const [key, value] of Object.entries(metadata ?? {})) {
    checkText('a key of metadata', key);
    checkText(`metadata.${key}`, value);
    bytes += encodeUtf8(key).length + encodeUtf8(value).length;
  }
  if (bytes > attributesBytesMax) {
    throw invalidArgument(
      `contentType and metadata must have at most ${attributesBytesMax} bytes of UTF-8, together`,
      { bytes },
    );
  }
}

function checkPreconditions(preconditions: UploadPreconditions | undefined): void {
  checkOptionalObject('preconditions', preconditions);
  checkOptionalBoolean('preconditions.notExists', preconditions?.notExists);
  checkOptionalText('preconditions.ifMatch', preconditions?.ifMatch);
}

function preconditionsOf({ notExists, ifMatch }: UploadPreconditions = {}): Preconditions {
  return {
    ...(notExists === true ? { notExists } : {}),
    ...(ifMatch === undefined ? {} : { ifMatch }),
  };
}

function resultOf({ size, version }: ObjectAttrs): TraceResult {
  return { size, version };
}

function noResult(): TraceResult {
  return {};
}
