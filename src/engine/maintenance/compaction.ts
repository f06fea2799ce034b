/**
 * Giving space back: what lives moves out of files that are mostly garbage, and the files go.
 *
 * In this order, so that a crash anywhere costs nothing but space:
 * 1. Each live chunk of a victim is read, checked against its name, and appended to a segment of
 *    compaction's own, so that what is old stays together. The segment is synced.
 * 2. A `relocate` commit makes the copies the ones that count, but for chunks that were freed
 *    meanwhile: the committer compares.
 * 3. A snapshot of the index, and a checkpoint: from here on nobody replays what names the victim.
 * 4. A `retire` commit, which the committer refuses if anything in the file lives. Then the file is
 *    removed.
 *
 * A frame that is damaged stays where it is, and its file with it; `verify` names the objects. The
 * file with the highest id is never retired: ids are taken from what is there, and must not come
 * again. Files with chunks of uploads on their way are left alone: nobody knows yet what of them
 * will live.
 *
 * Readers need no lock: one that finds a file gone asks the index again. A backup pins all files.
 *
 * Errors: `ABORTED`; `CORRUPT` for an index that lost rows; `IO`, `FULL`.
 *
 * @module
 */

import { throwIfAborted, isCorrupt } from '../../base/errors.ts';
import { plainBytes, type ChunkFrame, type ChunkReader, type ReadBase } from '../chunk-reader.ts';
import type { ChunkMove } from '../commit-request.ts';
import type { Committer } from '../committer.ts';
import type { Deltas } from '../deltas.ts';
import { locate } from '../index/chunk-index.ts';
import type { IndexStore } from '../index/index-store.ts';
import type { Journal } from '../journal.ts';
import { decodeChunkExtension, frameBytes, isPayloadIntact } from '../log/frame.ts';
import type { LogPosition } from '../log/file-header.ts';
import type { LogFiles, OpenLogFile } from '../log/log-files.ts';
import { chunkLocation, firstPosition, walkFrames, type Frame } from '../log/walk.ts';
import type { ChunkId, CommitResult, EncodedChunk } from '../model.ts';
import type { Platform } from '../platform/platform.ts';
import type { Segments } from '../segments.ts';
import type { SnapshotMoment, Snapshots } from '../snapshots.ts';
import type { StoreState } from '../store-state.ts';
import { chooseVictims, type LogFileState } from './victims.ts';

/** Moves that become one commit. */
const movesMax = 512;

/** What of the free space may be used for copies. The rest is for a snapshot, and for the index. */
const roomFraction = 0.6;

/** So much is read between two pauses: a few milliseconds of work. */
const sliceBytes = 512 * 1024;

export interface CompactionParts {
  readonly platform: Platform;
  /** Of the store. */
  readonly directory: string;
  readonly files: LogFiles;
  readonly index: IndexStore;
  readonly committer: Committer;
  readonly state: StoreState;
  readonly journal: Journal;
  readonly chunks: ChunkReader;
  readonly deltas: Deltas;
  /** Where uploads write. */
  readonly segments: Segments;
  /** Where compaction writes. */
  readonly target: Segments;
  readonly snapshots: Snapshots;
  /** Files with chunks of uploads on their way. */
  readonly stagedFileIds: () => ReadonlySet<number>;
  /** Files that could not be emptied, because of damage: they are not tried again. */
  readonly stuck: Set<number>;
  /** `false`: LevelDB did not flush. */
  readonly takeCheckpoint: () => Promise<boolean>;
}

export interface CompactionOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?:
    ((progress: { done: number; total: number; unit: 'bytes' }) => void) | undefined;
  /** How much of what is left may be garbage. */
  readonly targetFraction: number;
  /** How many live bytes may be moved before files are let go. */
  readonly liveBytesMax: number;
  /** Called after each slice of work: waits as long as others should have the machine. */
  readonly giveWay: () => Promise<void>;
}

