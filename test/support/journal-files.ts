/**
 * Journal files made one by one, as a test wants them: what recovery and repair read.
 *
 * @module
 */

import { LogFiles } from '../../src/engine/log/log-files.ts';
import type { LogWriter } from '../../src/engine/log/log-writer.ts';
import {
  encodeCommitPayload,
  type CommitPayload,
  type Operation,
} from '../../src/engine/log/operations.ts';
import type { JournalGroup } from '../../src/engine/log/recovery.ts';
import { noTotals } from '../../src/engine/model.ts';
import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { nativeHashing } from '../../src/engine/platform/native-hashing.ts';

const storeId = new Uint8Array(16).fill(3);

/** The log files of a folder, which is made. */
export async function logFilesOn(disk: FileSystem): Promise<LogFiles> {
  await disk.makeDirectory('/store');
  return LogFiles.open(disk, nativeHashing.crc32, '/store', storeId);
}

/** A journal file behind another, or the first. */
export async function makeJournal(
  files: LogFiles,
  fileId: number,
  firstLsn: number,
  before?: LogWriter,
): Promise<LogWriter> {
  return files.create({
    kind: 'journal',
    generation: 1,
    fileId,
    storeId,
    salt: 100 + fileId,
    previous: { fileId: before?.fileId ?? 0, end: before?.end ?? 0, chain: before?.chain ?? 0 },
    firstLsn,
    checkpoint: { fileId: 0, offset: 0 },
  });
}

/** A commit that makes a bucket. */
export function commit(writer: LogWriter, firstLsn: number): { fileId: number; offset: number } {
  const bucket = { id: firstLsn, name: `bucket-${firstLsn}`, versioned: false, public: false };
  const operations: Operation[] = [{ kind: 'putBucket', bucket }];
  const payload: CommitPayload = { totals: noTotals, timeMs: 1, lastBucketId: 1, operations };
  const head = { firstLsn, operationCount: 1, durableEnd: writer.durableEnd };
  return writer.appendCommit(head, encodeCommitPayload(payload, []));
}

/** The first LSN of each group. */
export async function lsnsOf(groups: AsyncIterable<JournalGroup>): Promise<number[]> {
  const found: number[] = [];
  for await (const { firstLsn } of groups) found.push(firstLsn);
  return found;
}
