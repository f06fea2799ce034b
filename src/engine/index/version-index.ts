/**
 * Which versions a name has: the head (the current version) and the history behind it.
 *
 * A version's row moves from head to history when it is superseded. A head's key holds the LSN of
 * the operation that promoted it, as removing the newest version promotes an older one again; so no
 * key ever gets another value, with one exception: a lock is written into the row of its version,
 * and a longer one over it (docs/decisions/0016). A delete marker is history from the start: a
 * name whose newest version is one has no head.
 *
 * @module
 */

import { Reader, Writer } from '../../base/bytes.ts';
import type { Lsn, ObjectVersion, Point, Version } from '../model.ts';
import type { IndexChange, IndexReader } from './index-store.ts';
import { afterPrefix, decodeNameKey, nameGroup, newestFirst, type IndexKey } from './keys.ts';
import { decodeVersion, encodeVersion } from './records.ts';

/** The current version of a name, and since when it is current. */
export interface Head {
  readonly promotedLsn: Lsn;
  readonly version: ObjectVersion;
}

/** The head of a name, if it has one. */
export async function headOf(
  reader: IndexReader,
  bucketId: number,
  name: string,
): Promise<Head | undefined> {
  const pointer = await reader.get({ group: nameGroup('p', bucketId, name), suffix: '' });
  if (pointer === undefined) return undefined;
  const promotedLsn = new Reader(pointer, 'a name in the index').varint();
  const version = await headPromotedBy(reader, bucketId, name, promotedLsn);
  if (version !== undefined) return { promotedLsn, version };
  // LevelDB gave an old pointer (docs/durability.md): the rows themselves know.
  const [row] = await reader.under(nameGroup('h', bucketId, name), 1);
  if (row === undefined) return undefined;
  const { lsn } = decodeNameKey(row.key);
  return { promotedLsn: lsn, version: decodeVersion(row.value) as ObjectVersion };
}

/** The head that the operation of this LSN made, if it still is one. */
export async function headPromotedBy(
  reader: IndexReader,
  bucketId: number,
  name: string,
  promotedLsn: Lsn,
): Promise<ObjectVersion | undefined> {
  const value = await reader.get(headKey(bucketId, name, promotedLsn));
  return value === undefined ? undefined : (decodeVersion(value) as ObjectVersion);
}

/** A version by its number: head or history. */
export async function versionOf(
  reader: IndexReader,
  bucketId: number,
  name: string,
  lsn: Lsn,
): Promise<Version | undefined> {
  const historic = await historicVersion(reader, bucketId, name, lsn);
  if (historic !== undefined) return historic;
  const head = await headOf(reader, bucketId, name);
  return head?.version.lsn === lsn ? head.version : undefined;
}

/** A superseded version or a delete marker by its number. */
export async function historicVersion(
  reader: IndexReader,
  bucketId: number,
  name: string,
  lsn: Lsn,
): Promise<Version | undefined> {
  const key = { group: nameGroup('v', bucketId, name), suffix: newestFirst(lsn) };
  const value = await reader.get(key);
  return value === undefined ? undefined : decodeVersion(value);
}

/** Superseded versions and delete markers of a name, newest first, from `below` on downward. */
export async function history(
  reader: IndexReader,
  bucketId: number,
  name: string,
  limit: number,
  below?: Lsn,
): Promise<Version[]> {
  const group = nameGroup('v', bucketId, name);
  const after = below === undefined ? '' : `${newestFirst(below)}\0`;
  const rows = await reader.range({
    gte: group + after,
    lt: afterPrefix(group),
    limit,
  });
  return rows.map(({ value }) => decodeVersion(value));
}

/** What was current at a point: `undefined` if nothing, or if it was deleted. */
export async function currentAsOf(
  reader: IndexReader,
  bucketId: number,
  name: string,
  point: Point,
): Promise<ObjectVersion | undefined> {
  const head = await headOf(reader, bucketId, name);
  if (head !== undefined && isNotAfter(head.version, point)) return head.version;
  const pageSize = 100;
  let below: Lsn | undefined;
  for (;;) {
    const page = await history(reader, bucketId, name, pageSize, below);
    const found = page.find((version) => isNotAfter(version, point));
    if (found !== undefined) return found.kind === 'object' ? found : undefined;
    if (page.length < pageSize) return undefined;
    below = page.at(-1)?.lsn;
  }
}

/** Whether a version was there already at a point. */
export function isNotAfter(version: Version, point: Point): boolean {
  return 'lsn' in point ? version.lsn <= point.lsn : version.timeMs <= point.timeMs;
}

/** Makes a version the head. */
export function putHead(
  bucketId: number,
  name: string,
  promotedLsn: Lsn,
  version: ObjectVersion,
): IndexChange[] {
  return [
    headChange(bucketId, name, promotedLsn, version),
    pointerChange(bucketId, name, promotedLsn),
  ];
}

/** Says which head a name has. */
export function pointerChange(bucketId: number, name: string, promotedLsn: Lsn): IndexChange {
  const value = new Writer().varint(promotedLsn).finish();
  return { group: nameGroup('p', bucketId, name), suffix: '', value };
}

/** The row of a head. Only a lock puts it again, with nothing else changed. */
export function headChange(
  bucketId: number,
  name: string,
  promotedLsn: Lsn,
  version: ObjectVersion,
): IndexChange {
  return { ...headKey(bucketId, name, promotedLsn), value: encodeVersion(version) };
}

/** Takes a head away, and with it the pointer: {@link putHead} may set it anew. */
export function deleteHead(bucketId: number, name: string, promotedLsn: Lsn): IndexChange[] {
  return [
    { ...headKey(bucketId, name, promotedLsn), value: undefined },
    { group: nameGroup('p', bucketId, name), suffix: '', value: undefined },
  ];
}

function headKey(bucketId: number, name: string, promotedLsn: Lsn): IndexKey {
  return { group: nameGroup('h', bucketId, name), suffix: newestFirst(promotedLsn) };
}

/** Puts a version into the history, or with none deletes it there. */
export function historyChange(
  bucketId: number,
  name: string,
  lsn: Lsn,
  version: Version | undefined,
): IndexChange {
  const group = nameGroup('v', bucketId, name);
  const value = version === undefined ? undefined : encodeVersion(version);
  return { group, suffix: newestFirst(lsn), value };
}
