/**
 * Making a store as small as it can be: each chunk written again in the best form that is found.
 *
 * Uploads store a new chunk as a delta of an older one, as that is what there is. Here it is the
 * other way round. The current versions come first, as they lie: plain, or as a delta of a chunk
 * that comes before it in this order; then the older ones, the newest first. Each may be a delta of
 * several chunks before it, so the newest are read at once and the oldest cost most.
 *
 * A chunk keeps its frame if nothing smaller is found, unless it needs a chunk that comes later. So
 * a second run changes little, and one that was stopped loses nothing.
 *
 * Crash-safe as compaction is: new frames are written to segments of compaction's own and synced,
 * and then a commit puts them in the place of the old ones, for chunks that are where they were
 * (see reencode.ts). What was not committed is garbage. Giving the space of the old frames back is
 * compaction's.
 *
 * Memory: 100 bytes a chunk, of which each is remembered by its name.
 *
 * Errors: `ABORTED`; `CORRUPT` for an index that lost rows; `IO`, `FULL`.
 *
 * @module
 */

import { isCorrupt, throwIfAborted } from '../../base/errors.ts';
import { deltaReadCostLimit } from '../../base/limits.ts';
import type { ReadChunk } from '../chunk-reader.ts';
import { leavesOf } from '../chunk/manifest-tree.ts';
import { superFeatures } from '../chunk/resemblance.ts';
import type { ReencodedChunk } from '../commit-request.ts';
import { dependentsOf, locate } from '../index/chunk-index.ts';
import { listHistory, listNames } from '../index/listing.ts';
import { chunkKey } from '../log/operations.ts';
import { contentBytesOf, type ChunkId, type ChunkLocation, type ObjectVersion } from '../model.ts';
import { PreviousContent } from '../previous-content.ts';
import { SimilarChunks } from '../similar-chunks.ts';
import { expectSettled, type CompactionOptions, type CompactionParts } from './compaction.ts';
import { smallestForm, type Base } from './smallest-form.ts';

/** How chunks are taken. */
interface Pass {
  readonly readCostMax: number;
  /** Whether what is stored as a delta of a chunk is taken before it. */
  readonly dependentsFirst: boolean;
}

/** Of the current versions: those that are read most. */
const current: Pass = { readCostMax: 3, dependentsFirst: false };

const past: Pass = { readCostMax: deltaReadCostLimit, dependentsFirst: true };

/** Chunks that become one commit. */
const chunksMax = 256;

/** Names, or versions, that are looked up at once. */
const pageEntries = 256;

/** Candidates that a chunk is compared with. */
const candidatesMax = 8;

export type OptimizeOptions = Pick<CompactionOptions, 'signal' | 'onProgress' | 'giveWay'>;

/** Returns how many bytes the new frames take. */
export async function optimize(parts: CompactionParts, options: OptimizeOptions): Promise<number> {
  const { damage, buckets } = parts.state;
  // Where the index lacks something, what depends on a chunk is not known.
  if (damage.hasLostChunks || damage.hasLostEdges) return 0;
  const run = new Optimization(parts, options);
  try {
    for (const { id } of buckets) await run.takeCurrent(id);
    for (const { id } of buckets) await run.takeHistory(id);
    await run.commit();
    return run.writtenBytes;
  } catch (error) {
    await parts.target.abandon();
    throw error;
  }
}

/** How a chunk is stored that was taken. */
interface Taken {
  readonly readCost: number;
  readonly bases: readonly ChunkId[];
}

class Optimization {
  readonly #parts: CompactionParts;
  readonly #options: OptimizeOptions;
  readonly #similar: SimilarChunks;
  /** The chunks that were taken, by their names. */
  readonly #taken = new Map<string, Taken>();
  #moves: ReencodedChunk[] = [];
  #doneBytes = 0;
  /** Of all new frames. */
  writtenBytes = 0;

  constructor(parts: CompactionParts, options: OptimizeOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#similar = new SimilarChunks({ crc32: parts.platform.hashing.crc32 });
  }

