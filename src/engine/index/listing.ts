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
interface Bounds {
  readonly from: string;
  readonly to: string;
}

const afterAllNames = '\xff';

function boundsOf(range: NameRange): Bounds {
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

interface Direction {
  readonly reverse: boolean;
  readonly asOf: Point | undefined;
}

async function listWithin(
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

function headRange(bucketId: number, { from, to }: Bounds, reverse: boolean): HeadRange {
  const prefix = familyPrefix('h', bucketId);
  return { gte: prefix + from, lt: prefix + to, reverse };
}

type HeadRange = Omit<KeyRange, 'limit'>;

function headIn({ key, value }: Row): NamedVersion<ObjectVersion> {
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

/** A page of names rolled up to the first delimiter behind the prefix. */
export async function listGroups(
  reader: IndexReader,
  bucketId: number,
  range: NameRange,
  roll: { readonly delimiter: string; readonly limit: number; readonly asOf?: Point | undefined },
): Promise<GroupedName[]> {
  const bounds = boundsOf(range);
  if (bounds.from >= bounds.to) return [];
  const direction = { reverse: range.reverse ?? false, asOf: roll.asOf };
  if (roll.asOf !== undefined) {
    const entriesIn: EntriesIn = (left, count) =>
      listWithin(reader, bucketId, left, count, direction);
    return rollUp(entriesIn, bounds, range, roll);
  }
  const heads = reader.cursor(headRange(bucketId, bounds, direction.reverse));
  try {
    const entriesIn: EntriesIn = async (left, count) => {
      const { gte, lt, reverse } = headRange(bucketId, left, direction.reverse);
      return (await heads.rows(reverse === true ? lt : gte, count)).map(headIn);
    };
    return await rollUp(entriesIn, bounds, range, roll);
  } finally {
    await heads.close();
  }
}

/** The first so many names of what is left of a range. */
type EntriesIn = (left: Bounds, count: number) => Promise<NamedVersion<ObjectVersion>[]>;

/** A name, or a group of them. */
export type GroupedName = NamedVersion<ObjectVersion> | { readonly group: string };

async function rollUp(
  entriesIn: EntriesIn,
  within: Bounds,
  { prefix = '', reverse = false }: NameRange,
  { delimiter, limit }: { readonly delimiter: string; readonly limit: number },
): Promise<GroupedName[]> {
  const page: GroupedName[] = [];
  let bounds = within;
  // One row is read while groups come, as the rest of them are passed over; more while names come.
  let readCount = 1;
  while (page.length < limit && bounds.from < bounds.to) {
    const entries = await entriesIn(bounds, readCount);
    let group: string | undefined;
    for (const entry of entries) {
      if (page.length === limit) break;
      group = groupOf(entry.name, prefix, delimiter);
      if (group !== undefined) break;
      page.push(entry);
    }
    if (group !== undefined) {
      page.push({ group });
      bounds = pastGroup(bounds, group, reverse);
      readCount = 1;
      continue;
    }
    const last = entries.at(-1);
    if (entries.length < readCount || last === undefined) break;
    bounds = pastName(bounds, last.name, reverse);
    readCount = Math.min(readCount * 4, listPageEntries);
  }
  return page;
}

function groupOf(name: string, prefix: string, delimiter: string): string | undefined {
  const at = name.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : name.slice(0, at + delimiter.length);
}

function pastGroup(bounds: Bounds, group: string, reverse: boolean): Bounds {
  const escaped = escapeName(group);
  return reverse
    ? { from: bounds.from, to: escaped }
    : { from: greater(bounds.from, afterPrefix(escaped)), to: bounds.to };
}

function pastName(bounds: Bounds, name: string, reverse: boolean): Bounds {
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

function greater(a: string, b: string): string {
  return a > b ? a : b;
}
