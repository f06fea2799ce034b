/**
 * Reading everything, comparing everything, changing nothing that anybody stored.
 *
 * Four questions, each a step: does the journal say what it said when it was written; is each
 * chunk its name; does each version lead to whole content, with the edges that keep it alive; is
 * there something that parity could restore. After a whole run the totals must add up, too. Damage
 * is reported as the versions that it hits, not as an error: only an abort or a failing machine
 * makes `verify` throw.
 *
 * What it finds it notes: a chunk that is bad, so that the next upload of it brings good bytes
 * (known-damage.ts); an index that is wrong while the log is right, so that the next opening makes
 * it again. Nothing else of it stays in memory, however large the store is.
 *
 * A run with a budget goes on where the last one with a budget ended. It runs beside reads and
 * writes. What is committed meanwhile may or may not be looked at, and totals are compared only if
 * nothing was.
 *
 * @module
 */

import { toHex } from '../../base/bytes.ts';
import { describe, throwIfAborted, isCorrupt } from '../../base/errors.ts';
import { listPageEntries } from '../../base/limits.ts';
import { decodeNode } from '../chunk/manifest.ts';
import { leavesOf } from '../chunk/manifest-tree.ts';
import { missing, type ChunkReader } from '../chunk-reader.ts';
import { addChunk, hasReference, locate, locationsPage } from '../index/chunk-index.ts';
import type { IndexStore } from '../index/index-store.ts';
import { chunkGroup } from '../index/keys.ts';
import { listVersions } from '../index/listing.ts';
import { headOf } from '../index/version-index.ts';
import type { LogPosition } from '../log/file-header.ts';
import type { LogFiles } from '../log/log-files.ts';
import { replayJournal, type RecoveredJournal } from '../log/recovery.ts';
import { chunkKey } from '../log/operations.ts';
import {
  contentBytesOf,
  noTotals,
  type BucketRecord,
  type ChunkId,
  type ChunkLocation,
  type Lsn,
  type ObjectVersion,
  type Totals,
} from '../model.ts';
import type { Platform } from '../platform/platform.ts';
import { oneByOne, readWhole } from '../read-path.ts';
import type { Snapshots } from '../snapshots.ts';
import type { StoreState } from '../store-state.ts';
import { hasEdges, isNamed, mendEdges, settleEdges } from './edges.ts';
import type { DamagedVersion, Findings, VerifyOptions } from './findings.ts';
import type { ParityKeeper } from './parity-keeper.ts';
import { verifyParity } from './verify-parity.ts';
import {
  VerifyBudget,
  loadPosition,
  savePosition,
  verifyBeginning,
  versionWorkBytes,
  type VerifyPosition,
} from './verify-budget.ts';

export interface VerifyParts {
  readonly platform: Platform;
  readonly files: LogFiles;
  readonly index: IndexStore;
  readonly chunks: ChunkReader;
  readonly state: StoreState;
  /** The journal up to its durable end. */
  readonly journalEnd: () => RecoveredJournal['end'];
  readonly snapshots: Snapshots;
  readonly parity: ParityKeeper;
}

/** A run: what it has found so far, and where it stands. */
interface Run {
  readonly parts: VerifyParts;
  readonly options: VerifyOptions;
  readonly budget: VerifyBudget;
  readonly lsnBefore: Lsn;
  position: VerifyPosition;
  chunks: number;
  versions: number;
  bytes: number;
  readonly counted: Record<keyof Totals, number>;
  readonly damaged: DamagedVersion[];
  readonly problems: string[];
  /** Chunks that were found to be bad and that no version was seen to need: why. */
  readonly unnamed: Map<string, { readonly id: ChunkId; readonly reason: string }>;
}

/** Reads and checks everything, or as much as the budget is for. */
export async function verify(parts: VerifyParts, options: VerifyOptions): Promise<Findings> {
  const { index, state } = parts;
  const hasBudget = options.maxMs !== undefined || options.percent !== undefined;
  const total = await workOf(parts);
  const run = beginRun(parts, options, {
    position: hasBudget ? await loadPosition(index) : verifyBeginning,
    bytesMax: (total * (options.percent ?? 100)) / 100,
  });
  const isWhole = run.position === verifyBeginning;
  let isComplete = false;
  try {
    isComplete =
      (await verifyJournal(run)) &&
      (await verifyChunks(run)) &&
      (await verifyVersions(run)) &&
      (await verifyParity(run));
  } finally {
    if (hasBudget) await savePosition(index, isComplete ? verifyBeginning : run.position);
  }
  if (isComplete && isWhole) await concludeWhole(run);
  const { versions, chunks, bytes, damaged, problems, budget } = run;
  return {
    versions,
    chunks,
    bytes,
    damaged,
    problems: [
      ...problems,
      ...state.damage.lostFrames.map((reason) => `what it held is not known: ${reason}`),
      ...[...run.unnamed.values()].map(({ reason }) => reason),
    ],
    percent: isWhole && isComplete ? 100 : Math.min(100, (budget.bytes / total) * 100),
    isComplete,
  };
}