/** What compaction did. */
export interface Compaction {
  readonly reclaimedBytes: number;
  readonly movedBytes: number;
}

/** All log files but those that are compaction's own and unfinished. Sizes as they are now. */
export async function logFileStates(parts: CompactionParts): Promise<LogFileState[]> {
  const { files, journal, segments, target, state, snapshots } = parts;
  const staged = parts.stagedFileIds();
  const journalIds = new Set(files.ids('journal'));
  const firstToReplay = snapshots.newest?.position.fileId ?? 0;
  const openEnds = new Map([
    [journal.openFileId, journal.openFileEnd],
    [segments.openFileId, segments.openFileEnd],
  ]);
  const stateOf = async (fileId: number): Promise<LogFileState> => {
    const sizeBytes = openEnds.get(fileId) ?? (await files.size(fileId));
    const { liveBytes, deadBytes } = state.usage.of(fileId);
    // In a journal that is to be replayed commits are no garbage, and in a segment that is being
    // written it is not known yet what will live.
    const isNeeded = openEnds.has(fileId) || (journalIds.has(fileId) && fileId >= firstToReplay);
    return {
      fileId,
      sizeBytes,
      liveBytes,
      garbageBytes: isNeeded ? deadBytes : sizeBytes - liveBytes,
    };
  };
  const ids = [...journalIds, ...files.ids('segment')];
  return Promise.all(ids.filter((id) => id !== target.openFileId && !staged.has(id)).map(stateOf));
}

/** Compacts one batch of files. `undefined`: there is nothing worth it. */
export async function compactBatch(
  parts: CompactionParts,
  options: CompactionOptions,
): Promise<Compaction | undefined> {
  const { damage } = parts.state;
  // Where the index lacks something, that nothing in a file lives proves nothing.
  if (damage.hasLostChunks || damage.hasLostEdges) return undefined;
  const states = await logFileStates(parts);
  const victims = chooseVictims(
    states.filter(({ fileId }) => !parts.stuck.has(fileId)),
    { ...options, liveBytesMax: Math.min(options.liveBytesMax, await roomFor(parts)) },
  );
  if (victims.length === 0) return undefined;
  await sealOpenFiles(parts, victims);
  const ids = new Set(victims.map(({ fileId }) => fileId));
  const total = victims.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let [done, movedBytes] = [0, 0];
  const moves: ChunkMove[] = [];
  try {
    for (const { fileId, sizeBytes } of victims) {
      movedBytes += await evacuate(parts, fileId, moves, options);
      done += sizeBytes;
      options.onProgress?.({ done, total, unit: 'bytes' });
    }
    await relocate(parts, moves);
  } catch (error) {
    // Copies that no commit names yet are of no use, and a writer that failed writes no more.
    await parts.target.abandon();
    throw error;
  }
  await beginNewJournalFile(parts, ids);
  const releasedBytes = await letGo(parts, options.signal);
  for (const fileId of ids) if (parts.files.has(fileId)) parts.stuck.add(fileId);
  return { reclaimedBytes: Math.max(0, releasedBytes - movedBytes), movedBytes };
}

/** How much may be moved with the space there is: what moves is there twice for a while. */
async function roomFor({ platform, directory }: CompactionParts): Promise<number> {
  try {
    return (await platform.fileSystem.freeBytes(directory)) * roomFraction;
  } catch {
    // A volume that cannot say it is found out by writing.
    return Number.POSITIVE_INFINITY;
  }
}

/** A file that is being written is ended, so that it can be compacted. */
async function sealOpenFiles(
  { committer, journal, segments }: CompactionParts,
  victims: readonly LogFileState[],
): Promise<void> {
  const ids = new Set<number | undefined>(victims.map(({ fileId }) => fileId));
  if (ids.has(segments.openFileId)) await segments.seal();
  if (!ids.has(journal.openFileId)) return;
  await committer.between(() => {
    journal.seal();
  });
}

