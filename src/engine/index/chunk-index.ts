/**
 * Where chunks are, and what references them.
 *
 * A chunk lives as long as an edge leads to it: from a version that names it, from a node that
 * lists it, from a chunk that is stored as a difference of it. One row an edge, no counters:
 * putting or deleting the same edge twice changes nothing, so replaying is harmless.
 *
 * A *candidate* is a chunk that lost an edge and so may be dead; reclaim looks whether it is.
 *
 * @module
 */

import { Reader, Writer, fromBinaryString, toBinaryString } from '../../base/bytes.ts';
import type { ChunkId, ChunkLocation, Lsn } from '../model.ts';
import type { IndexChange, IndexReader } from './index-store.ts';
import { afterPrefix, candidatesGroup, chunkGroup, oldestFirst } from './keys.ts';
import { decodeLocation, encodeLocation } from './records.ts';

/** What keeps a chunk alive. */
export type Parent =
  | { readonly kind: 'version'; readonly lsn: Lsn }
  | { readonly kind: 'chunk'; readonly id: ChunkId };

const locationSuffix = 'l';
const digestBytes = 32;
const chunkGroupLength = 1 + 4 + 1 + digestBytes;
const referencePrefix = 'r';

/**
 * So much of a parent's digest is in an edge: half, as two parents that share it cost 2^64 hashes.
 */
const parentDigestBytes = 16;

export async function locate(reader: IndexReader, id: ChunkId): Promise<ChunkLocation | undefined> {
  const value = await reader.get({ group: chunkGroup(id), suffix: locationSuffix });
  return value === undefined ? undefined : decodeLocation(value);
}

/** Whether any edge leads to the chunk. */
export async function isReferenced(reader: IndexReader, id: ChunkId): Promise<boolean> {
  return (await reader.under(chunkGroup(id), 1, referencePrefix)).length > 0;
}

/** How many edges lead to the chunk. */
export async function countReferences(reader: IndexReader, id: ChunkId): Promise<number> {
  const group = chunkGroup(id) + referencePrefix;
  let count = 0;
  let gte = group;
  // Most chunks have one.
  let limit = 2;
  for (;;) {
    const rows = await reader.range({ gte, lt: afterPrefix(group), limit });
    count += rows.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return count;
    gte = `${last.key}\0`;
    limit = 1000;
  }
}

/** The chunks that are stored as deltas of one: by half their digest, so perhaps one too many. */
export async function dependentsOf(reader: IndexReader, id: ChunkId): Promise<ChunkId[]> {
  const prefix = `${chunkGroup(id)}${referencePrefix}d`;
  const dependents: ChunkId[] = [];
  let gte = prefix;
  for (;;) {
    const rows = await reader.range({ gte, lt: afterPrefix(prefix), limit: 1000 });
    for (const { key } of rows) {
      const half = fromBinaryString(key.slice(prefix.length));
      dependents.push(...(await chunkIdsWith(reader, id.domain, half)));
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < 1000) return dependents;
    gte = `${last.key}\0`;
  }
}

/** Whether this edge is there. */
export async function hasReference(
  reader: IndexReader,
  id: ChunkId,
  parent: Parent,
): Promise<boolean> {
  const { group, suffix } = referenceChange(id, parent, 'delete');
  return (await reader.get({ group, suffix })) !== undefined;
}

/** Puts the location of a chunk, or with none deletes it. */
export function locationChange(id: ChunkId, location: ChunkLocation | undefined): IndexChange {
  const value = location === undefined ? undefined : encodeLocation(location);
  return { group: chunkGroup(id), suffix: locationSuffix, value };
}

/** Puts or deletes an edge. */
export function referenceChange(
  id: ChunkId,
  parent: Parent,
  action: 'put' | 'delete',
): IndexChange {
  return { group: chunkGroup(id), suffix: edgeSuffix(parent), value: valueOf(action) };
}

/**
 * Deltas have a letter of their own: a chunk of content may have the digest of a node, and one of
 * the two must not take away the edge of the other.
 */
function edgeSuffix(parent: Parent): string {
  if (parent.kind === 'version') return `${referencePrefix}v${oldestFirst(parent.lsn)}`;
  const letter = parent.id.kind === 'node' ? 'c' : 'd';
  const half = parent.id.digest.subarray(0, parentDigestBytes);
  return `${referencePrefix}${letter}${toBinaryString(half)}`;
}

/** A chunk that lost an edge with the operation of this LSN, or one that reclaim has looked at. */
export function candidateChange(id: ChunkId, lsn: Lsn, action: 'put' | 'delete'): IndexChange {
  return {
    group: candidatesGroup,
    suffix: oldestFirst(lsn) + chunkGroup(id).slice(1),
    value: valueOf(action),
  };
}

