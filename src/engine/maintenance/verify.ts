/**
 * Reading everything, comparing everything, changing nothing.
 *
 * Four questions, each a step: does the journal say what it said when it was written; is each chunk
 * its name; does each version lead to whole content, with the edges that keep it alive; and do the
 * totals add up. Damage is reported as the versions that it hits, not as an error: only an abort or
 * a failing machine makes `verify` throw.
 *
 * It runs beside reads and writes. What is committed meanwhile may or may not be looked at, and
 * totals are compared only if nothing was.
 *
 * @module
 */

import { toHex } from '../../base/bytes.ts';
import { ObjectsError, throwIfAborted } from '../../base/errors.ts';
import { listPageEntries } from '../../base/limits.ts';
import { leavesOf } from '../chunk/manifest-tree.ts';
import { readChunkAt } from '../chunk-store.ts';
import { hasReference, locate, locationsPage } from '../index/chunk-index.ts';
import type { IndexStore } from '../index/index-store.ts';
import { listVersions } from '../index/listing.ts';
import type { LogFiles } from '../log/log-files.ts';
import { replayJournal, type RecoveredJournal } from '../log/recovery.ts';
import { chunkKey } from '../log/operations.ts';
import type { BucketRecord, ChunkId, Lsn, NamedVersion, ObjectVersion, Totals } from '../model.ts';
import type { Platform } from '../platform/platform.ts';
import type { StoreState } from '../store-state.ts';

export interface VerifyParts {
  readonly platform: Platform;
  readonly files: LogFiles;
  readonly index: IndexStore;
  readonly state: StoreState;
  /** The journal up to its durable end. */
  readonly journalEnd: () => RecoveredJournal['end'];
}

export interface VerifyProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: 'chunks';
}

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}

/** A version whose content is not whole. */
export interface DamagedVersion {
  readonly bucket: BucketRecord;
  readonly name: string;
  readonly lsn: Lsn;
  readonly reason: string;
}

/** What was found. Nothing is damaged if both lists are empty. */
export interface Findings {
  readonly versions: number;
  readonly chunks: number;
  /** Plain bytes of the chunks that were read. */
  readonly bytes: number;
  readonly damaged: readonly DamagedVersion[];
  readonly problems: readonly string[];
}

/** Chunks that cannot be read, and why. */
type Damage = Map<string, string>;

/** Reads and checks everything. */
export async function verify(parts: VerifyParts, options: VerifyOptions): Promise<Findings> {
  const lsnBefore = parts.state.lastLsn;
  const problems: string[] = [];
  await verifyJournal(parts, options, problems);
  const chunks = await verifyChunks(parts, options);
  const versions = await verifyVersions(parts, options, chunks.damage, problems);
  const isQuiet = parts.state.lastLsn === lsnBefore;
  if (isQuiet)
    compareTotals(parts.state.totals, { ...chunks.totals, ...versions.totals }, problems);
  return {
    versions: versions.count,
    chunks: chunks.totals.chunks,
    bytes: chunks.bytes,
    damaged: versions.damaged,
    problems: [...problems, ...chunks.unnamed(versions.seen)],
  };
}

async function verifyJournal(
  { platform, files, journalEnd }: VerifyParts,
  { signal }: VerifyOptions,
  problems: string[],
): Promise<void> {
  const end = journalEnd();
  if (end.fileId === 0) return;
  try {
    for await (const _ of replayJournal(files, platform.hashing.crc32, end)) {
      throwIfAborted(signal);
    }
  } catch (error) {
    problems.push(damageText(error));
  }
}

async function verifyChunks(
  { platform, files, index, state }: VerifyParts,
  { signal, onProgress }: VerifyOptions,
): Promise<{
  readonly totals: Pick<Totals, 'chunks' | 'uniqueBytes' | 'storedBytes'>;
  readonly bytes: number;
  readonly damage: Damage;
  readonly unnamed: (seen: ReadonlySet<string>) => string[];
}> {
  const totals = { chunks: 0, uniqueBytes: 0, storedBytes: 0 };
  const damage: Damage = new Map();
  let bytes = 0;
  let after = 'c';
  while (after !== '') {
    const page = await locationsPage(index.reader(), after, listPageEntries);
    after = page.last;
    for (const { id, location } of page.chunks) {
      throwIfAborted(signal);
      totals.chunks++;
      totals.storedBytes += location.frameBytes;
      if (id.kind === 'data') totals.uniqueBytes += location.rawBytes;
      try {
        bytes += (await readChunkAt(platform, files, id, location)).length;
      } catch (error) {
        damage.set(chunkKey(id), damageText(error));
      }
      onProgress?.({ done: totals.chunks, total: state.totals.chunks, unit: 'chunks' });
    }
  }
  const unnamed = (seen: ReadonlySet<string>): string[] =>
    [...damage].filter(([key]) => !seen.has(key)).map(([, reason]) => reason);
  return { totals, bytes, damage, unnamed };
}