/**
 * Makes sure that replay begins behind the victims, and that none of them has the highest id, with
 * a commit that says nothing.
 */
async function beginNewJournalFile(
  { committer, files, journal, state }: CompactionParts,
  victims: ReadonlySet<number>,
): Promise<void> {
  const isBehind = !victims.has(state.lastCommit?.fileId ?? 0) && !victims.has(files.nextId - 1);
  if (isBehind) return;
  await committer.between(() => {
    journal.seal();
  });
  expectSettled(await committer.commit({ kind: 'retire', fileIds: [] }, 'os'));
}

/** Copies what lives in a file, and notes the moves. Returns how many bytes were copied. */
async function evacuate(
  parts: CompactionParts,
  fileId: number,
  moves: ChunkMove[],
  options: CompactionOptions,
): Promise<number> {
  const { platform, files, target } = parts;
  const { signal, giveWay } = options;
  let movedBytes = 0;
  let sinceYield = 0;
  await files.with(fileId, async (opened) => {
    const frames = walkFrames(platform.hashing.crc32, opened, firstPosition(opened));
    for await (const frame of frames) {
      throwIfAborted(signal);
      const chunk = await liveChunk(parts, opened, frame);
      if (chunk !== undefined) {
        const from = chunkLocation(fileId, frame.offset, frame.header, chunk.delta);
        const to = await target.append(chunk);
        moves.push({ id: chunk.id, from, to });
        movedBytes += from.frameBytes;
      }
      if (moves.length >= movesMax) await relocate(parts, moves.splice(0));
      sinceYield += frameBytes(frame.header);
      if (sinceYield < sliceBytes) continue;
      sinceYield = 0;
      // Little by little: a sync of much would hold up those of uploads.
      await target.sync();
      await giveWay();
    }
  });
  return movedBytes;
}

/** The chunk of a frame, if it lives there and is what its name says. */
async function liveChunk(
  parts: CompactionParts,
  opened: OpenLogFile,
  frame: Frame,
): Promise<EncodedChunk | undefined> {
  const { platform, index } = parts;
  const { header, offset, extension } = frame;
  if (header.type !== 'chunk' && header.type !== 'node') return undefined;
  const stored = decodeChunkExtension(header, extension);
  const { id, bases, delta, blockChecksums } = stored;
  if (!(await liesAt(index, id, opened.header.fileId, offset))) return undefined;
  // The walk's view is good for one step only.
  const payload = new Uint8Array(frame.payload);
  const { salt } = opened.header;
  if (!isPayloadIntact(platform.hashing.crc32, salt, payload, blockChecksums)) return undefined;
  if (!(await isWhole(parts, { header, extension: stored, payload }))) return undefined;
  const { encoding, rawBytes } = header;
  const chunk = { id, encoding, payload, rawBytes, children: bases };
  return delta === undefined ? chunk : { ...chunk, delta };
}

/** Whether a frame holds what its name says. A delta of a damaged chunk stays where it is. */
async function isWhole({ platform, chunks }: CompactionParts, frame: ChunkFrame): Promise<boolean> {
  try {
    const readBase: ReadBase = (id, readCostMax) => chunks.base(id, readCostMax);
    return (await plainBytes(platform, frame, readBase)) !== undefined;
  } catch (error) {
    if (isCorrupt(error)) return false;
    throw error;
  }
}

async function liesAt(
  index: IndexStore,
  id: ChunkId,
  fileId: number,
  offset: number,
): Promise<boolean> {
  const found = await locate(index.reader(), id);
  return found?.fileId === fileId && found.offset === offset;
}