/** A chunk that may be dead, and the change with which it is settled. */
export interface Candidate {
  readonly id: ChunkId;
  readonly change: IndexChange;
}

/** The oldest candidates; `after`: of those behind this one. */
export async function candidates(
  reader: IndexReader,
  limit: number,
  after?: Candidate,
): Promise<Candidate[]> {
  const gte = candidatesGroup + (after === undefined ? '' : `${after.change.suffix}\0`);
  const rows = await reader.range({ gte, lt: afterPrefix(candidatesGroup), limit });
  return rows.map(({ key }) => {
    const suffix = key.slice(candidatesGroup.length);
    const fields = new Reader(fromBinaryString(suffix.slice(8)), 'a candidate in the index');
    const domain = fields.bytes(4).reduce((value, byte) => value * 256 + byte, 0);
    const kind = fields.u8() === 1 ? 'node' : 'data';
    const digest = fields.copy(32);
    const change = { group: candidatesGroup, suffix, value: undefined };
    return { id: { domain, kind, digest }, change };
  });
}

/** The chunks of content whose digest begins so: a few at most. A whole one is its own answer. */
export async function chunkIdsWith(
  reader: IndexReader,
  domain: number,
  digestStart: Uint8Array,
): Promise<ChunkId[]> {
  const id: ChunkId = { domain, kind: 'data', digest: digestStart };
  if (digestStart.length === digestBytes) return [id];
  const gte = chunkGroup(id);
  const rows = await reader.range({ gte, lt: afterPrefix(gte), limit: 4 });
  return rows
    .filter(({ key }) => key.length === chunkGroupLength + locationSuffix.length)
    .map(({ key }) => idOf(key));
}

/** What chunks add to the totals of a store. */
export type ChunkTotals = { chunks: number; uniqueBytes: number; storedBytes: number };

/** All chunks with their locations, a page at a time: for `verify`. */
export async function locationsPage(
  reader: IndexReader,
  after: string,
  limit: number,
): Promise<{ readonly chunks: { id: ChunkId; location: ChunkLocation }[]; readonly last: string }> {
  const rows = await reader.range({ gte: after, lt: 'd', limit });
  const chunks = rows
    .filter(({ key }) => key.length === chunkGroupLength + locationSuffix.length)
    .map(({ key, value }) => ({ id: idOf(key), location: decodeLocation(value) }));
  const last = rows.at(-1)?.key;
  return { chunks, last: last === undefined ? '' : `${last}\0` };
}

/** The chunks alive, counted. Reads all their rows. */
export async function countChunks(reader: IndexReader): Promise<ChunkTotals> {
  const totals = { chunks: 0, uniqueBytes: 0, storedBytes: 0 };
  let after = 'c';
  while (after !== '') {
    const page = await locationsPage(reader, after, 1000);
    after = page.last;
    for (const { id, location } of page.chunks) addChunk(totals, id, location);
  }
  return totals;
}

/** Counts a chunk. Nodes are bookkeeping: they are no content. */
export function addChunk(totals: ChunkTotals, id: ChunkId, location: ChunkLocation): void {
  totals.chunks++;
  totals.storedBytes += location.frameBytes;
  if (id.kind === 'data') totals.uniqueBytes += location.rawBytes;
}

/**
 * The children that edges lead to from a node or a delta that cannot be read. Reads all rows of
 * chunks.
 */
export async function childrenByEdges(reader: IndexReader, id: ChunkId): Promise<ChunkId[]> {
  const suffix = edgeSuffix({ kind: 'chunk', id });
  const children: ChunkId[] = [];
  let gte = 'c';
  for (;;) {
    const rows = await reader.range({ gte, lt: 'd', limit: 1000 });
    for (const { key } of rows) {
      if (key.length > chunkGroupLength && key.slice(chunkGroupLength) === suffix) {
        children.push(idOf(key));
      }
    }
    const last = rows.at(-1);
    if (last === undefined) return children;
    gte = `${last.key}\0`;
  }
}

function idOf(key: string): ChunkId {
  const fields = new Reader(fromBinaryString(key), 'a chunk in the index', 1);
  const domain = fields.bytes(4).reduce((value, byte) => value * 256 + byte, 0);
  const kind = fields.u8() === 1 ? 'node' : 'data';
  return { domain, kind, digest: fields.copy(32) };
}

const present = new Writer().finish();

function valueOf(action: 'put' | 'delete'): Uint8Array | undefined {
  return action === 'put' ? present : undefined;
}
