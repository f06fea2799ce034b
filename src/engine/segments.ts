/**
 * The segment that is being written: chunks of larger uploads, whichever upload they belong to.
 *
 * One file at a time. Uploads share its writes and its syncs. A segment that is full is synced
 * before the next is begun, so that only the newest can hold anything that is not safe yet.
 *
 * @module
 */

import { logFileBytesMax, segmentSyncBytes } from '../base/limits.ts';
import type { Incarnation } from './incarnation.ts';
import type { LogWriter } from './log/log-writer.ts';
import type { ChunkLocation, EncodedChunk } from './model.ts';

const noJournal = {
  previous: { fileId: 0, end: 0, chain: 0 },
  firstLsn: 0,
  checkpoint: { fileId: 0, offset: 0 },
};

export class Segments {
  readonly #incarnation: Incarnation;
  readonly #onFailure: (error: unknown) => void;
  #writer: LogWriter | undefined;
  #rolling: Promise<void> | undefined;
  #sealing: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;

  /** @param onFailure - Told of a failed write or sync: nothing may be acknowledged after it. */
  constructor(incarnation: Incarnation, onFailure: (error: unknown) => void) {
    this.#incarnation = incarnation;
    this.#onFailure = onFailure;
  }

  /** The file that is being written, if any. */
  get openFileId(): number | undefined {
    return this.#writer?.fileId;
  }

  /** Its size, once all is written. */
  get openFileEnd(): number {
    return this.#writer?.end ?? 0;
  }

  /** Appends a chunk. Resolves when another may follow: not when it is safe. */
  async append(chunk: EncodedChunk): Promise<ChunkLocation> {
    return this.#guarded(async () => {
      // Asked again after each wait: others may have filled the new segment meanwhile.
      while (this.#writer === undefined || this.#writer.end >= logFileBytesMax) await this.#roll();
      const writer = this.#writer;
      const location = writer.appendChunk(chunk);
      const behind = writer.end - writer.durableEnd;
      if (behind > segmentSyncBytes.min) this.#syncBeside(writer);
      if (behind > segmentSyncBytes.max) await writer.sync();
      else void writer.flush().catch(this.#onFailure);
      return location;
    });
  }

  /** Ends the file that is being written: what is appended later goes to another. */
  async seal(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    if (writer === undefined) return;
    this.#sealing = this.#guarded(async () => {
      writer.pad();
      await writer.sync();
      await writer.close();
    });
    await this.#sealing;
  }

  /** Forgets the file that is being written, after a failure that nobody else need know of. */
  async abandon(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close().catch(() => undefined);
  }

  /** Everything appended before is on stable storage. */
  async sync(): Promise<void> {
    await this.#guarded(async () => {
      await this.#sealing;
      this.#writer?.pad();
      await this.#writer?.sync();
    });
  }

  async close(): Promise<void> {
    await this.#sealing?.catch(() => undefined);
    await this.#syncing;
    await this.#writer?.close();
    this.#writer = undefined;
  }

  /** Begins a sync that nobody waits for, so that the disk works while chunks come in. */
  #syncBeside(writer: LogWriter): void {
    this.#syncing ??= writer
      .sync()
      .catch(this.#onFailure)
      .finally(() => {
        this.#syncing = undefined;
      });
  }

  async #guarded<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      this.#onFailure(error);
      throw error;
    }
  }

  async #roll(): Promise<void> {
    this.#rolling ??= this.#openNext().finally(() => {
      this.#rolling = undefined;
    });
    await this.#rolling;
  }

  async #openNext(): Promise<void> {
    const full = this.#writer;
    if (full !== undefined) {
      full.pad();
      await full.sync();
    }
    this.#writer = await this.#incarnation.createFile({ kind: 'segment', ...noJournal });
    await full?.close();
  }
}
