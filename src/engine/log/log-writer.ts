/**
 * The end of a log file: frames are appended, handed to the system, and synced.
 *
 * Appending is synchronous and only queues: the frame has its place at once, and its bytes were
 * copied, so the caller may use that memory again. Writes gather whatever was queued meanwhile, and
 * a sync covers everything written before it began, so that concurrent callers share both. Where
 * nothing written waits for a sync, and the file can, what is queued is written durably in one
 * step: half the way for a commit that is alone
 * (docs/decisions/0041-a-write-that-is-its-own-sync.md).
 *
 * A short write is continued. After a failed write or sync the writer is broken for good: what the
 * file holds is not known (after a failed sync the page cache may show bytes that the disk lacks,
 * Rebello et al., ATC '20), so nothing of it may be acknowledged until recovery has read it back.
 *
 * Only the process that made a file appends to it, so a writer begins with a new file.
 *
 * @module
 */

import { assert } from '../../base/assert.ts';
import type { File } from '../platform/file-system.ts';
import type { ChunkLocation, EncodedChunk } from '../model.ts';
import {
  encodeChunkFrame,
  encodeCommitFrame,
  encodePadFrame,
  type CommitHead,
  type Crc32,
  type FramePosition,
} from './frame.ts';
import { ioError } from './io-errors.ts';
import { fileHeaderBytes, type LogPosition } from './file-header.ts';
import { RoomAhead, type RoomLimits } from './room-ahead.ts';
import { WriteQueue } from './write-queue.ts';

export class LogWriter {
  readonly fileId: number;
  readonly path: string;
  readonly #file: File;
  /** The same file, where it can: what is written is synced by that. */
  readonly #durableFile: Pick<File, 'write' | 'truncate'> | undefined;
  readonly #crc32: Crc32;
  readonly #position: FramePosition;
  readonly #queue = new WriteQueue();
  #room: RoomAhead | undefined;
  #writtenEnd = fileHeaderBytes;
  #durableEnd = fileHeaderBytes;
  #writing: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #failure: Error | undefined;
  #isCutShort = false;

  /** @param file - Holds a synced header and nothing else. */
  constructor(
    file: File,
    crc32: Crc32,
    start: { readonly fileId: number; readonly path: string; readonly position: FramePosition },
  ) {
    assert(start.position.offset === fileHeaderBytes, 'a writer begins behind the header');
    this.#file = file;
    this.#durableFile = durablyTo(file);
    this.#crc32 = crc32;
    this.fileId = start.fileId;
    this.path = start.path;
    this.#position = start.position;
  }

  /** From now on there is room ahead of small commits, if the file can write durably. */
  keepRoomAhead(limits: RoomLimits): void {
    if (this.#durableFile !== undefined) this.#room = new RoomAhead(this.#durableFile, limits);
  }

  /** The file ends where its frames do, when they were written. */
  async closeRoom(): Promise<void> {
    // After a failure nobody knows what the file holds.
    if (this.#failure === undefined) await this.#room?.close(this.end);
  }

  /** Where the next frame goes, and the last one ends once all is written. */
  get end(): number {
    return this.#position.offset;
  }

  /** The chain value at {@link end}. */
  get chain(): number {
    return this.#position.chain;
  }

  /** Up to here everything is on stable storage. */
  get durableEnd(): number {
    return this.#durableEnd;
  }

  /** After a failure: whether the file has not got all that was queued. */
  get isCutShort(): boolean {
    return this.#isCutShort;
  }

  /** Queues a chunk or a node. */
  appendChunk(chunk: EncodedChunk): ChunkLocation {
    const offset = this.#position.offset;
    this.#append(encodeChunkFrame(this.#crc32, this.#position, chunk));
    const frameBytes = this.#position.offset - offset;
    const place = { fileId: this.fileId, offset, frameBytes, rawBytes: chunk.rawBytes };
    return chunk.delta === undefined ? place : { ...place, readCost: chunk.delta.readCost };
  }

  /** Queues a commit. It ends with a sector. `deflated`: the payload compressed, if it may pay. */
  appendCommit(commit: CommitHead, payload: Uint8Array, deflated?: Uint8Array): LogPosition {
    const position = { fileId: this.fileId, offset: this.#position.offset };
    this.#append(encodeCommitFrame(this.#crc32, this.#position, commit, payload, deflated));
    return position;
  }

  /** Queues zeros up to the next sector, so that no later write touches what a sync made safe. */
  pad(): void {
    this.#append(encodePadFrame(this.#crc32, this.#position));
  }

  /** Resolves when everything queued so far was accepted by the system. */
  async flush(): Promise<void> {
    const target = this.end;
    while (this.#writtenEnd < target) {
      this.#throwIfBroken();
      await this.#write();
    }
    this.#throwIfBroken();
  }

  /** Resolves when everything queued so far is on stable storage. */
  async sync(): Promise<void> {
    const target = this.end;
    while (this.#durableEnd < target) {
      this.#throwIfBroken();
      if (this.#writtenEnd < target) {
        // A durable write says nothing of what was written before it.
        const isAllDurable = this.#writtenEnd === this.#durableEnd;
        await this.#write(isAllDurable ? this.#durableFile : undefined);
        continue;
      }
      this.#syncing ??= this.#syncWritten().finally(() => {
        this.#syncing = undefined;
      });
      await this.#syncing;
    }
    this.#throwIfBroken();
  }

  async close(): Promise<void> {
    await this.#writing?.catch(() => undefined);
    await this.#syncing?.catch(() => undefined);
    await this.closeRoom();
    try {
      await this.#file.close();
    } catch (cause) {
      throw ioError('close a log file', cause, this.path);
    }
  }

  #append(parts: readonly Uint8Array[]): void {
    this.#throwIfBroken();
    for (const part of parts) this.#queue.push(part);
  }

