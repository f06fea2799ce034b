/**
 * Versions that an index has and its journal does not: their commits are lost.
 *
 * The index is no truth, but here it is the last witness: what it says is only used to say what is
 * lost, by name.
 *
 * @module
 */

import { isCorrupt } from '../../base/errors.ts';
import { listPageEntries } from '../../base/limits.ts';
import { isOwnIndex } from '../checkpoint.ts';
import { IndexStore } from '../index/index-store.ts';
import { listVersions } from '../index/listing.ts';
import type { BucketRecord, Lsn } from '../model.ts';
import { loadBuckets, openDatabase } from '../opening.ts';
import type { Platform } from '../platform/platform.ts';

/** A version whose commit is lost. */
export interface LostCommit {
  readonly bucket: BucketRecord;
  readonly name: string;
  readonly lsn: Lsn;
}

/** What the index has from behind the last commit that the journal has. */
export async function lostCommits(
  platform: Platform,
  directory: string,
  { storeId, lastLsn }: { readonly storeId: Uint8Array; readonly lastLsn: Lsn },
): Promise<LostCommit[]> {
  // One in memory is a new one: it has seen nothing.
  if (platform.indexIn === 'memory') return [];
  const lost: LostCommit[] = [];
  const database = await openDatabase(platform, directory);
  try {
    const index = new IndexStore(database);
    if (!(await isOwnIndex(index, storeId))) return [];
    for (const bucket of await loadBuckets(index)) {
      let after: { readonly name: string; readonly lsn: Lsn } | undefined;
      for (;;) {
        const page = await listVersions(index.reader(), bucket.id, {}, listPageEntries, after);
        for (const { name, version } of page) {
          after = { name, lsn: version.lsn };
          if (version.lsn > lastLsn) lost.push({ bucket, ...after });
        }
        if (page.length < listPageEntries) break;
      }
    }
  } catch (error) {
    // A witness that is damaged itself: what it could say it has said.
    if (!isCorrupt(error)) throw error;
  } finally {
    await database.close();
  }
  return lost;
}
