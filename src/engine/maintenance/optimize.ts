/**
 * Making a store as small as it can be: each chunk written again in the best form that is found.
 *
 * Uploads store a new chunk as a delta of an older one, as that is what there is. Here it is the
 * other way round. The current versions come first, as they lie: plain, or as a delta of a chunk
 * that comes before it in this order; then the older ones, the newest first. Each may be a delta of
 * several chunks before it, so the newest are read at once and the oldest cost most.
 *
 * A chunk keeps its frame if nothing smaller is found, unless it needs a chunk that comes later.
 * What was taken is remembered (optimize-progress.ts): a run that was stopped is gone on with where
 * it was, and one after uploads takes what is new, what is no longer current, and what was made of
 * that.
 *
 * A run that is small enough to be held in memory weighs what it gains against the snapshot that
 * must stand for the old journal (balance.ts), and leaves the store as it is if that takes more.
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
import type { ReadChunk } from '../chunk-reader.ts';
import { leavesOf } from '../chunk/manifest-tree.ts';
import { superFeatures } from '../chunk/resemblance.ts';
import { withinDomain } from '../deltas.ts';
import { chunkIdsWith, dependentsOf, locate } from '../index/chunk-index.ts';
import { chunkKey } from '../log/operations.ts';
import { readChunkHead } from '../log/walk.ts';
import { contentBytesOf, type ChunkId, type ChunkLocation } from '../model.ts';
import { PreviousContent } from '../previous-content.ts';
import { SimilarChunks } from '../similar-chunks.ts';
import { isSmallerWith } from './balance.ts';
import type { CompactionOptions, CompactionParts } from './compaction.ts';
import { NewForms } from './new-forms.ts';
import { versionsInOrder, type Pass, type VersionToTake } from './optimize-order.ts';
import { OptimizeProgress, placeIn, type OptimizePlace } from './optimize-progress.ts';
import { smallestForm, type Base } from './smallest-form.ts';

/** Candidates that a chunk is compared with. */
const candidatesMax = 8;

export interface OptimizeOptions extends Pick<
  CompactionOptions,
  'signal' | 'onProgress' | 'giveWay'
> {
  /** It ends after about so long, but not before a chunk was taken. */
  readonly maxMs?: number | undefined;
}

/** What a run did. */
export interface Optimized {
  /** What the new frames take. */
  readonly writtenBytes: number;
  /** Whether all of the store is optimized. */
  readonly isComplete: boolean;
}

export async function optimize(
  parts: CompactionParts,
  options: OptimizeOptions,
): Promise<Optimized> {
  const { damage, lastLsn } = parts.state;
  // Where the index lacks something, what depends on a chunk is not known.
  if (damage.hasLostChunks || damage.hasLostEdges) return { writtenBytes: 0, isComplete: false };
  const progress = await OptimizeProgress.begin(parts.index, lastLsn);
  if (!(await hasNews(parts, options, progress))) return { writtenBytes: 0, isComplete: true };
  const run = await Optimization.begin(parts, options, progress);
  try {
    return await run.takeAll();
  } catch (error) {
    await parts.target.abandon();
    throw error;
  }
}

/** Whether there is a version that no earlier run has taken as what it is now. */
async function hasNews(
  parts: CompactionParts,
  { signal }: OptimizeOptions,
  progress: OptimizeProgress,
): Promise<boolean> {
  if (!progress.hasBegun) return true;
  for await (const { place, sinceLsn } of versionsInOrder(parts)) {
    throwIfAborted(signal);
    if (!progress.isTaken(placeIn(place, Number.MAX_SAFE_INTEGER), sinceLsn)) return true;
  }
  return false;
}

/** How a chunk is stored that was taken. */
interface Taken {
  readonly readCost: number;
  readonly bases: readonly ChunkId[];
  /** By an earlier run: it may need what is yet to be taken. */
  readonly wasBefore: boolean;
}

class Optimization {
  readonly #parts: CompactionParts;
  readonly #options: OptimizeOptions;
  readonly #progress: OptimizeProgress;
  readonly #similar: SimilarChunks;
  readonly #untilMs: number;
  /** The chunks that were taken, by their names. */
  readonly #taken = new Map<string, Taken>();
  readonly #newForms: NewForms;
  #doneBytes = 0;

  private constructor(
    parts: CompactionParts,
    options: OptimizeOptions,
    progress: OptimizeProgress,
    similar: SimilarChunks,
  ) {
    this.#parts = parts;
    this.#options = options;
    this.#progress = progress;
    this.#similar = similar;
    this.#newForms = new NewForms(parts);
    const { maxMs = Number.POSITIVE_INFINITY } = options;
    this.#untilMs = parts.platform.clock.nowMs() + maxMs;
  }

  static async begin(
    parts: CompactionParts,
    options: OptimizeOptions,
    progress: OptimizeProgress,
  ): Promise<Optimization> {
    const { crc32 } = parts.platform.hashing;
    const similar = progress.hasBegun
      ? SimilarChunks.load((await parts.deltas.similar()).dump(), { crc32 })
      : new SimilarChunks({ crc32 });
    return new Optimization(parts, options, progress, similar);
  }