async function verifyVersions(
  parts: VerifyParts,
  { signal }: VerifyOptions,
  damage: Damage,
  problems: string[],
): Promise<{
  readonly totals: Pick<Totals, 'objects' | 'versions' | 'deleteMarkers' | 'logicalBytes'>;
  readonly count: number;
  readonly damaged: DamagedVersion[];
  readonly seen: ReadonlySet<string>;
}> {
  const totals = { objects: 0, versions: 0, deleteMarkers: 0, logicalBytes: 0 };
  const damaged: DamagedVersion[] = [];
  const seen = new Set<string>();
  let count = 0;
  for (const bucket of parts.state.buckets) {
    for await (const entry of versionsOf(parts.index, bucket)) {
      throwIfAborted(signal);
      count++;
      const { name, version } = entry;
      if (version.kind === 'deleteMarker') {
        totals.deleteMarkers++;
        continue;
      }
      totals.versions++;
      totals.logicalBytes += version.sizeBytes;
      if (entry.isLatest) totals.objects++;
      const reason = await contentDamage(parts, version, damage, seen, problems);
      if (reason !== undefined) damaged.push({ bucket, name, lsn: version.lsn, reason });
    }
  }
  return { totals, count, damaged, seen };
}

async function* versionsOf(
  index: IndexStore,
  bucket: BucketRecord,
): AsyncGenerator<NamedVersion & { readonly isLatest: boolean }> {
  let after: { readonly name: string; readonly lsn: Lsn } | undefined;
  for (;;) {
    const page = await listVersions(index.reader(), bucket.id, {}, listPageEntries, after);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < listPageEntries) return;
    after = { name: last.name, lsn: last.version.lsn };
  }
}

/** What keeps a version's content from being read, if anything does. */
async function contentDamage(
  { platform, files, index }: VerifyParts,
  version: ObjectVersion,
  damage: Damage,
  seen: Set<string>,
  problems: string[],
): Promise<string | undefined> {
  const reader = index.reader();
  const { root, sizeBytes, lsn } = version;
  if (!(await hasReference(reader, root.id, { kind: 'version', lsn }))) {
    problems.push(`the content of version ${lsn} has no reference that keeps it`);
  }
  const readNode = async (id: ChunkId): Promise<Uint8Array> => {
    seen.add(chunkKey(id));
    const location = await locate(reader, id);
    if (location === undefined) throw missing(id);
    return readChunkAt(platform, files, id, location);
  };
  try {
    let end = 0;
    for await (const leaf of leavesOf(root, sizeBytes, { start: 0, end: sizeBytes }, readNode)) {
      const key = chunkKey(leaf.id);
      seen.add(key);
      const reason = damage.get(key);
      if (reason !== undefined) return reason;
      const location = await locate(reader, leaf.id);
      if (location === undefined) throw missing(leaf.id);
      end = leaf.offset + leaf.sizeBytes;
    }
    if (end !== sizeBytes) return `the content has ${end} bytes where ${sizeBytes} are promised`;
    return undefined;
  } catch (error) {
    return damageText(error);
  }
}

function compareTotals(kept: Totals, counted: Partial<Totals>, problems: string[]): void {
  for (const [field, count] of Object.entries(counted)) {
    const expected = kept[field as keyof Totals];
    if (expected !== count) problems.push(`${field} is kept as ${expected}, but counts ${count}`);
  }
}

function missing(id: ChunkId): ObjectsError {
  return new ObjectsError(`a chunk is missing: chunk=${toHex(id.digest)}`, { code: 'CORRUPT' });
}

/** The message of damage; anything else is no finding and goes on up. */
function damageText(error: unknown): string {
  if (error instanceof ObjectsError && error.code === 'CORRUPT') return error.message;
  throw error;
}