  /** Joins the write that is under way, or begins one of all that is queued. */
  async #write(durableFile?: Pick<File, 'write'>): Promise<void> {
    this.#writing ??= this.#writeQueue(durableFile).finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async #writeQueue(durableFile: Pick<File, 'write'> | undefined): Promise<void> {
    const parts = this.#queue.take();
    let end = this.#writtenEnd;
    for (const { length } of parts) end += length;
    await this.#room?.clear(end);
    try {
      await writeFully(durableFile ?? this.#file, parts, this.#writtenEnd);
    } catch (cause) {
      // It may be the sync that failed.
      this.#isCutShort = durableFile === undefined || (await this.#isShorter(end));
      throw this.#break(ioError('write to the log', cause, this.path));
    }
    this.#queue.written();
    if (durableFile !== undefined) {
      this.#durableEnd = end;
      this.#room?.written(end - this.#writtenEnd, end);
    }
    this.#writtenEnd = end;
  }

  /** Whether the file certainly ends before this. With room ahead nobody can tell. */
  async #isShorter(end: number): Promise<boolean> {
    return this.#file.size().then(
      (sizeBytes) => sizeBytes < end,
      () => false,
    );
  }

  async #syncWritten(): Promise<void> {
    const covered = this.#writtenEnd;
    try {
      await this.#file.sync();
    } catch (cause) {
      throw this.#break(ioError('sync the log', cause, this.path));
    }
    this.#durableEnd = covered;
  }

  #break(error: Error): Error {
    this.#failure = error;
    return error;
  }

  #throwIfBroken(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function durablyTo(file: File): Pick<File, 'write' | 'truncate'> | undefined {
  const { writeDurably } = file;
  if (writeDurably === undefined) return undefined;
  return {
    write: (parts, position) => writeDurably.call(file, parts, position),
    truncate: (sizeBytes) => file.truncate(sizeBytes),
  };
}

/** Writes all parts, however many calls the system wants for that. */
export async function writeFully(
  file: Pick<File, 'write'>,
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = parts;
  let at = position;
  while (rest.length > 0) {
    const written = await file.write(rest, at);
    if (written <= 0) throw new Error('the system accepted no bytes and gave no reason');
    at += written;
    rest = withoutFirst(rest, written);
  }
}

function withoutFirst(parts: readonly Uint8Array[], byteCount: number): Uint8Array[] {
  let skip = byteCount;
  const rest: Uint8Array[] = [];
  for (const part of parts) {
    if (skip >= part.length) skip -= part.length;
    else {
      rest.push(part.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}

/** Reads until `target` is full or the file ends; returns what was read. */
export async function readFully(
  file: File,
  target: Uint8Array,
  position: number,
): Promise<Uint8Array> {
  let filled = 0;
  while (filled < target.length) {
    const rest = filled === 0 ? target : target.subarray(filled);
    const byteCount = await file.read(rest, position + filled);
    if (byteCount === 0) break;
    filled += byteCount;
  }
  return filled === target.length ? target : target.subarray(0, filled);
}