  /** Takes the current versions of a bucket, in the order of their names. */
  async takeCurrent(bucketId: number): Promise<void> {
    const { index } = this.#parts;
    let startAfter: string | undefined;
    for (;;) {
      const range = startAfter === undefined ? {} : { startAfter };
      const page = await listNames(index.reader(), bucketId, range, pageEntries);
      for (const { version } of page) await this.#takeVersion(version, undefined, current);
      startAfter = page.at(-1)?.name;
      if (startAfter === undefined) return;
    }
  }

  /** Takes what is left of a bucket: name by name, each version beside the one that followed it. */
  async takeHistory(bucketId: number): Promise<void> {
    const { index } = this.#parts;
    let after: Parameters<typeof listHistory>[3];
    let newer: ObjectVersion | undefined;
    for (;;) {
      const page = await listHistory(index.reader(), bucketId, pageEntries, after);
      for (const entry of page) {
        const { name, version } = entry;
        if (name !== after?.name) [newer] = await this.#currentOf(bucketId, name);
        after = entry;
        if (version.kind !== 'object') continue;
        await this.#takeVersion(version, newer, past);
        newer = version;
      }
      if (page.length === 0) return;
    }
  }

  /** Makes the new frames count. They are safe before. */
  async commit(): Promise<void> {
    const chunks = this.#moves;
    if (chunks.length === 0) return;
    this.#moves = [];
    const { target, committer } = this.#parts;
    await target.sync();
    expectSettled(await committer.commit({ kind: 'reencode', chunks }, 'os'));
  }

