/**
 * URLs of objects, for people who have no handle. They need a server, and this package has none
 * yet, so all that is decided here is how a call that can never work is told from one that will.
 *
 * Errors: `INVALID` for a bucket that is not public and a `ttl` out of bounds, else `UNSUPPORTED`.
 *
 * @module
 */

import { ObjectsError } from '../base/errors.ts';
import { checkOptionalObject, invalidArgument, wrongType } from './checks.ts';
import { checkObjectName } from './names.ts';
import type { SignedUrl, SignedUrlOptions } from './options.ts';
import { checkPermission } from './permissions.ts';
import type { Scope } from './scope.ts';

/** A week: what S3 and Google Cloud Storage allow too. */
const ttlSecondsMax = 604_800;
const ttlSecondsDefault = 3600;

/** Where anybody may read an object of a public bucket. */
export function publicUrlOf(scope: Scope, name: string): string {
  checkPermission(scope, 'public-url');
  checkObjectName(name);
  const record = scope.session.engineIfOpen?.bucket(scope.bucketName);
  if (!(scope.declared.public ?? record?.public)) {
    throw new ObjectsError('bucket is not public', { code: 'INVALID' });
  }
  throw needsServer('publicUrl');
}

/** Where anybody may store or read one object, for a time. */
export async function signedUrlOf(
  scope: Scope,
  permission: 'signed-upload' | 'signed-download',
  name: string,
  options: SignedUrlOptions = {},
): Promise<SignedUrl> {
  checkPermission(scope, permission);
  checkObjectName(name);
  checkOptionalObject('options', options);
  const { ttl = ttlSecondsDefault } = options;
  if (typeof ttl !== 'number') throw wrongType('ttl', 'a number', ttl);
  if (!(ttl >= 1 && ttl <= ttlSecondsMax)) {
    throw invalidArgument(`ttl must be from 1 to ${ttlSecondsMax} seconds`, { ttl: String(ttl) });
  }
  throw needsServer('a signed URL');
}

function needsServer(what: string): ObjectsError {
  return new ObjectsError(`${what} needs a server, and this store has none`, {
    code: 'UNSUPPORTED',
  });
}
