/**
 * Whether the frame of a chunk may be exchanged for another, at the moment of the commit.
 *
 * A chunk is a base of others, and what they say of their read cost counts on its own. So: what it
 * is a delta of now is there, and costs as much as it says, or less. And where it comes to cost
 * more than it did, nobody depends on it, as what the other bases of a delta cost is not known
 * here; and no upload has been promised what it cost, nor finds the chunk before the change is seen
 * by all. A chunk that is known to be damaged is left alone: what heals it is plain.
 *
 * @module
 */

import type { ReencodedChunk } from './commit-request.ts';
import { dependentsOf, locate } from './index/chunk-index.ts';
import type { IndexReader } from './index/index-store.ts';
import { chunkKey } from './log/operations.ts';
import type { ChunkId, ChunkLocation } from './model.ts';
import type { StoreState } from './store-state.ts';

/** If so, the chunk is taken for the change: `endChange` gives it back. */
export async function mayReencode(
  reader: IndexReader,
  { damage, leases }: StoreState,
  { id, from, to, bases }: ReencodedChunk,
): Promise<boolean> {
  const now = await locate(reader, id);
  const isThere = now?.fileId === from.fileId && now.offset === from.offset;
  if (!isThere || damage.has(id)) return false;
  const cost = costOf(to);
  if (!(await areWithin(reader, bases, cost - 1))) return false;
  const key = chunkKey(id);
  if (!leases.beginChange(key)) return false;
  const isDearer = cost > costOf(from);
  if (!isDearer || (await dependentsOf(reader, id)).length === 0) return true;
  leases.endChange(key);
  return false;
}

function costOf({ readCost = 1 }: ChunkLocation): number {
  return readCost;
}

/** Whether all bases are there, and cost no more than so much together. */
async function areWithin(
  reader: IndexReader,
  bases: readonly ChunkId[],
  readCostMax: number,
): Promise<boolean> {
  let left = readCostMax;
  for (const base of bases) {
    const location = await locate(reader, base);
    if (location === undefined) return false;
    left -= costOf(location);
  }
  return left >= 0;
}
