/**
 * The journal that is being written: one file at a time, each saying where the one before ended.
 *
 * The first file of an incarnation is made with the first commit, so a store that is only read
 * leaves no trace. A file that is full is synced before its successor is made.
 *
 * @module
 */

import { assert } from '../base/assert.ts';
import { journalRoomAhead, logFileBytesMax } from '../base/limits.ts';
import type { Incarnation } from './incarnation.ts';
import { fileHeaderBytes, type FileHeader, type LogPosition } from './log/file-header.ts';
import type { LogWriter } from './log/log-writer.ts';
import { encodeCommitPayload, type CommitPayload } from './log/operations.ts';
import type { RecoveredJournal } from './log/recovery.ts';
import type { RoomLimits } from './log/room-ahead.ts';
import type { ChunkId, ChunkLocation, EncodedChunk, Lsn } from './model.ts';

/** A smaller commit takes two sectors or three: nobody waits to save one. */
const deflatedCommitBytesMin = 1024;

export class Journal {
  readonly #incarnation: Incarnation;
  readonly #roomAhead: RoomLimits;
  /** Where the last commit ends: queued, and known to be durable. */
  #end: FileHeader['previous'];
  #durableEnd: FileHeader['previous'];
  #checkpoint: LogPosition | undefined;
  #writer: LogWriter | undefined;
  #isSealed = false;
  #bytesSinceCheckpoint: number;
  #operationsSinceCheckpoint: number;

  /** @param recovered - The journal as recovery found it. */
  constructor(
    incarnation: Incarnation,
    recovered: Pick<
      RecoveredJournal,
      'end' | 'checkpoint' | 'bytesSinceCheckpoint' | 'operationsSinceCheckpoint'
    >,
    roomAhead: RoomLimits = journalRoomAhead,
  ) {
    this.#incarnation = incarnation;
    this.#roomAhead = roomAhead;
    this.#end = recovered.end;
    this.#durableEnd = recovered.end;
    this.#checkpoint = recovered.checkpoint;
    this.#bytesSinceCheckpoint = recovered.bytesSinceCheckpoint;
    this.#operationsSinceCheckpoint = recovered.operationsSinceCheckpoint;
  }

  /** Where the last commit ends that is known to be on stable storage. */
  get durableEnd(): FileHeader['previous'] {
    return this.#durableEnd;
  }

  /** Whether anything was written since the store was opened. */
  get hasBegun(): boolean {
    return this.#writer !== undefined;
  }

  /** What a crash now would have to replay, in bytes of the journal, */
  get bytesSinceCheckpoint(): number {
    return this.#bytesSinceCheckpoint;
  }

  /** and in operations. */
  get operationsSinceCheckpoint(): number {
    return this.#operationsSinceCheckpoint;
  }

  /** The file that is being written, if any. */
  get openFileId(): number | undefined {
    return this.#writer?.fileId;
  }

  /** Where its frames end, once all is written. */
  get openFileEnd(): number {
    return this.#writer?.end ?? 0;
  }

  /** Makes sure that there is a file with room. Call it before each group. */
  async prepare(nextLsn: Lsn): Promise<void> {
    const full = this.#writer;
    if (full !== undefined) {
      if (full.end < logFileBytesMax && !this.#isSealed) return;
      await this.sync();
      // Before there is another file: to others this one is whole then.
      await full.closeRoom();
    }
    this.#writer = await this.#incarnation.createFile({
      kind: 'journal',
      previous: this.#end,
      firstLsn: nextLsn,
      checkpoint: this.#checkpoint ?? { fileId: 0, offset: 0 },
    });
    this.#writer.keepRoomAhead(this.#roomAhead);
    this.#isSealed = false;
    await full?.close();
  }

  /** The next group begins a new file. */
  seal(): void {
    this.#isSealed = this.#writer !== undefined;
  }

  /** Queues a chunk of the group that is being decided. */
  appendChunk(chunk: EncodedChunk): ChunkLocation {
    const location = this.#mustGetWriter().appendChunk(chunk);
    this.#bytesSinceCheckpoint += location.frameBytes;
    return location;
  }

  /** Queues the commit of a group; its chunks were queued just before, in this order. */
  append(firstLsn: Lsn, payload: CommitPayload, chunkIds: readonly ChunkId[]): LogPosition {
    const writer = this.#mustGetWriter();
    const bytes = encodeCommitPayload(payload, chunkIds);
    // Not the writer's durable end: a sync may have covered half of this group, and a frame that
    // said so would make a torn group look like a damaged one.
    const { fileId, end } = this.#durableEnd;
    const durableEnd = fileId === writer.fileId ? end : fileHeaderBytes;
    const commit = { firstLsn, operationCount: payload.operations.length, durableEnd };
    const deflated =
      bytes.length < deflatedCommitBytesMin ? undefined : this.#incarnation.deflateNow(bytes);
    const position = writer.appendCommit(commit, bytes, deflated);
    this.#bytesSinceCheckpoint += writer.end - position.offset;
    this.#operationsSinceCheckpoint += payload.operations.length;
    this.#end = { fileId: writer.fileId, end: writer.end, chain: writer.chain };
    return position;
  }

  /** After a failure: whether the file certainly has not got the last group whole. */
  get isCutShort(): boolean {
    return this.#mustGetWriter().isCutShort;
  }

  /** The system has everything queued. */
  async flush(): Promise<void> {
    await this.#writer?.flush();
  }

  /** Everything queued is on stable storage. */
  async sync(): Promise<void> {
    const end = this.#end;
    await this.#writer?.sync();
    this.#durableEnd = end;
  }

  /** A checkpoint has been written: the index is complete up to this commit. */
  markCheckpoint(position: LogPosition): void {
    this.#checkpoint = position;
    this.#bytesSinceCheckpoint = 0;
    this.#operationsSinceCheckpoint = 0;
  }

  async close(): Promise<void> {
    await this.#writer?.close();
  }

  #mustGetWriter(): LogWriter {
    assert(this.#writer !== undefined, 'the journal was prepared');
    return this.#writer;
  }
}
