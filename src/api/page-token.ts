/**
 * Where a listing goes on: the token between two pages.
 *
 * Opaque to callers: JSON in base64url (RFC 4648), so that it passes through URLs. It names the
 * last entry shown, not a place in the index, so it never expires and needs no state in the store:
 * what is written or removed meanwhile is seen or missed like anything else behind that name.
 *
 * Errors: `INVALID` for a text that is no token, `TypeError` for what is no string.
 *
 * @module
 */

import { decodeUtf8, encodeUtf8, toBinaryString } from '../base/bytes.ts';
import { checkString, invalidArgument } from './checks.ts';

/** The place behind the last entry of a page. */
export interface PagePosition {
  /** What the entry was: an object, or all names that begin with a text. */
  readonly kind: 'name' | 'group';
  readonly text: string;
  /** How many entries the caller's limit still allows; absent without a limit. */
  readonly remaining?: number;
}

/** The token of a place. */
export function encodePageToken(position: PagePosition): string {
  const { kind, text, remaining } = position;
  const fields = remaining === undefined ? [kind, text] : [kind, text, remaining];
  return btoa(toBinaryString(encodeUtf8(JSON.stringify(fields))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** The place of a token. */
export function decodePageToken(token: string): PagePosition {
  checkString('pageToken', token);
  const fields = fieldsOf(token);
  const [kind, text, remaining] = fields;
  if ((kind !== 'name' && kind !== 'group') || typeof text !== 'string') throw malformed(token);
  if (remaining === undefined) return { kind, text };
  if (typeof remaining !== 'number' || !Number.isSafeInteger(remaining) || remaining < 0) {
    throw malformed(token);
  }
  return { kind, text, remaining };
}

function fieldsOf(token: string): readonly unknown[] {
  // `atob` would take white space and padding too; a token has neither.
  if (!/^[-_A-Za-z0-9]+$/.test(token)) throw malformed(token);
  try {
    const binary = atob(token.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const fields: unknown = JSON.parse(decodeUtf8(bytes));
    return Array.isArray(fields) ? fields : [];
  } catch {
    throw malformed(token);
  }
}

function malformed(token: string): Error {
  return invalidArgument('pageToken is none that a listing returned', { pageToken: token });
}
