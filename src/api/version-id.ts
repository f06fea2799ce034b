/**
 * Version ids as callers see them: an opaque text for the log sequence number of a commit.
 *
 * Eleven characters of Crockford's base32 in lower case (digits and letters without i, l, o, u),
 * most significant first. The width is fixed and the alphabet ascends, so ids sort in commit order
 * as plain strings do. Eleven because 53 bits need it: an LSN is a safe integer.
 *
 * A text that no commit can have is not an error here but `undefined`: for a caller, a malformed id
 * and the id of a version that is gone are the same, a version that does not exist.
 *
 * @module
 */

import type { Lsn } from '../engine/model.ts';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const idLength = 11;

/** The id of a version. */
export function encodeVersionId(lsn: Lsn): string {
  let id = '';
  let rest = lsn;
  for (let i = 0; i < idLength; i++) {
    id = alphabet.charAt(rest % 32) + id;
    rest = Math.floor(rest / 32);
  }
  return id;
}

/** The log sequence number behind an id, or `undefined` if it is none of ours. */
export function decodeVersionId(id: string): Lsn | undefined {
  if (id.length !== idLength) return undefined;
  let lsn = 0;
  for (const character of id) {
    const digit = alphabet.indexOf(character);
    if (digit < 0) return undefined;
    lsn = lsn * 32 + digit;
  }
  return Number.isSafeInteger(lsn) ? lsn : undefined;
}
