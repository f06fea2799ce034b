/**
 * What versions take, step by step: from what callers stored to the bytes in log files.
 *
 * Everything that versions lead to is looked at once, however many of them lead there: nodes are
 * read, of other chunks only the heads of their frames. Where a node was seen before, so was all
 * that is below it, so a version costs what is new in it.
 *
 * A chunk is *named* if a version's manifest names it, and only a *base* if nothing but deltas
 * needs it: content of another name or of a version that is gone. A base is no step between what
 * was stored and what is left of it, so it is counted apart; which of the two a chunk is, the last
 * version decides. What is remembered is the keys of these chunks: some 150 bytes of memory for
 * each, whatever they hold.
 *
 * What must stay true: over all versions of a store, this counts what the commits have counted
 * (`Totals`), to the byte. What is the versions' own is found as it would be freed (removal.ts).
 *
 * Exact for a store that nobody changes meanwhile. A version that is removed before it is looked at
 * is left out; its content stays while it is looked at. Compaction may move chunks at any time.
 *
 * Errors: `CORRUPT` for a frame that is damaged, `IO`, `ABORTED`.
 *
 * @module
 */

import { ObjectNotFound, corrupt, describe } from '../../base/errors.ts';
import { missing } from '../chunk-reader.ts';
import { locate } from '../index/chunk-index.ts';
import type { IndexStore } from '../index/index-store.ts';
import type { KnownDamage } from '../known-damage.ts';
import type { LogFiles } from '../log/log-files.ts';
import { chunkKey } from '../log/operations.ts';
import { readChunkHead, type StoredChunkHead } from '../log/walk.ts';
import { contentBytesOf, type ChunkId, type ChunkLocation, type ObjectVersion } from '../model.ts';
import type { Platform } from '../platform/platform.ts';
import { childrenOf } from '../replay.ts';
import { Removal } from './removal.ts';
import { slices } from './slices.ts';

export interface FootprintParts {
  readonly platform: Platform;
  readonly files: LogFiles;
  readonly index: IndexStore;
  readonly damage: KnownDamage;
  readonly chunks: { hold(version: ObjectVersion): Promise<Held> };
}

/** What keeps the content of a version. */
interface Held {
  release(): void;
}

export interface FootprintOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { done: number; unit: 'chunks' }) => void) | undefined;
}

/** What versions take. All but the counts and read costs is in bytes. */
export interface Footprint {
  /** Versions with content. */
  readonly versions: number;
  /** Those of them that are stored in another form: gzip streams, inflated. */
  readonly seenThrough: number;
  /** What callers stored. */
  readonly logicalBytes: number;
  /** The same, in the form in which it is stored. */
  readonly contentBytes: number;
  /** What is left of it after deduplication. */
  readonly uniqueBytes: number;
  /** What is left of that where deltas stand for chunks. */
  readonly reducedBytes: number;
  /** What is left of that after compression. */
  readonly compressedBytes: number;
  /** Frames without their payloads, and manifest nodes. */
  readonly bookkeepingBytes: number;
  /** What chunks take that only deltas need. */
  readonly baseBytes: number;
  /** All that the versions need in the log files. */
  readonly storedBytes: number;
  /** What of it nothing else needs. */
  readonly ownBytes: number;
  /** Named chunks of content. */
  readonly chunks: number;
  /** Those of them that are stored as deltas. */
  readonly deltas: number;
  readonly nodes: number;
  /** Chunks that only deltas need. */
  readonly bases: number;
  /** How many frames a read of a named chunk takes, at most and on average. */
  readonly readCostMax: number;
  readonly readCostMean: number;
}

/** Looks at all that some versions need. Each may be given once. */
export async function footprintOf(
  parts: FootprintParts,
  versions: AsyncIterable<ObjectVersion>,
  { signal, onProgress }: FootprintOptions,
): Promise<Footprint> {
  const giveWay = slices(parts.platform.clock, signal);
  const count = new Count(parts, async () => {
    onProgress?.({ done: count.chunksSeen, unit: 'chunks' });
    await giveWay();
  });
  const removal = new Removal({ ...parts, giveWay });
  for await (const version of versions) {
    const held = await holdIfThere(parts.chunks, version);
    if (held === undefined) continue;
    try {
      await count.add(version);
      await removal.add(version);
    } finally {
      held.release();
    }
  }
  return { ...count.counted, ownBytes: removal.freed.storedBytes };
}

/** Keeps what a version needs; `undefined` if the version is gone. */
async function holdIfThere(
  chunks: FootprintParts['chunks'],
  version: ObjectVersion,
): Promise<Held | undefined> {
  try {
    return await chunks.hold(version);
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    throw error;
  }
}

/** A chunk that is still to be looked at. */
interface Needed {
  readonly id: ChunkId;
  readonly isNamed: boolean;
}

