/**
 * Pages of names, in the order of their UTF-8 bytes.
 *
 * Nothing is held between pages: each begins again at a key. So a listing costs LevelDB no
 * snapshot, and every name that is there throughout is listed exactly once, whatever is written
 * meanwhile.
 *
 * Current names are one range of heads. As of a point in the past, heads and history are merged,
 * and the newest version that is not after the point decides.
 *
 * @module
 */

import type { Lsn, NamedVersion, NameRange, ObjectVersion, Point, Version } from '../model.ts';
import { listPageEntries } from '../../base/limits.ts';
import type { KeyRange, Row } from './database.ts';
import type { IndexReader } from './index-store.ts';
import {
  afterPrefix,
  decodeNameKey,
  escapeName,
  familyPrefix,
  nameGroup,
  newestFirst,
  type NameFamily,
} from './keys.ts';
import { decodeVersion } from './records.ts';
import { isNotAfter } from './version-index.ts';

/** A range of names as they stand in keys: from `from` on, before `to`. */
export interface Bounds {
  readonly from: string;
  readonly to: string;
}

const afterAllNames = '\xff';

/** Such a range, as a caller asks for it. */
export function boundsOf(range: NameRange): Bounds {
  const prefix = escapeName(range.prefix ?? '');
  const bounds = { from: prefix, to: prefix === '' ? afterAllNames : afterPrefix(prefix) };
  if (range.startAfter !== undefined) {
    bounds.from = greater(bounds.from, `${escapeName(range.startAfter)}\0\x01`);
  }
  if (range.endBefore !== undefined) {
    const end = escapeName(range.endBefore);
    if (end < bounds.to) bounds.to = end;
  }
  return bounds;
}

/** A page of names with their current version. */
export async function listNames(
  reader: IndexReader,
  bucketId: number,
  range: NameRange,
  limit: number,
  asOf?: Point,
): Promise<NamedVersion<ObjectVersion>[]> {
  return listWithin(reader, bucketId, boundsOf(range), limit, {
    reverse: range.reverse ?? false,
    asOf,
  });
}

/** Which way a listing goes, and as of when. */
export interface Direction {
  readonly reverse: boolean;
  readonly asOf: Point | undefined;
}

/** A page of what is left of a range. */
export async function listWithin(
  reader: IndexReader,
  bucketId: number,
  bounds: Bounds,
  limit: number,
  { reverse, asOf }: Direction,
): Promise<NamedVersion<ObjectVersion>[]> {
  if (asOf !== undefined) {
    return listAsOf(reader, bucketId, bounds, limit, { reverse, asOf });
  }
  return (await reader.range({ ...headRange(bucketId, bounds, reverse), limit })).map(headIn);
}

/** The rows of current versions in a range. */
export function headRange(bucketId: number, { from, to }: Bounds, reverse: boolean): HeadRange {
  const prefix = familyPrefix('h', bucketId);
  return { gte: prefix + from, lt: prefix + to, reverse };
}

type HeadRange = Omit<KeyRange, 'limit'>;

/** What such a row says. */
export function headIn({ key, value }: Row): NamedVersion<ObjectVersion> {
  return { name: decodeNameKey(key).name, version: decodeVersion(value) as ObjectVersion };
}

async function listAsOf(
  reader: IndexReader,
  bucketId: number,
  bounds: Bounds,
  limit: number,
  { reverse, asOf }: { readonly reverse: boolean; readonly asOf: Point },
): Promise<NamedVersion<ObjectVersion>[]> {
  const page: NamedVersion<ObjectVersion>[] = [];
  let decided: string | undefined;
  if (limit === 0) return page;
  for await (const { name, version } of allVersions(reader, bucketId, bounds, reverse)) {
    if (name === decided || !isNotAfter(version, asOf)) continue;
    decided = name;
    if (version.kind === 'deleteMarker') continue;
    page.push({ name, version });
    if (page.length === limit) break;
  }
  return page;
}

/** What is left of a range behind a name. */
export function pastName(bounds: Bounds, name: string, reverse: boolean): Bounds {
  const escaped = escapeName(name);
  return reverse
    ? { from: bounds.from, to: escaped }
    : { from: greater(bounds.from, `${escaped}\0\x01`), to: bounds.to };
}

/** A page of all versions: by name, and newest first within a name. */
export async function listVersions(
  reader: IndexReader,
  bucketId: number,
  range: NameRange,
  limit: number,
  after?: { readonly name: string; readonly lsn: Lsn },
): Promise<(NamedVersion & { readonly isLatest: boolean })[]> {
  const bounds = boundsOf(range);
  const page: (NamedVersion & { readonly isLatest: boolean })[] = [];
  if (limit === 0) return page;
  let from = bounds;
  if (after !== undefined) {
    const { name, lsn } = after;
    for await (const version of versionsOfName(reader, bucketId, name, lsn)) {
      page.push({ name, version, isLatest: false });
      if (page.length === limit) return page;
    }
    from = pastName(bounds, name, range.reverse ?? false);
  }
  let previousName: string | undefined;
  for await (const entry of allVersions(reader, bucketId, from, range.reverse ?? false)) {
    page.push({ ...entry, isLatest: entry.name !== previousName });
    previousName = entry.name;
    if (page.length === limit) break;
  }
  return page;
}

