/**
 * What a removal for good would free, before it is done.
 *
 * Errors: `NOT_FOUND` for an object or version that is not there, `INVALID`, `TypeError`,
 * `PERMISSION`, `ABORTED`, `CLOSED`.
 *
 * @module
 */

import { objectNotFound } from '../base/errors.ts';
import { listPageEntries } from '../base/limits.ts';
import type { Engine } from '../engine/engine.ts';
import type { BucketRecord, Lsn, ObjectVersion, Version } from '../engine/model.ts';
import { checkObject, checkOptionalObject, checkOptionalSignal } from './checks.ts';
import { rangeOfName } from './listing.ts';
import type { ObjectOrVersion, WouldFree, WouldFreeOptions } from './options.ts';
import { checkPermission } from './permissions.ts';
import { checkVersionOptions } from './reading.ts';
import type { Scope } from './scope.ts';
import { decodeVersionId } from './version-id.ts';

interface Removed {
  readonly name: string;
  readonly version?: string | undefined;
}

/** Adds up what objects, with all their versions, and single versions alone consist of. */
export async function wouldFree(
  scope: Scope,
  objects: string | Iterable<ObjectOrVersion>,
  options: WouldFreeOptions = {},
): Promise<WouldFree> {
  checkPermission(scope, 'attrs');
  checkOptionalObject('options', options);
  checkOptionalSignal('signal', options.signal);
  const removed = [...(typeof objects === 'string' ? [objects] : objects)].map(removedOf);
  return scope.session.use(async (engine) => {
    const bucket = engine.bucket(scope.bucketName);
    const versions = versionsOf(engine, bucket, removed, scope.bucketName);
    return engine.pruner.wouldFree(versions, options.signal);
  });
}

function removedOf(object: ObjectOrVersion): Removed {
  if (typeof object === 'string') {
    checkVersionOptions(object, {});
    return { name: object };
  }
  checkObject('an entry of objects', object);
  const { name, version } = object;
  checkVersionOptions(name, { version });
  return { name, version };
}

/** The versions that are meant, each once. A delete marker consists of nothing. */
export async function* versionsOf(
  engine: Engine,
  bucket: BucketRecord | undefined,
  removed: readonly Removed[],
  bucketName: string,
): AsyncGenerator<ObjectVersion, void, undefined> {
  const seen = new Set<Lsn>();
  for (const { name, version: versionId } of removed) {
    let isThere = false;
    for await (const version of versionsNamed(engine, bucket, name, versionId)) {
      isThere = true;
      if (version.kind === 'deleteMarker' || seen.has(version.lsn)) continue;
      seen.add(version.lsn);
      yield version;
    }
    if (!isThere) throw objectNotFound({ key: name, bucket: bucketName, version: versionId });
  }
}

async function* versionsNamed(
  engine: Engine,
  bucket: BucketRecord | undefined,
  name: string,
  versionId: string | undefined,
): AsyncGenerator<Version, void, undefined> {
  if (bucket === undefined) return;
  if (versionId !== undefined && bucket.versioned) {
    const lsn = decodeVersionId(versionId);
    const version = lsn && (await engine.versions.version(bucket.id, name, lsn));
    if (version) yield version;
    return;
  }
  let after: { readonly name: string; readonly lsn: Lsn } | undefined;
  for (;;) {
    const range = rangeOfName(name);
    const page = await engine.versions.versions(bucket.id, range, listPageEntries, after);
    for (const { version } of page) yield version;
    const last = page.at(-1);
    if (last === undefined || page.length < listPageEntries) return;
    after = { name, lsn: last.version.lsn };
  }
}
