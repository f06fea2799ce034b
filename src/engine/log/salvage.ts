/**
 * A journal that is damaged: how far is it whole, and what behind that can still be proved?
 *
 * The unbroken beginning is what recovery would accept. Behind the damage no chain leads, but a
 * commit frame proves itself: its self-check is seeded with the salt and its place, and its payload
 * has checksums seeded with the salt. From its end on the chain holds again. So every whole group
 * behind damage is found, but for the first one after it if that has chunk frames of its own; and a
 * later file begins with a header that needs nothing before it.
 *
 * Such groups are evidence of what was acknowledged, and never part of the journal again: they rest
 * on groups that are lost. Repair makes their changes anew (maintenance/salvage.ts).
 *
 * @module
 */

import { isCorrupt } from '../../base/errors.ts';
import type { Lsn } from '../model.ts';
import {
  commitHeadBytes,
  decodeCommitExtension,
  findCommitHead,
  frameBytes,
  frameTypes,
  isPayloadIntact,
  type Crc32,
} from './frame.ts';
import { fileHeaderBytes, type FileHeader, type LogPosition } from './file-header.ts';
import type { LogFiles, OpenLogFile } from './log-files.ts';
import {
  checkpointIn,
  groupOf,
  groupsOf,
  positionBehindCommit,
  refuseIfCorrupt,
  type JournalGroup,
} from './recovery.ts';
import { firstPosition, readFrame, type WalkPosition } from './walk.ts';

/** The unbroken beginning of a journal. */
export interface JournalBeginning {
  /** Where it ends. `fileId` 0: there is none. */
  readonly end: FileHeader['previous'];
  readonly checkpoint: LogPosition | undefined;
  readonly lastLsn: Lsn;
  /** What ends it, if it does not go on to the end of the journal. */
  readonly damage: string | undefined;
}

/**
 * Finds out how far the journal is whole. Changes nothing.
 *
 * @param from - The commit that a snapshot is of: nothing before it is needed.
 */
export async function findBeginning(
  files: LogFiles,
  crc32: Crc32,
  from?: { readonly position: LogPosition; readonly lsn: Lsn },
): Promise<JournalBeginning> {
  let end = { fileId: 0, end: 0, chain: 0 };
  let checkpoint: LogPosition | undefined;
  let lastLsn = from?.lsn ?? 0;
  const ids = files.ids('journal').filter((id) => id >= (from?.position.fileId ?? 0));
  for (const [place, fileId] of ids.entries()) {
    const isNewest = place === ids.length - 1;
    const header = await headerOf(files, fileId);
    // What a crash leaves of the newest file before its header is whole is no damage.
    if (header === 'unfinished' && isNewest) break;
    const whatIs = `journal file ${fileId}`;
    if (header === 'unfinished' || header === 'damaged') {
      return { end, checkpoint, lastLsn, damage: `the header of ${whatIs} is damaged` };
    }
    const start = fileId === from?.position.fileId ? from.position.offset : undefined;
    const previous = start === undefined ? header.previous : end;
    if (from !== undefined && place === 0 && start === undefined) {
      const damage = `journal file ${from.position.fileId}, which the snapshot needs, is missing`;
      return { end, checkpoint, lastLsn, damage };
    }
    if (previous.fileId !== end.fileId) {
      const damage = `journal file ${previous.fileId} is missing, or another stands for it`;
      return { end, checkpoint, lastLsn, damage };
    }
    if (previous.end !== end.end || previous.chain !== end.chain) {
      const damage = `journal file ${end.fileId} is damaged at ${end.end}`;
      return { end, checkpoint, lastLsn, damage };
    }
    const nextEnd = await endSaidByNext(files, fileId, ids[place + 1]);
    const read = await readBeginning(files, crc32, fileId, { start, end: nextEnd, isNewest });
    end = { fileId, end: read.reached.offset, chain: read.reached.chain };
    checkpoint = read.checkpoint ?? checkpoint;
    lastLsn = read.lastLsn ?? lastLsn;
    if (read.damage !== undefined) return { end, checkpoint, lastLsn, damage: read.damage };
  }
  return { end, checkpoint, lastLsn, damage: undefined };
}

/**
 * Whole groups of a journal file, as far as they can be proved. `from`: where the damage begins; at
 * first nothing is known to be damaged. `end`: as its successor says, if there is one.
 */
