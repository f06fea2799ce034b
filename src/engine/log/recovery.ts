/**
 * After an end of any kind: where do the good bytes of the journal end, and what do they say?
 *
 * A group (chunk frames, then their commit) counts when its frames continue the chain and all its
 * payloads are intact. The first group that does not count ends the journal. That end is either
 *
 * - *torn*: the last write, or several that were not synced, did not all reach the disk. Nothing
 *   behind it was acknowledged as safe; it is left out, and the next journal file records where its
 *   predecessor ended. Or
 * - *corrupt*: the journal itself says that bytes behind the end were once on stable storage: a
 *   later commit's `durableEnd`, or the next file's `previous.end`. That is `CORRUPT`: going on
 *   would lose acknowledged data silently.
 *
 * What was accepted behind the last `durableEnd` is rewritten in place and synced. After `kill -9`
 * it may lie in the page cache only, and what has been read and shown must not be lost afterwards.
 *
 * All files but the last were synced whole before their successor was made, so only the last one's
 * payloads are read here: opening costs at most one file, whatever the size of the store.
 *
 * @module
 */

import { ObjectsError, corrupt, describe } from '../../base/errors.ts';
import { lsnJump } from '../../base/limits.ts';
import type { Lsn } from '../model.ts';
import { commitOperations } from './commit-body.ts';
import {
  commitHeadBytes,
  decodeChunkExtension,
  decodeCommitExtension,
  findCommitHead,
  frameBytes,
  frameTypes,
  isPayloadIntact,
  type CommitHead,
  type Crc32,
  type FrameHeader,
} from './frame.ts';
import { fileHeaderBytes, type FileHeader, type LogPosition } from './file-header.ts';
import type { LogFiles, OpenLogFile } from './log-files.ts';
import { decodeCommitPayload, type CommitPayload } from './operations.ts';
import {
  chunkLocation,
  firstPosition,
  walkFrames,
  type ChunkHead,
  type Frame,
  type WalkPosition,
} from './walk.ts';

/** One commit group as it was read. */
export interface JournalGroup {
  readonly position: LogPosition;
  readonly firstLsn: Lsn;
  readonly payload: CommitPayload;
  /** The chunks that lie in the journal with this commit. */
  readonly chunks: readonly ChunkHead[];
  /** What follows the group. */
  readonly next: WalkPosition;
  readonly durableEnd: number;
}

/** The journal as recovery found it. */
export interface RecoveredJournal {
  /** Where the last file's good bytes end. `fileId` 0: there is no journal yet. */
  readonly end: { readonly fileId: number; readonly end: number; readonly chain: number };
  /** The last commit, or `undefined` for a store without one. */
  readonly last: JournalGroup | undefined;
  /** The index is proved to hold everything up to the commit at this place. */
  readonly checkpoint: LogPosition | undefined;
  /** What there is to replay behind it, in bytes of the journal. */
  readonly bytesSinceCheckpoint: number;
  /** The same in operations, or more: LSNs jump where somebody may have been given one. */
  readonly operationsSinceCheckpoint: number;
  /** LSN of the last operation; 0 if there is none. */
  readonly lastLsn: Lsn;
  /** No LSN from here on was given to anybody. */
  readonly nextLsn: Lsn;
}

/** The LSN of the last operation of the commit at a place. */
export async function lastLsnOf(
  files: LogFiles,
  crc32: Crc32,
  position: LogPosition,
): Promise<Lsn> {
  return files.with(position.fileId, async (opened) => {
    const { commit } = await commitHeadAt(crc32, opened, position.offset);
    return commit.firstLsn + commit.operationCount - 1;
  });
}

/**
 * Finds the end of the journal and makes it durable. Throws `CORRUPT` as the header says.
 *
 * @param noted - Commits behind which a checkpoint may stand, the likeliest first: the newest file
 * is read from there, and not from its start. Whether one does is looked up; none is believed.
 */
