/**
 * Pages of names that are rolled up to groups.
 *
 * Of a group only its first row is read, and the rest is passed over. To move an iterator and to
 * read one row takes a way to LevelDB's thread and back each time, and most of that is to wake the
 * thread. So where a page was listed before, its range is cut at groups that were seen then, and
 * the stretches are walked in step (rounds.ts). Where the cuts are decides how long a listing
 * takes, and nothing else: a group that is gone by now is as good a place to cut as any, as no
 * group lies on both sides of where another one begins.
 *
 * @module
 */

import type { NamedVersion, NameRange, ObjectVersion, Point } from '../model.ts';
import { listPageEntries, splitPointsBytesMax } from '../../base/limits.ts';
import { RecentMap } from '../../base/recent-map.ts';
import type { Cursor } from './cursor.ts';
import type { IndexReader } from './index-store.ts';
import { afterPrefix, escapeName } from './keys.ts';
import {
  boundsOf,
  greater,
  headIn,
  headRange,
  listWithin,
  pastName,
  type Bounds,
} from './listing.ts';
import { Rounds } from './rounds.ts';

/** A name, or a group of them. */
export type GroupedName = NamedVersion<ObjectVersion> | { readonly group: string };

/** How names are rolled up: to the first delimiter behind the prefix. */
export interface Roll {
  readonly delimiter: string;
  readonly limit: number;
  readonly asOf?: Point | undefined;
}

/** So many stretches are walked in step; twice as many are no faster. */
const stretchesMax = 16;

/** Shorter ones are not worth a walk of their own. */
const stretchGroupsMin = 4;

/** What a split point takes besides its characters. */
const splitPointBytes = 32;

export class GroupListing {
  /** Of pages that were listed: where some of their groups begin, in the order of the listing. */
  readonly #splitPoints = new RecentMap<readonly string[]>(splitPointsBytesMax, (points, key) =>
    points.reduce((sum, point) => sum + splitPointBytes + point.length, key.length),
  );
  readonly #stretchGroupsMin: number;

  /** @param groupsMin - A stretch has so many groups or more. */
  constructor(groupsMin: number = stretchGroupsMin) {
    this.#stretchGroupsMin = groupsMin;
  }

  /** A page of names rolled up to groups. */
  async page(
    reader: IndexReader,
    bucketId: number,
    range: NameRange,
    roll: Roll,
  ): Promise<GroupedName[]> {
    const bounds = boundsOf(range);
    if (bounds.from >= bounds.to) return [];
    if (roll.asOf !== undefined) {
      const direction = { reverse: range.reverse ?? false, asOf: roll.asOf };
      const entriesIn: EntriesIn = (left, count) =>
        listWithin(reader, bucketId, left, count, direction);
      return rollUp(entriesIn, bounds, range, roll);
    }
    const key = JSON.stringify([bucketId, range, roll.delimiter, roll.limit]);
    const stretches = cut(bounds, this.#splitPoints.get(key) ?? [], range.reverse ?? false);
    const page = await walkAll(reader, bucketId, stretches, range, roll);
    const points = this.#pointsIn(page);
    if (points.length > 0) this.#splitPoints.set(key, points);
    return page;
  }

  /** Where to cut next time: evenly, and at the last group, behind which nothing is known. */
  #pointsIn(page: readonly GroupedName[]): string[] {
    const groups = page.filter((item) => 'group' in item).map(({ group }) => escapeName(group));
    const every = Math.max(this.#stretchGroupsMin, Math.ceil(groups.length / stretchesMax));
    if (groups.length <= every) return [];
    return groups.filter((_, at) => (at > 0 && at % every === 0) || at === groups.length - 1);
  }
}

/** Cuts a range at points within it. Both are in the order of the listing. */
function cut(range: Bounds, points: readonly string[], reverse: boolean): Bounds[] {
  const stretches: Bounds[] = [];
  let { from, to } = range;
  for (const point of points) {
    if (point <= from || point >= to) continue;
    stretches.push(reverse ? { from: point, to } : { from, to: point });
    if (reverse) to = point;
    else from = point;
  }
  return [...stretches, { from, to }];
}

/**
 * Walks stretches in step, and then, if the page is not full, the last one, which may have any
 * number of groups.
 */
async function walkAll(
  reader: IndexReader,
  bucketId: number,
  stretches: readonly Bounds[],
  range: NameRange,
  roll: Roll,
): Promise<GroupedName[]> {
  const ranges = stretches.map((stretch) => headRange(bucketId, stretch, range.reverse ?? false));
  const cursors = reader.cursors(ranges);
  const rounds = new Rounds(stretches.length - 1);
  const walk = (at: number, limit: number): Promise<GroupedName[]> => {
    const isInStep = at < stretches.length - 1;
    const entriesIn: EntriesIn = async (left, count) => {
      const cursor = cursors[at] as Cursor;
      const { gte, lt, reverse } = headRange(bucketId, left, range.reverse ?? false);
      cursor.seek(reverse === true ? lt : gte);
      if (isInStep) await rounds.meet();
      return (await cursor.rows(count)).map(headIn);
    };
    return rollUp(entriesIn, stretches[at] as Bounds, range, { ...roll, limit });
  };
  try {
    const inStep = stretches.slice(0, -1).map((_, at) => rounds.run(() => walk(at, roll.limit)));
    const page = (await allOf(inStep)).flat();
    const left = roll.limit - page.length;
    if (left > 0) page.push(...(await walk(stretches.length - 1, left)));
    return page.slice(0, roll.limit);
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.close()));
  }
}

/** What all of them bring. None is left running when one fails: what they read from is closed. */
async function allOf<T>(all: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(all);
  return Promise.all(all);
}

/** The first so many names of what is left of a range. */
type EntriesIn = (left: Bounds, count: number) => Promise<NamedVersion<ObjectVersion>[]>;

async function rollUp(
  entriesIn: EntriesIn,
  within: Bounds,
  { prefix = '', reverse = false }: NameRange,
  { delimiter, limit }: Roll,
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
