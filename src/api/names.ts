/**
 * Which names objects and buckets may have.
 *
 * An object may be called anything that is 1 to 1024 bytes of well-formed UTF-8: no character means
 * anything, `/` included. Buckets follow Encore's rule, which is also what a host name and every S3
 * client accept: lower-case letters, digits and hyphens, a letter first and no hyphen last.
 *
 * Errors: `INVALID`, and `TypeError` for what is no string.
 *
 * @module
 */

import { encodeUtf8 } from '../base/bytes.ts';
import { objectNameBytesMax } from '../base/limits.ts';
import { checkString, checkText, invalidArgument } from './checks.ts';

const bucketName = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const bucketNameLengthMax = 63;

/** Throws unless an object may have this name. */
export function checkObjectName(name: unknown, argument = 'name'): asserts name is string {
  checkText(argument, name);
  if (name === '') throw invalidArgument(`${argument} must not be empty`);
  // A character takes at most three bytes in UTF-8 (one of a pair, two), so most names need no
  // count.
  if (name.length * 3 <= objectNameBytesMax) return;
  const bytes = encodeUtf8(name).length;
  if (bytes > objectNameBytesMax) {
    throw invalidArgument(`${argument} must have at most ${objectNameBytesMax} bytes of UTF-8`, {
      bytes,
    });
  }
}

/** Throws unless a bucket may have this name. */
export function checkBucketName(name: unknown, argument = 'name'): asserts name is string {
  checkString(argument, name);
  if (name.length > bucketNameLengthMax || !bucketName.test(name)) {
    throw invalidArgument(
      `${argument} must be lower-case letters, digits and hyphens, begin with a letter, ` +
        `not end with a hyphen, and have at most ${bucketNameLengthMax} characters`,
      { bucket: name },
    );
  }
}