export async function recoverJournal(
  files: LogFiles,
  crc32: Crc32,
  noted: readonly LogPosition[] = [],
): Promise<RecoveredJournal> {
  await discardUnfinished(files);
  const lastFile = files.ids('journal').at(-1);
  if (lastFile === undefined) {
    const end = { fileId: 0, end: 0, chain: 0 };
    const nothing = { last: undefined, checkpoint: undefined, lastLsn: 0, nextLsn: 1 };
    return { end, ...nothing, bytesSinceCheckpoint: 0, operationsSinceCheckpoint: 0 };
  }
  return files.with(lastFile, async (opened) => {
    const { header } = opened;
    const walked =
      (await walkBehindNoted(crc32, opened, noted)) ??
      (await walkGroups(crc32, opened, firstPosition(opened)));
    let { last } = walked;
    const atStart = header.checkpoint.fileId === 0 ? undefined : header.checkpoint;
    const checkpoint = walked.checkpoint ?? atStart;
    const end = last?.next ?? firstPosition(opened);
    await refuseIfCorrupt(files, crc32, opened, end.offset);
    // A file without a commit may not even have its header and its name on stable storage.
    if (last === undefined) await files.secure(lastFile);
    else await files.resync(lastFile, last.durableEnd, end.offset);

    // Only a close in the newest file says that nothing came after it: a file without a commit may
    // have lost some that were acknowledged with durability `'os'`.
    const isClosed = last?.payload.operations.at(-1)?.kind === 'close';
    last ??= await lastGroupBefore(files, crc32, header);
    const lastLsn = last === undefined ? 0 : last.firstLsn + last.payload.operations.length - 1;
    // Where its commit cannot be read, opening will tell why: it is none of this count's business.
    const complete =
      checkpoint === undefined ? 0 : await lastLsnOf(files, crc32, checkpoint).catch(() => 0);
    return {
      end: { fileId: lastFile, end: end.offset, chain: end.chain },
      last,
      checkpoint,
      bytesSinceCheckpoint: await bytesSince(files, checkpoint, end.offset),
      operationsSinceCheckpoint: lastLsn - complete,
      lastLsn,
      nextLsn: isClosed ? lastLsn + 1 : Math.max(lastLsn + 1, header.firstLsn) + lsnJump,
    };
  });
}

/** What a walk over a journal file came by. */
interface WalkedGroups {
  readonly last: JournalGroup | undefined;
  readonly checkpoint: LogPosition | undefined;
}

async function walkGroups(
  crc32: Crc32,
  opened: OpenLogFile,
  from: WalkPosition,
): Promise<WalkedGroups> {
  let last: JournalGroup | undefined;
  let checkpoint: LogPosition | undefined;
  for await (const group of groupsOf(crc32, opened, from)) {
    last = group;
    checkpoint = checkpointIn(group) ?? checkpoint;
  }
  return { last, checkpoint };
}

/**
 * Walks from the first of some commits behind which there is a checkpoint. What lies before it was
 * safe when that was taken, as in the files before this one, which are not read either.
 */
async function walkBehindNoted(
  crc32: Crc32,
  opened: OpenLogFile,
  noted: readonly LogPosition[],
): Promise<WalkedGroups | undefined> {
  const { fileId, salt } = opened.header;
  for (const { offset } of noted.filter((each) => each.fileId === fileId)) {
    const found = findCommitHead(crc32, salt, offset, await opened.read(offset, commitHeadBytes));
    if (found === undefined) continue;
    const { header } = found;
    const behind = { offset: offset + frameBytes(header), chain: header.chain };
    const walked = await walkGroups(crc32, opened, behind);
    if (walked.checkpoint !== undefined) return walked;
  }
  return undefined;
}