/** Makes copies count, in one commit. They are safe before, and may be in more than one file. */
async function relocate(
  { committer, target }: CompactionParts,
  moves: readonly ChunkMove[],
): Promise<void> {
  if (moves.length === 0) return;
  await target.sync();
  const between = new Map<string, ChunkMove[]>();
  for (const move of moves) {
    const files = `${move.from.fileId} ${move.to.fileId}`;
    const those = between.get(files) ?? [];
    between.set(files, those);
    those.push(move);
  }
  const commits = [...between.values()].map((those) => {
    const [{ from, to }] = those as [ChunkMove];
    const [fromFileId, toFileId] = [from.fileId, to.fileId];
    return committer.commit({ kind: 'relocate', fromFileId, toFileId, moves: those }, 'os');
  });
  for (const result of await Promise.all(commits)) expectSettled(result);
}

/** Ends the files that are being written, so that all of them can be compacted. */
export async function endOpenFiles(parts: CompactionParts): Promise<void> {
  const { journal, segments } = parts;
  const open = [journal.openFileId, segments.openFileId].filter((id) => id !== undefined);
  await segments.seal();
  await beginNewJournalFile(parts, new Set(open));
}

/** Removes the files in which nothing lives any more. Returns how many bytes they had. */
async function letGo(parts: CompactionParts, signal: AbortSignal | undefined): Promise<number> {
  const { committer, files } = parts;
  const position = await takeSnapshot(parts, signal);
  if (position === undefined) return 0;
  const empty = await emptyFiles(parts, position);
  if (empty.length === 0) return 0;
  const fileIds = empty.map(({ fileId }) => fileId).sort((a, b) => a - b);
  const result = await committer.commit({ kind: 'retire', fileIds }, 'power');
  expectSettled(result);
  if (result.outcome !== 'done') return 0;
  for (const fileId of fileIds) await files.discard(fileId);
  return empty.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/**
 * Writes what the index is now to a file, and makes sure that nothing before it will be replayed.
 * Returns the commit that it is of; `undefined` if it cannot be relied on.
 */
export async function takeSnapshot(
  parts: CompactionParts,
  signal: AbortSignal | undefined,
): Promise<LogPosition | undefined> {
  const position = await atMoment(parts, async (moment) => {
    await parts.snapshots.take(moment, signal);
    return moment.position;
  });
  if (position === undefined) return undefined;
  return (await parts.takeCheckpoint()) ? position : undefined;
}

/** How much larger than the last one a snapshot of what the index is now would be. */
export async function snapshotGrowthBytes(
  parts: CompactionParts,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { snapshots } = parts;
  const now = await atMoment(parts, (moment) => snapshots.measure(moment, signal));
  return (now ?? 0) - (await snapshots.newestBytes());
}

async function atMoment<T>(
  { committer, index, state }: CompactionParts,
  use: (moment: SnapshotMoment) => Promise<T>,
): Promise<T | undefined> {
  const moment = await committer.between(() => momentOf(state, index));
  if (moment === undefined) return undefined;
  try {
    return await use(moment);
  } catch (error) {
    if (isCorrupt(error)) await index.distrust();
    throw error;
  } finally {
    moment.frozen.end();
  }
}

function momentOf(state: StoreState, index: IndexStore): SnapshotMoment | undefined {
  const { lastLsn: lsn, lastCommit: position, totals } = state;
  if (position === undefined) return undefined;
  return { lsn, position, totals, usage: state.usage.entries(), frozen: index.freeze() };
}

/** Files that nothing needs: no chunk in them lives, and no replay begins before their end. */
async function emptyFiles(parts: CompactionParts, position: LogPosition): Promise<LogFileState[]> {
  const { files, journal, segments } = parts;
  const journalIds = new Set(files.ids('journal'));
  const highest = files.nextId - 1;
  const states = await logFileStates(parts);
  return states.filter(({ fileId, liveBytes }) => {
    if (liveBytes !== 0 || fileId === highest) return false;
    if (journalIds.has(fileId)) return fileId < position.fileId && fileId !== journal.openFileId;
    return fileId !== segments.openFileId;
  });
}

/** A commit whose end nobody knows has stopped the store. */
export function expectSettled(result: CommitResult): void {
  if (result.outcome === 'unknown') throw result.cause;
}
