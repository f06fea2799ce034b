/**
 * Edges that a replay could not make, because the node that names them could not be read.
 *
 * While any are missing nothing is freed. A whole run of `verify` ends that: it reads every node of
 * every version, so it can make each edge that a version needs; and when every version is whole, no
 * other edge is needed. What nothing leads to then is dead, and is asked about.
 *
 * @module
 */

import { listPageEntries } from '../../base/limits.ts';
import {
  candidateChange,
  hasReference,
  isReferenced,
  locationsPage,
  referenceChange,
} from '../index/chunk-index.ts';
import type { IndexStore } from '../index/index-store.ts';
import type { ChunkId } from '../model.ts';
import type { StoreState } from '../store-state.ts';

/** Makes the edges of a node that are not there. */
export async function mendEdges(
  index: IndexStore,
  node: ChunkId,
  children: readonly ChunkId[],
): Promise<void> {
  const parent = { kind: 'chunk', id: node } as const;
  const reader = index.reader();
  for (const child of children) {
    if (await hasReference(reader, child, parent)) continue;
    await index.writeDirectly([referenceChange(child, parent, 'put')]);
  }
}

/** Whether a chunk's edges to its bases are there, or could be made because a replay lost some. */
export async function hasEdges(
  index: IndexStore,
  state: StoreState,
  id: ChunkId,
  bases: readonly ChunkId[],
): Promise<boolean> {
  if (state.damage.hasLostEdges) await mendEdges(index, id, bases);
  for (const base of bases) {
    if (!(await hasReference(index.reader(), base, { kind: 'chunk', id }))) return false;
  }
  return true;
}

/**
 * Whether anything may need a chunk that cannot be read. One that nothing leads to has a name that
 * is damaged too, as a replay found it in its frame: no chunk was ever called so. It is given up.
 */
export async function isNamed(index: IndexStore, state: StoreState, id: ChunkId): Promise<boolean> {
  return state.damage.hasLostEdges || (await isKept(index, state, id));
}

/** Whether anything leads to a chunk. If nothing does, it becomes a candidate. */
async function isKept(index: IndexStore, state: StoreState, id: ChunkId): Promise<boolean> {
  if (await isReferenced(index.reader(), id)) return true;
  await index.writeDirectly([candidateChange(id, state.lastLsn, 'put')]);
  return false;
}

/** All edges that anything needs are there: what nothing leads to becomes a candidate. */
export async function settleEdges(index: IndexStore, state: StoreState): Promise<void> {
  const reader = index.reader();
  let after = 'c';
  while (after !== '') {
    const page = await locationsPage(reader, after, listPageEntries);
    after = page.last;
    for (const { id } of page.chunks) await isKept(index, state, id);
  }
  await state.damage.settleEdges();
}