/** From a checkpoint to where the newest file ends. */
async function bytesSince(
  files: LogFiles,
  checkpoint: LogPosition | undefined,
  end: number,
): Promise<number> {
  const ids = files.ids('journal').filter((id) => id >= (checkpoint?.fileId ?? 0));
  const sizes = await Promise.all(ids.slice(0, -1).map((id) => files.size(id)));
  return sizes.reduce((sum, size) => sum + size, end - (checkpoint?.offset ?? 0));
}

/**
 * All groups behind a commit (a checkpoint; default: all) to the recovered end, in order.
 *
 * Throws `CORRUPT` if a file is missing in between or ends before its successor says.
 */
export async function* replayJournal(
  files: LogFiles,
  crc32: Crc32,
  recoveredEnd: RecoveredJournal['end'],
  from?: LogPosition,
): AsyncGenerator<JournalGroup> {
  // A file behind the end has no commit yet: one was made ready, and the change then refused.
  const ids = files
    .ids('journal')
    .filter((id) => id <= recoveredEnd.fileId && id >= (from?.fileId ?? 0));
  await mustBeginWith(files, ids[0], from);
  for (const [index, fileId] of ids.entries()) {
    const nextId = ids[index + 1];
    const next = nextId === undefined ? undefined : await files.header(nextId);
    const end = next?.previous ?? recoveredEnd;
    if (end.fileId !== fileId) {
      throw corrupt(`a journal file is missing: ${describe({ file: end.fileId })}`);
    }
    const start = fileId === from?.fileId ? from.offset : undefined;
    const reached = yield* groupsOfFile(files, crc32, fileId, { start, end: end.end });
    if (reached.offset !== end.end || reached.chain !== end.chain) {
      throw corrupt(
        `a journal file is damaged: ${describe({ file: fileId, offset: reached.offset })}`,
      );
    }
  }
}

/** Throws `CORRUPT` unless the first file to replay is the one that `from` names, or the first. */
async function mustBeginWith(
  files: LogFiles,
  firstId: number | undefined,
  from: LogPosition | undefined,
): Promise<void> {
  const before = firstId === undefined ? undefined : (await files.header(firstId))?.previous.fileId;
  const missing = from === undefined ? before : from.fileId === firstId ? 0 : from.fileId;
  if (missing === undefined || missing === 0) return;
  throw corrupt(`a journal file is missing: ${describe({ file: missing })}`);
}

async function* groupsOfFile(
  files: LogFiles,
  crc32: Crc32,
  fileId: number,
  range: { readonly start: number | undefined; readonly end: number },
): AsyncGenerator<JournalGroup, WalkPosition> {
  const { opened, release } = await files.hold(fileId);
  try {
    let position =
      range.start === undefined
        ? firstPosition(opened)
        : await positionBehindCommit(crc32, opened, range.start);
    for await (const group of groupsOf(crc32, opened, position, range.end)) {
      position = group.next;
      yield group;
    }
    return position;
  } finally {
    await release();
  }
}

/**
 * Groups from a position on, as long as they count. `end` is where the walk may not pass.
 *
 * The file must stay open meanwhile.
 */
export async function* groupsOf(
  crc32: Crc32,
  opened: OpenLogFile,
  from: WalkPosition,
  end?: number,
): AsyncGenerator<JournalGroup> {
  const { fileId, salt } = opened.header;
  let chunks: ChunkHead[] = [];
  for await (const frame of walkFrames(crc32, opened, from, end)) {
    if (frame.header.type === 'pad') continue;
    if (frame.header.type === 'commit') {
      const commit = decodeCommitExtension(frame.header, frame.extension);
      if (!isPayloadIntact(crc32, salt, frame.payload, commit.blockChecksums)) return;
      yield groupOf(fileId, frame, commit, chunks);
      chunks = [];
    } else {
      const { header, offset } = frame;
      const { id, bases, delta, blockChecksums } = decodeChunkExtension(header, frame.extension);
      if (!isPayloadIntact(crc32, salt, frame.payload, blockChecksums)) return;
      chunks.push({ id, bases, location: chunkLocation(fileId, offset, header, delta) });
    }
  }
}