/** A page of superseded versions and delete markers: by name, and newest first within a name. */
export async function listHistory(
  reader: IndexReader,
  bucketId: number,
  limit: number,
  after?: NamedVersion,
): Promise<NamedVersion[]> {
  const prefix = familyPrefix('v', bucketId);
  const gte =
    after === undefined
      ? prefix
      : `${nameGroup('v', bucketId, after.name)}${newestFirst(after.version.lsn)}\0`;
  const rows = await reader.range({ gte, lt: afterPrefix(prefix), limit });
  return rows.map(({ key, value }) => {
    return { name: decodeNameKey(key).name, version: decodeVersion(value) };
  });
}

/** All versions in a range of names; `reverse` turns the names, not the versions of one. */
async function* allVersions(
  reader: IndexReader,
  bucketId: number,
  bounds: Bounds,
  reverse: boolean,
): AsyncGenerator<NamedVersion> {
  if (!reverse) {
    yield* forward(reader, bucketId, bounds);
    return;
  }
  let { to } = bounds;
  while (bounds.from < to) {
    const name = await lastName(reader, bucketId, { from: bounds.from, to });
    if (name === undefined) return;
    for await (const version of versionsOfName(reader, bucketId, name)) yield { name, version };
    to = escapeName(name);
  }
}

/** Merges heads and history: a name's head comes before its history, and both are sorted. */
async function* forward(
  reader: IndexReader,
  bucketId: number,
  bounds: Bounds,
): AsyncGenerator<NamedVersion> {
  const heads = rowsOf(reader, 'h', bucketId, bounds);
  const past = rowsOf(reader, 'v', bucketId, bounds);
  let [head, older] = [await heads.next(), await past.next()];
  while (head.done !== true || older.done !== true) {
    const takeHead =
      older.done === true || (head.done !== true && head.value.sortKey <= older.value.sortKey);
    if (takeHead) {
      yield (head.value as SortedVersion).entry;
      head = await heads.next();
    } else {
      yield (older.value as SortedVersion).entry;
      older = await past.next();
    }
  }
}

interface SortedVersion {
  /** The escaped name: what heads and history share. */
  readonly sortKey: string;
  readonly entry: NamedVersion;
}

async function* rowsOf(
  reader: IndexReader,
  family: NameFamily,
  bucketId: number,
  bounds: Bounds,
): AsyncGenerator<SortedVersion, undefined> {
  const prefix = familyPrefix(family, bucketId);
  let gte = prefix + bounds.from;
  let limit = 16;
  for (;;) {
    const rows = await reader.range({ gte, lt: prefix + bounds.to, limit });
    for (const { key, value } of rows) {
      const { name } = decodeNameKey(key);
      const sortKey = key.slice(prefix.length, key.length - 8);
      yield { sortKey, entry: { name, version: decodeVersion(value) } };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return undefined;
    gte = `${last.key}\0`;
    limit = Math.min(limit * 4, listPageEntries);
  }
}

/** Versions of one name, newest first; `below`: only those before this one. */
async function* versionsOfName(
  reader: IndexReader,
  bucketId: number,
  name: string,
  below?: Lsn,
): AsyncGenerator<Version> {
  const escaped = `${escapeName(name)}\0\0`;
  const bounds = { from: escaped, to: afterPrefix(escaped) };
  if (below === undefined) {
    for await (const { version } of forward(reader, bucketId, bounds)) yield version;
    return;
  }
  // A version below another is never the head.
  const from = `${escaped}${newestFirst(below)}\0`;
  const past = rowsOf(reader, 'v', bucketId, { from, to: bounds.to });
  for await (const { entry } of past) yield entry.version;
}

async function lastName(
  reader: IndexReader,
  bucketId: number,
  bounds: Bounds,
): Promise<string | undefined> {
  const names: string[] = [];
  for (const family of ['h', 'v'] as const) {
    const prefix = familyPrefix(family, bucketId);
    const range = { gte: prefix + bounds.from, lt: prefix + bounds.to, reverse: true, limit: 1 };
    const [row] = await reader.range(range);
    if (row !== undefined) names.push(decodeNameKey(row.key).name);
  }
  return names.sort((a, b) => (escapeName(a) < escapeName(b) ? -1 : 1)).at(-1);
}

/** The greater of two keys. */
export function greater(a: string, b: string): string {
  return a > b ? a : b;
}