function beginRun(
  parts: VerifyParts,
  options: VerifyOptions,
  start: { readonly position: VerifyPosition; readonly bytesMax: number },
): Run {
  const maxMs = options.maxMs ?? Number.POSITIVE_INFINITY;
  const bytesMax = options.percent === undefined ? Number.POSITIVE_INFINITY : start.bytesMax;
  return {
    parts,
    options,
    budget: new VerifyBudget(parts.platform.clock, { maxMs, bytesMax }),
    lsnBefore: parts.state.lastLsn,
    position: start.position,
    chunks: 0,
    versions: 0,
    bytes: 0,
    counted: { ...noTotals },
    damaged: [],
    problems: [],
    unnamed: new Map(),
  };
}

/** All the work there is; at least 1. */
async function workOf({ files, state, parity, journalEnd }: VerifyParts): Promise<number> {
  const newest = journalEnd();
  const older = files.ids('journal').filter((id) => id < newest.fileId);
  const sizes = [newest.end, ...(await Promise.all(older.map((id) => files.size(id))))];
  for (const { sizeBytes } of await parity.protectedFiles()) sizes.push(sizeBytes);
  const { storedBytes, versions, deleteMarkers } = state.totals;
  const fileBytes = sizes.reduce((sum, size) => sum + size, 0);
  return 1 + fileBytes + storedBytes + versionWorkBytes * (versions + deleteMarkers);
}

/** The journal. `false`: the budget is spent. */
async function verifyJournal(run: Run): Promise<boolean> {
  const { parts, options, position, budget, problems } = run;
  if (position.step !== 'journal') return true;
  const { platform, files, journalEnd, snapshots } = parts;
  const end = journalEnd();
  if (position.behind === undefined && !(await snapshots.isNewestWhole())) {
    problems.push(`the snapshot is damaged; compact writes another: ${snapshots.newestPath}`);
  }
  if (end.fileId !== 0) {
    const start = later(position.behind, snapshots.newest?.position);
    let before = start?.offset ?? 0;
    try {
      const groups = replayJournal(files, platform.hashing.crc32, end, start);
      for await (const group of groups) {
        throwIfAborted(options.signal);
        budget.spend(Math.max(0, group.next.offset - before));
        before = group.next.offset;
        run.position = { step: 'journal', behind: group.position };
        if (budget.isSpent) return false;
      }
    } catch (error) {
      problems.push(damageText(error));
    }
  }
  run.position = { step: 'chunks', from: 'c' };
  return true;
}

/** What lies before the snapshot's commit is not there any more. */
function later(a: LogPosition | undefined, b: LogPosition | undefined): LogPosition | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return (a.fileId - b.fileId || a.offset - b.offset) > 0 ? a : b;
}

/** Every chunk, in the order of names. `false`: the budget is spent. */
async function verifyChunks(run: Run): Promise<boolean> {
  const { parts, options, position, budget, counted } = run;
  if (position.step !== 'chunks') return true;
  const { index, state, chunks } = parts;
  // What is asked is whether the disk has them.
  chunks.forget();
  let { from } = position;
  while (from !== '') {
    const page = await locationsPage(index.reader(), from, listPageEntries);
    for (const { id, location } of page.chunks) {
      throwIfAborted(options.signal);
      if (budget.isSpent) return false;
      run.chunks++;
      budget.spend(location.frameBytes);
      addChunk(counted, id, location);
      await verifyChunk(run, id, location);
      run.position = { step: 'chunks', from: `${chunkGroup(id)}~` };
      options.onProgress?.({ done: run.chunks, total: state.totals.chunks, unit: 'chunks' });
    }
    from = page.last;
  }
  run.position = { step: 'versions', behind: undefined };
  return true;
}

async function verifyChunk(run: Run, id: ChunkId, location: ChunkLocation): Promise<void> {
  const { index, chunks, state } = run.parts;
  try {
    const { bytes, bases } = await chunks.inspect(id, location);
    run.bytes += bytes.length;
    await state.damage.withdraw(id);
    if (bases.length > 0 && !(await hasEdges(index, state, id, bases))) {
      await index.distrust();
      const chunk = toHex(id.digest);
      run.problems.push(`a base of a delta has no reference that keeps it: ${describe({ chunk })}`);
    }
  } catch (error) {
    run.unnamed.set(chunkKey(id), { id, reason: damageText(error) });
  }
}

