/**
 * Which versions a name has: the head (the current version) and the history behind it.
 *
 * A version's row moves from head to history when it is superseded. A head's key holds the LSN of the
 * operation that promoted it, as removing the newest version promotes an older one again; so no key
 * ever gets another value. A delete marker is history from the start: a name whose newest version is
 * one has no head.
 *
 * @module
 */

import type { Lsn, ObjectVersion, Point, Version } from '../model.ts';
import type { IndexChange, IndexReader } from './index-store.ts';
import { afterPrefix, decodeNameKey, nameGroup, newestFirst } from './keys.ts';
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
  const [row] = await reader.under(nameGroup('h', bucketId, name), 1);
  if (row === undefined) return undefined;
  const { lsn: promotedLsn } = decodeNameKey(row.key);
  return { promotedLsn, version: decodeVersion(row.value) as ObjectVersion };
}

/** The head that the operation of this LSN made, if it still is one. */
export async function headPromotedBy(
  reader: IndexReader,
  bucketId: number,
  name: string,
  promotedLsn: Lsn,
): Promise<ObjectVersion | undefined> {
  const key = { group: nameGroup('h', bucketId, name), suffix: newestFirst(promotedLsn) };
  const value = await reader.get(key);
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

/** Puts a head, or with no version deletes it. */
export function headChange(
  bucketId: number,
  name: string,
  promotedLsn: Lsn,
  version: ObjectVersion | undefined,
): IndexChange {
  const group = nameGroup('h', bucketId, name);
  const value = version === undefined ? undefined : encodeVersion(version);
  return { group, suffix: newestFirst(promotedLsn), value };
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