class Count {
  readonly #parts: FootprintParts;
  readonly #afterEach: () => Promise<void>;
  readonly #named = new Set<string>();
  /** What chunks take that no version added so far names. */
  readonly #bases = new Map<string, number>();
  readonly #sums = {
    versions: 0,
    seenThrough: 0,
    logicalBytes: 0,
    contentBytes: 0,
    uniqueBytes: 0,
    reducedBytes: 0,
    compressedBytes: 0,
    bookkeepingBytes: 0,
    chunks: 0,
    deltas: 0,
    nodes: 0,
    readCostMax: 0,
  };
  #readCostSum = 0;

  constructor(parts: FootprintParts, afterEach: () => Promise<void>) {
    this.#parts = parts;
    this.#afterEach = afterEach;
  }

  get chunksSeen(): number {
    return this.#named.size + this.#bases.size;
  }

  /** In the order in which it is told. */
  get counted(): Omit<Footprint, 'ownBytes'> {
    let baseBytes = 0;
    for (const frameBytes of this.#bases.values()) baseBytes += frameBytes;
    const { chunks, deltas, nodes, readCostMax, ...steps } = this.#sums;
    return {
      ...steps,
      baseBytes,
      storedBytes: steps.compressedBytes + steps.bookkeepingBytes + baseBytes,
      chunks,
      deltas,
      nodes,
      bases: this.#bases.size,
      readCostMax,
      readCostMean: chunks === 0 ? 0 : this.#readCostSum / chunks,
    };
  }

  async add(version: ObjectVersion): Promise<void> {
    const sums = this.#sums;
    sums.versions++;
    if (version.seenThrough !== undefined) sums.seenThrough++;
    sums.logicalBytes += version.sizeBytes;
    sums.contentBytes += contentBytesOf(version);
    const needed: Needed[] = [{ id: version.root.id, isNamed: true }];
    for (let next = needed.pop(); next !== undefined; next = needed.pop()) {
      const key = chunkKey(next.id);
      if (this.#named.has(key) || (!next.isNamed && this.#bases.has(key))) continue;
      needed.push(...(await this.#look(next, key)));
      await this.#afterEach();
    }
  }

  /** Counts a chunk, and returns what it needs. */
  async #look({ id, isNamed }: Needed, key: string): Promise<Needed[]> {
    if (id.kind === 'node') {
      const { location, found } = await this.#at(id, (place) => this.#childrenOf(id, place));
      this.#named.add(key);
      this.#sums.nodes++;
      this.#sums.bookkeepingBytes += location.frameBytes;
      return found.map((child) => ({ id: child, isNamed: true }));
    }
    const { location, found } = await this.#at(id, (place) => this.#headOf(id, place));
    if (isNamed) {
      this.#bases.delete(key);
      this.#named.add(key);
      this.#countNamed(found);
    } else this.#bases.set(key, location.frameBytes);
    return found.bases.map((base) => ({ id: base, isNamed: false }));
  }

  #countNamed({ location, payloadBytes, encodedBytes }: StoredChunkHead): void {
    const { frameBytes, rawBytes, readCost = 1 } = location;
    const sums = this.#sums;
    sums.chunks++;
    sums.uniqueBytes += rawBytes;
    sums.reducedBytes += encodedBytes;
    sums.compressedBytes += payloadBytes;
    sums.bookkeepingBytes += frameBytes - payloadBytes;
    if (readCost > 1) sums.deltas++;
    sums.readCostMax = Math.max(sums.readCostMax, readCost);
    this.#readCostSum += readCost;
  }

  #childrenOf(id: ChunkId, location: ChunkLocation): Promise<readonly ChunkId[]> {
    return childrenOf(this.#parts.platform, this.#parts.files, id, location);
  }

  async #headOf(id: ChunkId, { fileId, offset }: ChunkLocation): Promise<StoredChunkHead> {
    const head = await readChunkHead(this.#parts.files, fileId, offset);
    if (chunkKey(head.id) === chunkKey(id)) return head;
    throw corrupt(`a chunk frame is damaged: ${describe({ file: fileId, offset })}`);
  }

  /** Reads a chunk where it lies, which may be elsewhere by then. */
  async #at<T>(
    id: ChunkId,
    read: (location: ChunkLocation) => Promise<T>,
  ): Promise<{ readonly location: ChunkLocation; readonly found: T }> {
    const { index, damage } = this.#parts;
    let location = await locate(index.reader(), id);
    for (;;) {
      if (location === undefined) throw await missing(id, index, damage);
      try {
        return { location, found: await read(location) };
      } catch (error) {
        const now = await locate(index.reader(), id);
        if (now?.fileId === location.fileId && now.offset === location.offset) throw error;
        location = now;
      }
    }
  }
}