  /** Takes all versions, or as many as there is time for. */
  async takeAll(): Promise<Optimized> {
    let isComplete = true;
    for await (const each of versionsInOrder(this.#parts)) {
      isComplete = await this.#takeVersion(each);
      if (!isComplete) break;
    }
    const { held } = this.#newForms;
    if (isComplete && held !== undefined) {
      const isWorthIt = await isSmallerWith(this.#parts, held, this.#options.signal);
      // Nothing counts yet, and it need not: the next run looks again.
      if (!isWorthIt) return { writtenBytes: 0, isComplete };
    }
    await this.#commit();
    if (isComplete) await this.#progress.finish();
    // The next run compares with what was taken, and so do uploads in between. What they know of a
    // store that was not optimized before serves as well.
    if (!isComplete || this.#progress.hasBegun) this.#parts.deltas.replaceSimilar(this.#similar);
    const { writtenBytes } = this.#newForms;
    return { writtenBytes, isComplete };
  }

  get #isTimeUp(): boolean {
    return this.#doneBytes > 0 && this.#parts.platform.clock.nowMs() >= this.#untilMs;
  }

  /** Makes the new frames count, which are safe before, and keeps how far this run came. */
  async #commit(): Promise<void> {
    await this.#newForms.commit();
    await this.#progress.save();
  }

  /** Takes the chunks of a version. `false`: the time was up before. */
  async #takeVersion(each: VersionToTake): Promise<boolean> {
    const { chunks } = this.#parts;
    const { version, newer } = each;
    const walk = (near?: PreviousContent): Promise<boolean | undefined> =>
      this.#whileThere(version.root.id, () => this.#walk(each, near));
    // Beside what it resembles, if that is there.
    let isTaken =
      newer === undefined
        ? undefined
        : await this.#whileThere(newer.root.id, () => walk(new PreviousContent(chunks, newer)));
    isTaken ??= (await walk()) ?? true;
    // Not while anything is held: that may not come to cost more.
    if (this.#newForms.isDue) await this.#commit();
    return isTaken;
  }

  async #walk(each: VersionToTake, near: PreviousContent | undefined): Promise<boolean> {
    const { chunks } = this.#parts;
    const { version, pass } = each;
    const { root } = version;
    const sizeBytes = contentBytesOf(version);
    const range = { start: 0, end: sizeBytes };
    try {
      for await (const leaf of leavesOf(root, sizeBytes, range, (id) => chunks.read(id))) {
        const { id, offset } = leaf;
        const place = placeIn(each.place, offset);
        if (this.#taken.has(chunkKey(id)) || (await this.#wasTaken(id, place, each))) {
          await near?.found(id, offset);
        } else {
          if (this.#isTimeUp) return false;
          await this.#take(id, (await near?.near(offset, leaf.sizeBytes)) ?? [], pass);
        }
        this.#progress.passed(place);
        // A chunk that is a version by itself is held now.
        if (root.level > 0 && this.#newForms.isDue) await this.#commit();
      }
    } catch (error) {
      // A version that is damaged is for `verify` to name.
      if (!isCorrupt(error)) throw error;
    }
    return true;
  }

  /** Whether an earlier run has taken a chunk: then it stays as it is. */
  async #wasTaken(
    id: ChunkId,
    place: OptimizePlace,
    { sinceLsn, pass }: VersionToTake,
  ): Promise<boolean> {
    if (!this.#progress.isTaken(place, sinceLsn)) return false;
    throwIfAborted(this.#options.signal);
    const { files, index } = this.#parts;
    const location = await locate(index.reader(), id);
    // An older version may be current again, as a newer one was removed.
    if (location === undefined || (location.readCost ?? 1) > pass.readCostMax) return false;
    const { readCost = 1, fileId, offset } = location;
    const bases = readCost === 1 ? [] : (await readChunkHead(files, fileId, offset)).bases;
    this.#taken.set(chunkKey(id), { readCost, bases, wasBefore: true });
    return true;
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
      const taken = this.#taken.get(chunkKey(dependent));
      if (taken === undefined && pass.dependentsFirst) await this.#take(dependent, [], pass);
      // What this run took needs only what it took, too: this chunk no more.
      else if (taken?.wasBefore !== false) {
        readCostMax = Math.min(readCostMax, location.readCost ?? 1);
      }
    }
    const chunk = await this.#whileThere(id, () => chunks.inspect(id, location));
    if (chunk === undefined) return;
    const features = withinDomain(superFeatures(chunk.bytes), id.domain);
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

  /** What is a delta of a chunk, and was not taken by this run: the chunk must not cost more. */
  async #dependentsOf(id: ChunkId, { readCost = 1 }: ChunkLocation): Promise<ChunkId[]> {
    const reader = this.#parts.index.reader();
    const found: ChunkId[] = [];
    for (const dependent of await dependentsOf(reader, id)) {
      const location = await locate(reader, dependent);
      const isOne = location !== undefined && (location.readCost ?? 1) > readCost;
      const isSettled = this.#taken.get(chunkKey(dependent))?.wasBefore === false;
      if (isOne && !isSettled) found.push(dependent);
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
    const { platform } = this.#parts;
    const { id, location, chunk } = old;
    const { bytes } = chunk;
    const form = await smallestForm(platform.compression, { id, bytes }, bases, readCostMax);
    const mayStay = chunk.bases.every((base) => this.#taken.has(chunkKey(base)));
    if (mayStay && chunk.readCost <= readCostMax && form.storedBytes >= location.frameBytes) {
      return { readCost: chunk.readCost, bases: chunk.bases, wasBefore: false };
    }
    await this.#newForms.add({ ...form, id, from: location });
    const readCost = form.chunk.delta?.readCost ?? 1;
    return { readCost, bases: form.chunk.children, wasBefore: false };
  }

  /** Chunks that come before this one and resemble it, the likeliest first. */
  async #basesFor(
    id: ChunkId,
    near: readonly ChunkId[],
    features: Uint32Array,
    readCostMax: number,
  ): Promise<Base[]> {
    const similar: ChunkId[] = [];
    const reader = this.#parts.index.reader();
    for (const digest of this.#similar.candidates(features)) {
      similar.push(...(await chunkIdsWith(reader, id.domain, digest)));
    }
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