/** Every version, in the order of buckets and names. `false`: the budget is spent. */
async function verifyVersions(run: Run): Promise<boolean> {
  const { parts, options, position, budget } = run;
  const { state, index } = parts;
  if (position.step === 'parity') return true;
  let after = position.step === 'versions' ? position.behind : undefined;
  const firstBucketId = after?.bucketId ?? 0;
  const buckets = state.buckets.filter(({ id }) => id >= firstBucketId);
  for (const bucket of buckets.sort((a, b) => a.id - b.id)) {
    for (;;) {
      const place = after?.bucketId === bucket.id ? after : undefined;
      const page = await listVersions(index.reader(), bucket.id, {}, listPageEntries, place);
      for (const entry of page) {
        throwIfAborted(options.signal);
        if (budget.isSpent) return false;
        budget.spend(versionWorkBytes);
        await verifyVersion(run, bucket, entry);
        after = { bucketId: bucket.id, name: entry.name, lsn: entry.version.lsn };
        run.position = { step: 'versions', behind: after };
      }
      if (page.length < listPageEntries) break;
    }
  }
  run.position = { step: 'parity', behindFileId: 0 };
  return true;
}

async function verifyVersion(
  run: Run,
  bucket: BucketRecord,
  { name, version, isLatest }: Awaited<ReturnType<typeof listVersions>>[number],
): Promise<void> {
  run.versions++;
  const { counted } = run;
  if (version.kind === 'deleteMarker') {
    counted.deleteMarkers++;
    return;
  }
  counted.versions++;
  counted.logicalBytes += version.sizeBytes;
  if (isLatest) {
    counted.objects++;
    await verifyHead(run, bucket, name, version);
  }
  const reason = await contentDamage(run, version);
  if (reason !== undefined) run.damaged.push({ bucket, name, lsn: version.lsn, reason });
}

/** Whether who asks for the name gets the version that a listing has. */
async function verifyHead(
  { parts: { index, state }, lsnBefore, problems }: Run,
  bucket: BucketRecord,
  name: string,
  version: ObjectVersion,
): Promise<void> {
  const head = await headOf(index.reader(), bucket.id, name);
  // Another version may have become the head since the page was read.
  if (head?.version.lsn === version.lsn || state.lastLsn !== lsnBefore) return;
  await index.distrust();
  problems.push(`a name does not lead to its version: ${describe({ bucket: bucket.name, name })}`);
}

/** What keeps a version's content from being read, if anything does. */
async function contentDamage(run: Run, version: ObjectVersion): Promise<string | undefined> {
  const { platform, index, chunks, state } = run.parts;
  const reader = index.reader();
  const { root, lsn } = version;
  const sizeBytes = contentBytesOf(version);
  if (!(await hasReference(reader, root.id, { kind: 'version', lsn }))) {
    await index.distrust();
    run.problems.push(`the content of version ${lsn} has no reference that keeps it`);
  }
  const mustLocate = async (id: ChunkId): Promise<ChunkLocation> => {
    const location = await locate(reader, id);
    if (location === undefined) throw await missing(id, index, state.damage);
    return location;
  };
  const readNode = async (id: ChunkId): Promise<Uint8Array> => {
    run.unnamed.delete(chunkKey(id));
    const { bytes } = await chunks.inspect(id);
    if (state.damage.hasLostEdges) {
      const { children } = decodeNode(bytes, id);
      await mendEdges(
        index,
        id,
        children.map((child) => child.id),
      );
    }
    return bytes;
  };
  try {
    let end = 0;
    let damage: string | undefined;
    for await (const leaf of leavesOf(root, sizeBytes, { start: 0, end: sizeBytes }, readNode)) {
      run.unnamed.delete(chunkKey(leaf.id));
      damage ??= state.damage.reasonOf(leaf.id);
      await mustLocate(leaf.id);
      end = leaf.offset + leaf.sizeBytes;
    }
    if (damage !== undefined) return damage;
    if (end !== sizeBytes) return `the content has ${end} bytes where ${sizeBytes} are promised`;
    if (version.seenThrough !== undefined) {
      run.budget.spend(sizeBytes);
      const fromDisk = oneByOne(async (id) => (await chunks.inspect(id)).bytes);
      const whole = { chunks: fromDisk, hashing: platform.hashing };
      await readWhole(whole, version, run.options.signal);
    }
    return undefined;
  } catch (error) {
    return damageText(error);
  }
}

/** What only a run over everything can say. */
async function concludeWhole(run: Run): Promise<void> {
  const { index, state } = run.parts;
  if (state.lastLsn !== run.lsnBefore) return;
  if (run.damaged.length === 0 && state.damage.hasLostEdges) await settleEdges(index, state);
  for (const [key, { id }] of run.unnamed) {
    if (!(await isNamed(index, state, id))) run.unnamed.delete(key);
  }
  const kept = state.totals;
  for (const [field, expected] of Object.entries(kept)) {
    const count = run.counted[field as keyof Totals];
    if (expected === count) continue;
    run.problems.push(`${field} is kept as ${expected}, but counts ${count}`);
    await index.distrust();
  }
}

/** The message of damage; anything else is no finding and goes on up. */
function damageText(error: unknown): string {
  if (isCorrupt(error)) return error.message;
  throw error;
}