  async #currentOf(bucketId: number, name: string): Promise<ObjectVersion[]> {
    const { index } = this.#parts;
    const found = await listNames(index.reader(), bucketId, { prefix: name }, 1);
    return found.filter((each) => each.name === name).map(({ version }) => version);
  }

  /** Takes the chunks of a version, and of what it resembles what is there. */
  async #takeVersion(
    version: ObjectVersion,
    newer: ObjectVersion | undefined,
    pass: Pass,
  ): Promise<void> {
    const { chunks } = this.#parts;
    const walk = (place?: PreviousContent): Promise<void> =>
      this.#whileThere(version.root.id, () => this.#walk(version, place, pass));
    const isTaken =
      newer !== undefined &&
      (await this.#whileThere(newer.root.id, async () => {
        await walk(new PreviousContent(chunks, newer));
        return true;
      }));
    if (isTaken !== true) await walk();
    // Not while anything is held: that may not come to cost more.
    if (this.#moves.length >= chunksMax) await this.commit();
  }

  async #walk(
    version: ObjectVersion,
    place: PreviousContent | undefined,
    pass: Pass,
  ): Promise<void> {
    const { chunks } = this.#parts;
    const { root } = version;
    const sizeBytes = contentBytesOf(version);
    const range = { start: 0, end: sizeBytes };
    try {
      for await (const leaf of leavesOf(root, sizeBytes, range, (id) => chunks.read(id))) {
        const { id, offset } = leaf;
        if (this.#taken.has(chunkKey(id))) {
          await place?.found(id, offset);
          continue;
        }
        const near = (await place?.near(offset, leaf.sizeBytes)) ?? [];
        await this.#take(id, near, pass);
        // A chunk that is a version by itself is held now.
        if (root.level > 0 && this.#moves.length >= chunksMax) await this.commit();
      }
    } catch (error) {
      // A version that is damaged is for `verify` to name.
      if (!isCorrupt(error)) throw error;
    }
  }

  async #take(id: ChunkId, near: readonly ChunkId[], pass: Pass): Promise<void> {
    const { signal, giveWay } = this.#options;
    throwIfAborted(signal);
    // What depends on a chunk may depend on something else that does: once is enough. Twice would
    // make it a delta of what came to be one of it.
    if (this.#taken.has(chunkKey(id))) return;
    const { chunks, index } = this.#parts;
    const location = await locate(index.reader(), id);
    if (location === undefined) return;
    let { readCostMax } = pass;
    for (const dependent of await this.#dependentsOf(id, location)) {
      if (pass.dependentsFirst) await this.#take(dependent, [], pass);
      else readCostMax = Math.min(readCostMax, location.readCost ?? 1);
    }
    const chunk = await this.#whileThere(id, () => chunks.inspect(id, location));
    if (chunk === undefined) return;
    const features = superFeatures(chunk.bytes);
    const bases = await this.#basesFor(id, near, features, readCostMax);
    const stored = await this.#write({ id, location, chunk }, bases, readCostMax);
    this.#similar.add(features, id.digest);
    this.#taken.set(chunkKey(id), stored);
    this.#doneBytes += chunk.bytes.length;
    const total = this.#parts.state.totals.uniqueBytes;
    this.#options.onProgress?.({
      done: Math.min(this.#doneBytes, total),
      total,
      unit: 'bytes',
    });
    await giveWay();
  }

  /** Does something with a chunk, and what that needs, which may be freed at any other moment. */
  async #whileThere<T>(id: ChunkId, action: () => Promise<T>): Promise<T | undefined> {
    const { index, state } = this.#parts;
    const key = chunkKey(id);
    if (!state.leases.take(key)) return undefined;
    try {
      return (await locate(index.reader(), id)) === undefined ? undefined : await action();
    } finally {
      state.leases.drop(key);
    }
  }

  /** What is a delta of a chunk and was not taken yet: the chunk must not cost more before. */
  async #dependentsOf(id: ChunkId, { readCost = 1 }: ChunkLocation): Promise<ChunkId[]> {
    const reader = this.#parts.index.reader();
    const found: ChunkId[] = [];
    for (const dependent of await dependentsOf(reader, id)) {
      const location = await locate(reader, dependent);
      const isOne = location !== undefined && (location.readCost ?? 1) > readCost;
      if (isOne && !this.#taken.has(chunkKey(dependent))) found.push(dependent);
    }
    return found;
  }

  /** Writes a chunk in a smaller form, if there is one. Returns how it is stored then. */
  async #write(
    old: {
      readonly id: ChunkId;
      readonly location: ChunkLocation;
      readonly chunk: ReadChunk;
    },
    bases: readonly Base[],
    readCostMax: number,
  ): Promise<Taken> {
    const { platform, target } = this.#parts;
    const { id, location, chunk } = old;
    const { bytes } = chunk;
    const form = await smallestForm(platform.compression, { id, bytes }, bases, readCostMax);
    const mayStay = chunk.bases.every((base) => this.#taken.has(chunkKey(base)));
    if (mayStay && chunk.readCost <= readCostMax && form.storedBytes >= location.frameBytes) {
      return { readCost: chunk.readCost, bases: chunk.bases };
    }
    const to = await target.append(form.chunk);
    this.writtenBytes += to.frameBytes;
    this.#moves.push({ id, from: location, to, bases: form.chunk.children });
    return { readCost: form.chunk.delta?.readCost ?? 1, bases: form.chunk.children };
  }

  /** Chunks that come before this one and resemble it, the likeliest first. */
  async #basesFor(
    id: ChunkId,
    near: readonly ChunkId[],
    features: Uint32Array,
    readCostMax: number,
  ): Promise<Base[]> {
    const similar = this.#similar.candidates(features).map((digest): ChunkId => {
      return { domain: id.domain, kind: 'data', digest };
    });
    const bases = new Map<string, Base>();
    for (const candidate of [...near, ...similar]) {
      const found = this.#affordable(candidate, readCostMax);
      if (found === undefined || bases.has(chunkKey(found.id))) continue;
      const base = await this.#whileThere(found.id, () => this.#parts.chunks.base(found.id));
      if (base !== undefined) bases.set(chunkKey(found.id), { ...found, bytes: base.bytes });
      if (bases.size === candidatesMax) break;
    }
    return [...bases.values()];
  }

  /** A chunk that was taken, or if that costs too much, the first that it is a delta of. */
  #affordable(id: ChunkId, readCostMax: number): Omit<Base, 'bytes'> | undefined {
    const taken = this.#taken.get(chunkKey(id));
    if (taken === undefined) return undefined;
    const { readCost, bases } = taken;
    if (readCost < readCostMax) return { id, readCost };
    const [root] = bases;
    return root === undefined ? undefined : this.#affordable(root, 2);
  }
}
