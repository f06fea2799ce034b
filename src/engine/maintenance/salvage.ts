/**
 * Making changes anew that a damaged journal can still prove.
 *
 * Groups behind damage cannot be replayed: each says what it takes away and what it reveals, and
 * what that was may be lost. So what they asked for is asked for again, as ordinary uploads and
 * removals, in their order: the store is never in a state that its own commits did not make.
 * Versions get new ids and times, content is checked against its names as it is read.
 *
 * @module
 */

import { ObjectsError, throwIfAborted, isCorrupt } from '../../base/errors.ts';
import { readChunkAt, type ReadBase, type ReadChunk } from '../chunk-reader.ts';
import type { Engine } from '../engine.ts';
import type { LogFiles } from '../log/log-files.ts';
import { chunkKey, type Operation } from '../log/operations.ts';
import type { JournalGroup } from '../log/recovery.ts';
import { readChunkHead } from '../log/walk.ts';
import type { BucketRecord, ChunkId, ChunkLocation, Lsn } from '../model.ts';
import type { Platform } from '../platform/platform.ts';
import { oneByOne, readObject } from '../read-path.ts';

/** A version that could not be made again. */
export interface LostVersion {
  readonly bucket: string;
  readonly name: string;
  readonly lsn: Lsn;
  readonly reason: string;
}

type Put = Extract<Operation, { kind: 'put' }>;

export class Salvage {
  readonly lost: LostVersion[] = [];
  /** How many changes were made anew. */
  changeCount = 0;
  /** The versions that were made anew: the new LSN by the old one. */
  readonly renewed: Map<Lsn, Lsn> = new Map();
  readonly #platform: Platform;
  readonly #engine: Engine;
  /** The files of the store, with the segments; those that were put in quarantine. */
  readonly #files: LogFiles;
  readonly #chunks = new Map<
    string,
    { readonly files: LogFiles; readonly location: ChunkLocation }
  >();
  readonly #buckets = new Map<number, string>();

  constructor(platform: Platform, engine: Engine, files: LogFiles) {
    this.#platform = platform;
    this.#engine = engine;
    this.#files = files;
    for (const { id, name } of engine.buckets()) this.#buckets.set(id, name);
  }

  /** Makes the changes of a group anew. `files`: where its chunks lie. */
  async renew(group: JournalGroup, files: LogFiles, signal?: AbortSignal): Promise<void> {
    for (const { id, location } of group.chunks)
      this.#chunks.set(chunkKey(id), { files, location });
    for (const [i, operation] of group.payload.operations.entries()) {
      throwIfAborted(signal);
      const isChange = await this.#renewOne(operation, group.firstLsn + i);
      if (isChange) this.changeCount++;
    }
  }

  /** `false`: it was no change of what people stored, or there is nothing left to change. */
  async #renewOne(operation: Operation, lsn: Lsn): Promise<boolean> {
    switch (operation.kind) {
      case 'adopt':
        for (const offset of operation.offsets) await this.#note(operation.fileId, offset);
        return false;
      case 'relocate':
        for (const offset of operation.offsets) await this.#note(operation.toFileId, offset);
        return false;
      case 'putBucket': {
        const { id, name, versioned, public: isPublic, seeThroughGzip = true } = operation.bucket;
        const { isolated = false } = operation.bucket;
        this.#buckets.set(id, name);
        await this.#engine.ensureBucket(name, {
          ...(versioned ? { versioned } : {}),
          public: isPublic,
          seeThroughGzip,
          ...(isolated ? { isolated } : {}),
        });
        return true;
      }
      case 'dropBucket': {
        const name = this.#buckets.get(operation.bucketId);
        return name !== undefined && did(this.#engine.deleteBucket(name));
      }
      case 'put':
        return this.#put(operation, lsn);
      case 'deleteMarker': {
        const bucket = this.#known(operation.bucketId);
        return bucket !== undefined && did(this.#engine.remove(bucket, operation.name));
      }
      case 'purge': {
        const bucket = this.#known(operation.bucketId);
        const version = this.renewed.get(operation.lsn) ?? operation.lsn;
        return bucket !== undefined && did(this.#engine.purge(bucket, operation.name, version));
      }
      case 'lock': {
        const { bucketId, name, untilMs } = operation;
        const bucket = this.#known(bucketId);
        const version = this.renewed.get(operation.lsn) ?? operation.lsn;
        return bucket !== undefined && did(this.#engine.lock(bucket, name, version, untilMs));
      }
      case 'free':
      case 'retire':
      case 'supersede':
      case 'checkpoint':
      case 'close':
      case 'skipped':
        return false;
    }
  }

  async #put(put: Put, lsn: Lsn): Promise<boolean> {
    const { bucketId, name, contentType, metadata, lockedUntilMs } = put;
    const bucketName = this.#buckets.get(bucketId) ?? `recovered-${bucketId}`;
    this.#buckets.set(bucketId, bucketName);
    const flags = put.keepsPrevious ? { versioned: true } : {};
    try {
      const bucket = await this.#engine.ensureBucket(bucketName, flags);
      const body = this.#content(put);
      const attributes = { contentType, metadata, lockedUntilMs };
      const request = { bucket, name, body, ...attributes, durability: 'os' } as const;
      const version = await this.#engine.upload(request);
      this.renewed.set(lsn, version.lsn);
      return true;
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      this.lost.push({ bucket: bucketName, name, lsn, reason: error.message });
      return false;
    }
  }

  #content(put: Put): AsyncGenerator<Uint8Array> {
    const chunks = oneByOne(async (id) => (await this.#read(id)).bytes);
    const parts = { chunks, hashing: this.#platform.hashing };
    return readObject(parts, put, { start: 0, end: put.sizeBytes });
  }

  /** A chunk from where a group that was renewed says it is, or else from the store. */
  async #read(id: ChunkId, readCostMax?: number): Promise<ReadChunk> {
    const found = this.#chunks.get(chunkKey(id));
    if (found === undefined) {
      return { bytes: await this.#engine.chunks.read(id), readCost: 1, bases: [] };
    }
    const { files, location } = found;
    const readBase: ReadBase = (base, costMax) => this.#read(base, costMax);
    return readChunkAt(this.#platform, files, { id, location, readCostMax }, readBase);
  }

  async #note(fileId: number, offset: number): Promise<void> {
    try {
      const { id, location } = await readChunkHead(this.#files, fileId, offset);
      this.#chunks.set(chunkKey(id), { files: this.#files, location });
    } catch (error) {
      // Whatever needs it will be missing it.
      if (!isCorrupt(error)) throw error;
    }
  }

  #known(bucketId: number): BucketRecord | undefined {
    const name = this.#buckets.get(bucketId);
    return name === undefined ? undefined : this.#engine.bucket(name);
  }
}

/** Whether there was anything to do. Only what is refused for good reason counts as nothing. */
async function did(change: Promise<unknown>): Promise<boolean> {
  try {
    await change;
    return true;
  } catch (error) {
    const isRefused =
      error instanceof ObjectsError &&
      ['NOT_FOUND', 'INVALID', 'VERSION_LOCKED'].includes(error.code);
    if (isRefused) return false;
    throw error;
  }
}