export async function* provableGroups(
  files: LogFiles,
  crc32: Crc32,
  fileId: number,
  range: { readonly damagedAt?: number; readonly end?: number | undefined },
): AsyncGenerator<JournalGroup> {
  const { opened, release } = await files.hold(fileId);
  try {
    const size = Math.min(await files.size(fileId), range.end ?? Number.POSITIVE_INFINITY);
    let at: WalkPosition | undefined = firstPosition(opened);
    if (range.damagedAt !== undefined) {
      const found = await commitBehind(files, crc32, opened, { offset: range.damagedAt, size });
      if (found?.group !== undefined) yield found.group;
      at = found?.next;
    }
    while (at !== undefined) {
      for await (const group of untilDamage(groupsOf(crc32, opened, at, range.end))) {
        yield group;
        at = group.next;
      }
      const found = await commitBehind(files, crc32, opened, { offset: at.offset, size });
      if (found?.group !== undefined) yield found.group;
      at = found?.next;
    }
  } finally {
    await release();
  }
}

/** A header, or why there is none. */
async function headerOf(
  files: LogFiles,
  fileId: number,
): Promise<FileHeader | 'unfinished' | 'damaged'> {
  try {
    return (await files.header(fileId)) ?? 'unfinished';
  } catch (error) {
    if (isCorrupt(error)) return 'damaged';
    throw error;
  }
}

/** Where the next file says that this one ended. */
export async function endSaidByNext(
  files: LogFiles,
  fileId: number,
  nextId: number | undefined,
): Promise<number | undefined> {
  if (nextId === undefined) return undefined;
  const next = await headerOf(files, nextId);
  if (next === 'unfinished' || next === 'damaged') return undefined;
  return next.previous.fileId === fileId ? next.previous.end : undefined;
}

async function readBeginning(
  files: LogFiles,
  crc32: Crc32,
  fileId: number,
  range: {
    readonly start: number | undefined;
    readonly end: number | undefined;
    readonly isNewest: boolean;
  },
): Promise<{
  readonly reached: WalkPosition;
  readonly checkpoint: LogPosition | undefined;
  readonly lastLsn: Lsn | undefined;
  readonly damage: string | undefined;
}> {
  return files.with(fileId, async (opened) => {
    let reached = firstPosition(opened);
    let checkpoint: LogPosition | undefined;
    let lastLsn: Lsn | undefined;
    let damage: string | undefined;
    try {
      if (range.start !== undefined) {
        reached = await positionBehindCommit(crc32, opened, range.start);
      }
      for await (const group of groupsOf(crc32, opened, reached, range.end)) {
        reached = group.next;
        checkpoint = checkpointIn(group) ?? checkpoint;
        lastLsn = group.firstLsn + group.payload.operations.length - 1;
      }
      if (range.isNewest) await refuseIfCorrupt(files, crc32, opened, reached.offset);
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      damage = `journal file ${fileId} is damaged at ${reached.offset}`;
    }
    return { reached, checkpoint, lastLsn, damage };
  });
}

/** Groups up to the first that says what cannot be. */
async function* untilDamage(groups: AsyncGenerator<JournalGroup>): AsyncGenerator<JournalGroup> {
  try {
    yield* groups;
  } catch (error) {
    if (!isCorrupt(error)) throw error;
  }
}

/** The next commit frame that proves itself, with its group if that has no chunks of its own. */
async function commitBehind(
  files: LogFiles,
  crc32: Crc32,
  opened: OpenLogFile,
  { offset, size }: { readonly offset: number; readonly size: number },
): Promise<{ readonly group: JournalGroup | undefined; readonly next: WalkPosition } | undefined> {
  const { fileId, salt } = opened.header;
  if (size <= Math.max(offset, fileHeaderBytes)) return undefined;
  const rest = await opened.read(offset, size - offset);
  for (let at = 0; at < rest.length; at++) {
    if (rest[at] !== frameTypes.commit) continue;
    const bytes = rest.subarray(at, at + commitHeadBytes);
    const found = findCommitHead(crc32, salt, offset + at, bytes);
    if (found === undefined || offset + at + frameBytes(found.header) > size) continue;
    const end = offset + at + frameBytes(found.header);
    const place = { fileId, offset: offset + at, frameBytes: frameBytes(found.header) };
    const group = await groupAlone(files, crc32, place);
    return { group, next: { offset: end, chain: found.header.chain } };
  }
  return undefined;
}

/** The group of a commit whose chunk frames were not read: `undefined` if it needs them. */
async function groupAlone(
  files: LogFiles,
  crc32: Crc32,
  place: { readonly fileId: number; readonly offset: number; readonly frameBytes: number },
): Promise<JournalGroup | undefined> {
  try {
    const frame = await readFrame(files, place);
    const commit = decodeCommitExtension(frame.header, frame.extension);
    const isIntact = isPayloadIntact(crc32, frame.salt, frame.payload, commit.blockChecksums);
    return isIntact ? groupOf(place.fileId, frame, commit, []) : undefined;
  } catch (error) {
    if (isCorrupt(error)) return undefined;
    throw error;
  }
}