/** The group that ends with this commit frame. Throws `CORRUPT` if it says what cannot be. */
export function groupOf(
  fileId: number,
  frame: Frame,
  commit: CommitHead,
  chunks: JournalGroup['chunks'],
): JournalGroup {
  const ids = chunks.map(({ id }) => id);
  const body = { ...frame.header, payload: frame.payload };
  const payload = decodeCommitPayload(commitOperations(body), ids);
  return {
    position: { fileId, offset: frame.offset },
    firstLsn: commit.firstLsn,
    payload,
    chunks,
    next: { offset: frame.offset + frameBytes(frame.header), chain: frame.header.chain },
    durableEnd: commit.durableEnd,
  };
}

/** The checkpoint that a group took, if it did. */
export function checkpointIn(group: JournalGroup): LogPosition | undefined {
  const operation = group.payload.operations.find(({ kind }) => kind === 'checkpoint');
  return operation?.kind === 'checkpoint' ? operation.position : undefined;
}

/** A file whose header never became whole: nothing in it was acknowledged. */
async function discardUnfinished(files: LogFiles): Promise<void> {
  const newest = files.ids('journal').at(-1);
  if (newest !== undefined && (await files.header(newest)) === undefined) {
    await files.discard(newest);
    await discardUnfinished(files);
  }
}

/** The last commit of the files before one in which there is none yet. */
async function lastGroupBefore(
  files: LogFiles,
  crc32: Crc32,
  header: FileHeader,
): Promise<JournalGroup | undefined> {
  if (header.previous.fileId === 0) return undefined;
  let last: JournalGroup | undefined;
  const range = { start: undefined, end: header.previous.end };
  for await (const group of groupsOfFile(files, crc32, header.previous.fileId, range)) last = group;
  if (last !== undefined) return last;
  const previous = await files.with(header.previous.fileId, async (opened) => opened.header);
  return lastGroupBefore(files, crc32, previous);
}

/** The place behind a commit. Its self-check stands for the chain before it. */
export async function positionBehindCommit(
  crc32: Crc32,
  opened: OpenLogFile,
  offset: number,
): Promise<WalkPosition> {
  const { header } = await commitHeadAt(crc32, opened, offset);
  return { offset: offset + frameBytes(header), chain: header.chain };
}

async function commitHeadAt(
  crc32: Crc32,
  opened: OpenLogFile,
  offset: number,
): Promise<{ readonly header: FrameHeader; readonly commit: CommitHead }> {
  const { fileId, salt } = opened.header;
  const found = findCommitHead(crc32, salt, offset, await opened.read(offset, commitHeadBytes));
  if (found !== undefined) return found;
  throw corrupt(`a checkpoint is damaged: ${describe({ file: fileId, offset })}`);
}

/** Looks behind the end for a commit that says the file was durable past it. */
export async function refuseIfCorrupt(
  files: LogFiles,
  crc32: Crc32,
  opened: OpenLogFile,
  end: number,
): Promise<void> {
  const { fileId, salt } = opened.header;
  const size = await files.size(fileId);
  if (size <= Math.max(end, fileHeaderBytes)) return;
  const rest = await opened.read(end, size - end);
  for (let at = 0; at < rest.length; at++) {
    if (rest[at] !== frameTypes.commit) continue;
    const bytes = rest.subarray(at, at + commitHeadBytes);
    const durableEnd = findCommitHead(crc32, salt, end + at, bytes)?.commit.durableEnd ?? 0;
    if (durableEnd <= end) continue;
    const where = describe({ path: files.path(fileId), offset: end, durableEnd });
    const message = 'the journal is damaged where it was safe; restore the file from a backup';
    throw new ObjectsError(`${message}: ${where}`, { code: 'CORRUPT' });
  }
}
