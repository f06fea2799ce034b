/**
 * The etag of a version: the name of its content.
 *
 * It depends on the content alone. Content of one chunk has its SHA-256, in hexadecimal; larger
 * content has the name of its manifest's root and the root's level. The level keeps apart a tree
 * and an upload whose bytes happen to be a node of that tree. Whether the content is stored as it
 * came, or inflated, does not show.
 *
 * @module
 */

import { toHex } from '../base/bytes.ts';
import type { ObjectVersion } from './model.ts';

/** Unquoted; 64 hexadecimal digits, and for larger content a dash and the level. */
export function etagOf({ root, seenThrough }: Pick<ObjectVersion, 'root' | 'seenThrough'>): string {
  const { id, level } = seenThrough?.uploadRoot ?? root;
  const digest = toHex(id.digest);
  return level === 0 ? digest : `${digest}-${level}`;
}
