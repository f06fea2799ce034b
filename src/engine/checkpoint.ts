/**
 * Checkpoints: how much of the log the index is proved to hold.
 *
 * A checkpoint is proved, not believed: LevelDB must have written its tables and dropped the
 * write-ahead files that covered them. Only then does the journal say so, and the next opening
 * replays from there. The same number stands in the index, so that an index from another time, put
 * beside this log, is recognised.
 *
 * @module
 */

import { Reader, Writer } from '../base/bytes.ts';
import type { Committer } from './committer.ts';
import type { Database } from './index/database.ts';
import type { IndexChange, IndexReader, IndexStore } from './index/index-store.ts';
import {
  afterPrefix,
  decodeOldestFirst,
  factsGroup,
  flushesGroup,
  oldestFirst,
} from './index/keys.ts';
import { indexFormat } from './index/records.ts';
import type { Journal } from './journal.ts';
import type { LogPosition } from './log/file-header.ts';
import type { Lsn } from './model.ts';
import type { FileSystem } from './platform/file-system.ts';
import type { StoreState } from './store-state.ts';

export interface CheckpointParts {
  readonly fileSystem: FileSystem;
  readonly committer: Committer;
  readonly journal: Journal;
  readonly index: IndexStore;
  readonly database: Database;
  readonly state: StoreState;
}

const checkpointFact = 'checkpoint';
const storeFact = 'store';
/** The last one that held, and one that was under way: few more are there at a time. */
const notedCheckpointsMax = 4;

/** Takes a checkpoint. `false`: LevelDB did not flush, so what is to be replayed only grows. */
export async function takeCheckpoint(parts: CheckpointParts): Promise<boolean> {
  const { committer, database, fileSystem, index, journal, state } = parts;
  const { lastCommit: position, lastLsn } = state;
  const usage = state.usage.entries();
  if (position === undefined) return false;
  await committer.sync();
  await noteCheckpoint(index, lastLsn, position);
  if (!(await database.flush(fileSystem))) return false;
  await committer.commit({ kind: 'checkpoint', position, usage }, 'power');
  journal.markCheckpoint(position);
  await index.writeDirectly(await outdatedRows(index.reader(), lastLsn));
  return true;
}

/**
 * Notes in the index that it is complete up to an LSN. That counts once the journal says so too;
 * where it does already, the index must be proved first.
 */
export async function noteCheckpoint(
  index: IndexStore,
  lsn: Lsn,
  { fileId, offset }: LogPosition,
): Promise<void> {
  const value = new Writer().varint(fileId).varint(offset).finish();
  const fact = { group: factsGroup, suffix: checkpointFact + oldestFirst(lsn), value };
  await index.writeDirectly([fact]);
}

/** The commits of the checkpoints that an index has noted, the newest first. */
export async function notedCheckpoints(index: IndexStore): Promise<LogPosition[]> {
  const gte = factsGroup + checkpointFact;
  const range = { gte, lt: afterPrefix(gte), reverse: true, limit: notedCheckpointsMax };
  const positions: LogPosition[] = [];
  for (const { value } of await index.reader().range(range)) {
    // An older build noted only that there is one.
    if (value.length === 0) continue;
    const reader = new Reader(value, 'a checkpoint in the index');
    positions.push({ fileId: reader.varint(), offset: reader.varint() });
  }
  return positions;
}

/** Marks a new index as belonging to this store. */
export async function adoptIndex(index: IndexStore, storeId: Uint8Array): Promise<void> {
  await index.writeDirectly([{ group: factsGroup, suffix: storeFact, value: ownMark(storeId) }]);
}

/** Whether this is an index of this store, in the format of this build. */
export async function isOwnIndex(index: IndexStore, storeId: Uint8Array): Promise<boolean> {
  const mark = await index.fact(storeFact);
  const own = ownMark(storeId);
  return mark !== undefined && mark.length === own.length && mark.every((b, i) => b === own[i]);
}

/** Whether the index holds what the journal's checkpoint says. */
export async function knowsCheckpoint(index: IndexStore, lsn: Lsn): Promise<boolean> {
  return (await index.fact(checkpointFact + oldestFirst(lsn))) !== undefined;
}

/** Up to which LSN the index says it was written: 0 where it does not say. */
export async function lastFlushedLsn(reader: IndexReader): Promise<Lsn> {
  const range = { gte: flushesGroup, lt: factsGroup, reverse: true, limit: 1 };
  const [row] = await reader.range(range);
  return row === undefined ? 0 : decodeOldestFirst(row.key.slice(flushesGroup.length));
}

function ownMark(storeId: Uint8Array): Uint8Array {
  return Uint8Array.from([indexFormat, ...storeId]);
}

/** Older facts about checkpoints, and what the index noted of its batches up to this one. */
async function outdatedRows(reader: IndexReader, lsn: Lsn): Promise<IndexChange[]> {
  const groups = [
    { group: factsGroup, prefix: checkpointFact },
    { group: flushesGroup, prefix: '' },
  ];
  const outdated: IndexChange[] = [];
  for (const { group, prefix } of groups) {
    const rows = await reader.range({
      gte: group + prefix,
      lt: group + prefix + oldestFirst(lsn),
      limit: 10_000,
    });
    for (const { key } of rows) {
      outdated.push({ group, suffix: key.slice(group.length), value: undefined });
    }
  }
  return outdated;
}
