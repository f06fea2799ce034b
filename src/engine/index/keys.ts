/**
 * Keys of the index, in sort order. Pure functions.
 *
 * A key is a *group* and a *suffix*. All rows about one thing share a group (a chunk's location and
 * its references; the heads of a name), so that reading them is one short range and LevelDB stores
 * the group once. Keys are kept as binary strings, one character a byte: they compare as their
 * bytes do, and a `Map` can hold them.
 *
 * | group                              | suffix              | value             |
 * | ---------------------------------- | ------------------- | ----------------- |
 * | `b`                                | bucket id           | bucket            |
 * | `c` domain kind digest             | `l`                 | location          |
 * | `c` domain kind digest             | `r` parent          | –                 |
 * | `d`                                | lsn, chunk          | –                 |
 * | `h` bucket id, name, 00 00         | ~promoted lsn       | version           |
 * | `j`                                | lsn                 | –                 |
 * | `m`                                | name of a fact      | fact              |
 * | `p` bucket id, name, 00 00         | –                   | promoted lsn      |
 * | `v` bucket id, name, 00 00         | ~lsn                | version           |
 * | `x`                                | chunk, or place     | damage            |
 *
 * `h` holds current versions, `v` superseded ones and delete markers, so that a listing meets
 * current names only, however long their history. `p` says which row of `h` a name has, as a
 * synchronous get needs the whole key: it is the only row about names whose value changes, and a
 * stale one leads to a row that is gone, never to a wrong one (recent-keys.ts). LSNs are
 * complemented: the newest comes first. In names, 00 is written 00 FF, so that the terminator 00 00
 * sorts below every continuation, and names sort as their UTF-8 bytes.
 *
 * @module
 */

import { encodeUtf8, toBinaryString } from '../../base/bytes.ts';
import type { ChunkId, Lsn } from '../model.ts';

/** A key in its two parts. */
export interface IndexKey {
  readonly group: string;
  readonly suffix: string;
}

export const bucketsGroup = 'b';
export const candidatesGroup = 'd';
export const flushesGroup = 'j';
export const factsGroup = 'm';
export const damageGroup = 'x';

/** Families of rows about names. */
export type NameFamily = 'h' | 'p' | 'v';

const terminator = '\0\0';

/** The group of a chunk. */
export function chunkGroup(id: ChunkId): string {
  const kind = id.kind === 'node' ? '\x01' : '\0';
  return `c${u32(id.domain)}${kind}${toBinaryString(id.digest)}`;
}

/** What the key of a row about a chunk says, besides which chunk. */
export function chunkKeyParts(key: string): { readonly isNode: boolean; readonly suffix: string } {
  const kindAt = 1 + 4;
  return { isNode: key.charCodeAt(kindAt) === 1, suffix: key.slice(kindAt + 1 + 32) };
}

/** The group of a name. */
export function nameGroup(family: NameFamily, bucketId: number, name: string): string {
  return `${familyPrefix(family, bucketId)}${escapeName(name)}${terminator}`;
}

/** What all keys of a family in a bucket begin with. */
export function familyPrefix(family: NameFamily, bucketId: number): string {
  return family + u32(bucketId);
}

/** A name, or the beginning of one, as it stands in keys. */
export function escapeName(name: string): string {
  if (isPlain.test(name)) return name;
  return toBinaryString(encodeUtf8(name)).replaceAll('\0', '\0\xff');
}

/** Of such a name each character is a byte, and none is escaped. */
const isPlain = /^[ -~]*$/;

/** The bucket in a key of a family. */
export function decodeBucketId(key: string): number {
  return u32At(key, 1);
}

/** The name in a key of a family, and the LSN in its suffix. */
export function decodeNameKey(key: string): { readonly name: string; readonly lsn: Lsn } {
  const nameStart = 1 + 4;
  const lsnStart = key.length - 8;
  const escaped = key.slice(nameStart, lsnStart - terminator.length);
  return { name: binaryToName(escaped), lsn: decodeNewestFirst(key.slice(lsnStart)) };
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function binaryToName(escaped: string): string {
  if (isPlain.test(escaped)) return escaped;
  const binary = escaped.replaceAll('\0\xff', '\0');
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return decoder.decode(bytes);
}

/** The least key that is greater than every key that begins with `prefix`. */
export function afterPrefix(prefix: string): string {
  let end = prefix.length;
  while (end > 0 && prefix.charCodeAt(end - 1) === 0xff) end--;
  // An empty prefix has no successor; no family begins with FF.
  if (end === 0) return '\xff';
  return prefix.slice(0, end - 1) + String.fromCharCode(prefix.charCodeAt(end - 1) + 1);
}

/** Four bytes, big-endian. */
export function u32(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** Eight bytes, big-endian: LSNs in their order. */
export function oldestFirst(lsn: Lsn): string {
  return u32(Math.floor(lsn / 2 ** 32)) + u32(lsn % 2 ** 32);
}

/** Eight bytes, big-endian, complemented: the newest LSN first. */
export function newestFirst(lsn: Lsn): string {
  const high = Math.floor(lsn / 2 ** 32);
  return u32(~high >>> 0) + u32(~(lsn % 2 ** 32) >>> 0);
}

/** The LSN of an {@link oldestFirst}. */
export function decodeOldestFirst(bytes: string): Lsn {
  return u32At(bytes, 0) * 2 ** 32 + u32At(bytes, 4);
}

function decodeNewestFirst(bytes: string): Lsn {
  return (~u32At(bytes, 0) >>> 0) * 2 ** 32 + (~u32At(bytes, 4) >>> 0);
}

function u32At(bytes: string, at: number): number {
  const [a, b] = [bytes.charCodeAt(at), bytes.charCodeAt(at + 1)];
  const [c, d] = [bytes.charCodeAt(at + 2), bytes.charCodeAt(at + 3)];
  return a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
}
