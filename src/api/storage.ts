/**
 * What versions take, asked of a store or of a part of a bucket.
 *
 * Errors: `NOT_FOUND` for an object or version that is not there, `INVALID`, `TypeError`,
 * `PERMISSION`, `CORRUPT`, `ABORTED`, `CLOSED`.
 *
 * @module
 */

import { listPageEntries } from '../base/limits.ts';
import type { Engine } from '../engine/engine.ts';
import type { BucketRecord, Lsn, NameRange, ObjectVersion } from '../engine/model.ts';
import {
  checkOptionalFunction,
  checkOptionalObject,
  checkOptionalSignal,
  checkOptionalText,
  invalidArgument,
} from './checks.ts';
import { checkPermission } from './permissions.ts';
import { checkVersionOptions } from './reading.ts';
import type { LongOptions, StorageOptions, StorageReport } from './reports.ts';
import type { Scope } from './scope.ts';
import { versionsOf } from './would-free.ts';

/** Throws `TypeError` for what are no options of a long operation. */
export function checkLongOptions(options: LongOptions): void {
  checkOptionalObject('options', options);
  checkOptionalSignal('signal', options.signal);
  checkOptionalFunction('onProgress', options.onProgress);
}

/** What all versions of a store take. */
export async function storageOfStore(engine: Engine, options: LongOptions): Promise<StorageReport> {
  return report(engine, everyVersion(engine), options);
}

/** What the versions of a bucket take, or some of them. */
export async function storageOf(
  scope: Scope,
  options: StorageOptions = {},
): Promise<StorageReport> {
  checkPermission(scope, 'attrs');
  checkLongOptions(options);
  const { name, version, prefix, signal, onProgress } = options;
  checkOptionalText('prefix', prefix);
  if (name === undefined) {
    // Whoever may ask for any prefix finds out which names there are.
    checkPermission(scope, 'list');
    if (version !== undefined) throw invalidArgument('a version is one of a name', { version });
  } else {
    if (prefix !== undefined) throw invalidArgument('a name has no prefix', { name, prefix });
    checkVersionOptions(name, { version });
  }
  return scope.session.useLong(async (engine, stop) => {
    const bucket = engine.bucket(scope.bucketName);
    const versions =
      name === undefined
        ? versionsWithin(engine, bucket, prefix === undefined ? {} : { prefix })
        : versionsOf(engine, bucket, [{ name, version }], scope.bucketName);
    return report(engine, versions, { signal: stop, onProgress });
  }, signal);
}

async function report(
  engine: Engine,
  versions: AsyncIterable<ObjectVersion>,
  options: LongOptions,
): Promise<StorageReport> {
  const footprint = await engine.footprint(versions, options);
  return { ...footprint, sharedBytes: footprint.storedBytes - footprint.ownBytes };
}

async function* everyVersion(engine: Engine): AsyncGenerator<ObjectVersion, void, undefined> {
  for (const bucket of engine.buckets()) yield* versionsWithin(engine, bucket, {});
}

async function* versionsWithin(
  engine: Engine,
  bucket: BucketRecord | undefined,
  range: NameRange,
): AsyncGenerator<ObjectVersion, void, undefined> {
  if (bucket === undefined) return;
  let after: { readonly name: string; readonly lsn: Lsn } | undefined;
  for (;;) {
    const page = await engine.versions.versions(bucket.id, range, listPageEntries, after);
    for (const { version } of page) if (version.kind === 'object') yield version;
    const last = page.at(-1);
    if (last === undefined || page.length < listPageEntries) return;
    after = { name: last.name, lsn: last.version.lsn };
  }
}
