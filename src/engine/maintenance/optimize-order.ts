/**
 * In which order content is optimized, and what may become of it.
 *
 * A chunk may only become a delta of chunks that come before it in this order, so no circle can
 * come about; and the order is that of keys in the index, so that a run can go on where another
 * ended (optimize-progress.ts).
 *
 * @module
 */

import { deltaReadCostLimit } from '../../base/limits.ts';
import type { IndexStore } from '../index/index-store.ts';
import { listHistory, listNames } from '../index/listing.ts';
import type { Lsn, ObjectVersion } from '../model.ts';
import type { CompactionParts } from './compaction.ts';
import { placeOf, type OptimizePlace } from './optimize-progress.ts';

/** How chunks are taken. */
export interface Pass {
  readonly readCostMax: number;
  /** Whether what is stored as a delta of a chunk is taken before it. */
  readonly dependentsFirst: boolean;
}

/** Of the current versions: those that are read most. */
const current: Pass = { readCostMax: 3, dependentsFirst: false };

const past: Pass = { readCostMax: deltaReadCostLimit, dependentsFirst: true };

/** Names, or versions, that are looked up at once. */
const pageEntries = 256;

/** A version, and how it is to be taken. */
export interface VersionToTake {
  readonly pass: Pass;
  readonly place: OptimizePlace;
  readonly version: ObjectVersion;
  /** The operation since which it has been current, or not. */
  readonly sinceLsn: Lsn;
  /** The version that followed it. */
  readonly newer?: ObjectVersion | undefined;
}

/** All versions: current ones by their names, then the others, of each name the newest first. */
export async function* versionsInOrder({
  index,
  state,
}: Pick<CompactionParts, 'index' | 'state'>): AsyncGenerator<VersionToTake> {
  const buckets = state.buckets.map(({ id }) => id).sort((a, b) => a - b);
  for (const bucketId of buckets) yield* currentIn(index, bucketId);
  for (const bucketId of buckets) yield* pastIn(index, bucketId);
}

async function* currentIn(index: IndexStore, bucketId: number): AsyncGenerator<VersionToTake> {
  let startAfter: string | undefined;
  for (;;) {
    const range = startAfter === undefined ? {} : { startAfter };
    const page = await listNames(index.reader(), bucketId, range, pageEntries);
    for (const { name, version } of page) {
      const { lsn: sinceLsn } = version;
      // Whatever version a name has, its place is that of the name.
      yield { pass: current, place: placeOf('current', bucketId, name, 0), version, sinceLsn };
    }
    startAfter = page.at(-1)?.name;
    if (startAfter === undefined) return;
  }
}

async function* pastIn(index: IndexStore, bucketId: number): AsyncGenerator<VersionToTake> {
  let after: Parameters<typeof listHistory>[3];
  let newer: ObjectVersion | undefined;
  let sinceLsn: Lsn = 0;
  for (;;) {
    const page = await listHistory(index.reader(), bucketId, pageEntries, after);
    for (const entry of page) {
      const { name, version } = entry;
      if (name !== after?.name) {
        newer = await currentOf(index, bucketId, name);
        sinceLsn = newer?.lsn ?? 0;
      }
      after = entry;
      if (version.kind === 'object') {
        const place = placeOf('past', bucketId, name, version.lsn);
        yield { pass: past, place, version, sinceLsn, newer };
        newer = version;
      }
      sinceLsn = version.lsn;
    }
    if (page.length === 0) return;
  }
}

async function currentOf(
  index: IndexStore,
  bucketId: number,
  name: string,
): Promise<ObjectVersion | undefined> {
  const [found] = await listNames(index.reader(), bucketId, { prefix: name }, 1);
  return found?.name === name ? found.version : undefined;
}
