/**
 * The chunks of one upload on their way, and the leases on what it found: the embedded
 * implementation of {@link StagedChunks}.
 *
 * New chunks wait in memory until there are too many for the journal; then they, and all that
 * follow, go to a segment. So a small upload is one write with its commit, and a large one never
 * stands between a small one and its sync.
 *
 * Uploads that run side by side often bring the same chunks (a tree that is imported has many
 * copies of a file). What one of them has staged the others join, so that it is compressed and
 * written once. Each of them commits on its own all the same: the first to do so adopts the chunk.
 *
 * A lease keeps a chunk that was found from being freed before the commit that names it. It is
 * taken
 * *before* the chunk is looked up, and a chunk that is just being freed counts as absent: there is
 * no moment at which a chunk is both promised and gone.
 *
 * @module
 */

import { locate } from './index/chunk-index.ts';
import type { IndexReader } from './index/index-store.ts';
import type { KnownDamage } from './known-damage.ts';
import { chunkKey } from './log/operations.ts';
import type { ChunkId, ChunkLocation, EncodedChunk, StagedChunks } from './model.ts';
import type { DiskReserve } from './disk-reserve.ts';
import type { Segments } from './segments.ts';

/** Which chunks are promised to uploads on their way, and which are being changed or freed. */
export class Leases {
  readonly #counts = new Map<string, number>();
  readonly #changing = new Set<string>();
  /** Chunks that would have been freed, had they not been leased. */
  readonly #refused = new Set<string>();
  /** Called when a lease ends on a chunk that may be free now. */
  onReleased: () => void = () => undefined;

  /** Takes a lease, unless the chunk is being changed. */
  take(key: string): boolean {
    if (this.#changing.has(key)) return false;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return true;
  }

  drop(key: string): void {
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) {
      this.#counts.set(key, count - 1);
      return;
    }
    this.#counts.delete(key);
    if (this.#refused.delete(key)) this.onReleased();
  }

  /** Begins to free a chunk, or to store it otherwise, unless it is leased. */
  beginChange(key: string): boolean {
    if (this.#counts.has(key)) {
      this.#refused.add(key);
      return false;
    }
    this.#changing.add(key);
    return true;
  }

  /** The chunk is gone, or can be found again. */
  endChange(key: string): void {
    this.#changing.delete(key);
  }
}

/** A new chunk that uploads on their way share. */
export interface StagedChunk {
  readonly chunk: Omit<EncodedChunk, 'payload'> & { payload: Uint8Array | undefined };
  /** Where it lies in a segment; until then the payload is in memory. */
  location: ChunkLocation | undefined;
  /** Resolves when it has a location. Its frame is queued from the moment that this is set. */
  spilling: Promise<void> | undefined;
  /** Whether its segment was synced since. */
  isDurable: boolean;
  /** Whether a commit has made it part of the store. */
  isAdopted: boolean;
  holderCount: number;
}

/** One for all that are spilled. */
const spilled = Promise.resolve();

/** What the stages of one store share. */
export interface StagingArea {
  /** Up to so many bytes of one upload's new chunks travel in the journal. */
  readonly inlineBytesMax: number;
  readonly damage: KnownDamage;
  readonly leases: Leases;
  readonly reserve: DiskReserve;
  readonly segments: Segments;
  /** New chunks of uploads on their way, by name. */
  readonly staged: Map<string, StagedChunk>;
  /** Told of frames in segments that no commit adopted. */
  readonly onOrphaned: (location: ChunkLocation) => void;
}

export class ChunkStage implements StagedChunks {
  readonly #reader: IndexReader;
  readonly #area: StagingArea;
  readonly #leased = new Set<string>();
  readonly #staged = new Map<string, StagedChunk>();
  #inlineBytes = 0;
  #isSpilling = false;

  constructor(reader: IndexReader, area: StagingArea) {
    this.#reader = reader;
    this.#area = area;
  }

  async has(ids: readonly ChunkId[]): Promise<boolean[]> {
    const found: boolean[] = [];
    for (const id of ids) found.push(await this.#hasOne(id));
    return found;
  }

  async readCostOf(id: ChunkId): Promise<number | undefined> {
    const key = chunkKey(id);
    const staged = this.#staged.get(key);
    if (staged === undefined && !this.#leased.has(key)) return undefined;
    // One that was only staged may be adopted by another upload, and then be stored otherwise.
    this.#keep(key);
    if (!this.#leased.has(key)) return undefined;
    const location = await locate(this.#reader, id);
    return location === undefined ? (staged?.chunk.delta?.readCost ?? 1) : (location.readCost ?? 1);
  }

  async put(chunk: EncodedChunk, payload?: 'lent'): Promise<boolean> {
    const key = chunkKey(chunk.id);
    // Another upload may have staged it while this one was compressing it.
    let isNew = !this.#area.staged.has(key);
    let staged: StagedChunk | undefined;
    if (isNew) {
      await this.#area.reserve.claim(chunk.payload.length);
      isNew = !this.#area.staged.has(key);
    }
    if (isNew) {
      staged = {
        chunk: { ...chunk },
        location: undefined,
        spilling: undefined,
        isDurable: false,
        isAdopted: false,
        holderCount: 0,
      };
      this.#area.staged.set(key, staged);
      this.#hold(key, staged);
      // Or staged and committed it. From here on, whoever brings this chunk joins.
      isNew = !(await this.#isWhole(chunk.id));
      staged.isAdopted ||= !isNew;
    }
    await this.#join(key);
    if (payload === 'lent' && staged !== undefined) ownPayload(staged);
    return isNew;
  }

  /**
   * Resolves when all that is in segments is safe there. The committer asks again: another upload
   * may have moved a chunk that they share to a segment meanwhile.
   */
  async seal(): Promise<void> {
    const unsafe = [...this.#staged.values()].filter(
      ({ spilling, isDurable }) => spilling !== undefined && !isDurable,
    );
    if (unsafe.length === 0) return;
    for (const { spilling } of unsafe) await spilling;
    await this.#area.segments.sync();
    for (const staged of unsafe) staged.isDurable = true;
  }

  release(): void {
    for (const key of this.#leased) this.#area.leases.drop(key);
    this.#leased.clear();
    for (const [key, staged] of this.#staged) {
      staged.holderCount--;
      if (staged.holderCount > 0) continue;
      this.#area.staged.delete(key);
      if (staged.location !== undefined && !staged.isAdopted) {
        this.#area.onOrphaned(staged.location);
      }
    }
    this.#staged.clear();
  }

  /** Whether a commit may name this chunk: it was staged, or found and leased. */
  holds(id: ChunkId): boolean {
    const key = chunkKey(id);
    return this.#staged.has(key) || this.#leased.has(key);
  }

  /** How much of it goes into the journal with the commit. */
  get inlineBytes(): number {
    return this.#isSpilling ? 0 : this.#inlineBytes;
  }

  /** The new chunks, children before parents. */
  get staged(): Iterable<StagedChunk> {
    return this.#staged.values();
  }

  async #hasOne(id: ChunkId): Promise<boolean> {
    const key = chunkKey(id);
    if (this.#leased.has(key)) return true;
    if (this.#area.staged.has(key)) {
      await this.#join(key);
      return true;
    }
    if (!this.#area.leases.take(key)) return false;
    // It counts as held only once it is known to be there: the same question may come meanwhile.
    let isHeld = false;
    try {
      const isWhole = await this.#isWhole(id);
      isHeld = isWhole && !this.#leased.has(key);
      if (isHeld) this.#leased.add(key);
      return isWhole;
    } finally {
      if (!isHeld) this.#area.leases.drop(key);
    }
  }

  /** Whether the store has it, and nobody has found that it cannot be read. */
  async #isWhole(id: ChunkId): Promise<boolean> {
    return !this.#area.damage.has(id) && (await locate(this.#reader, id)) !== undefined;
  }

  /** Takes part in a chunk that is staged, by this upload or another. */
  async #join(key: string): Promise<void> {
    const staged = this.#area.staged.get(key);
    if (staged === undefined) return;
    if (!this.#staged.has(key)) this.#hold(key, staged);
    if (this.#isSpilling) {
      await this.#spill(staged);
    } else if (this.#inlineBytes > this.#area.inlineBytesMax) {
      this.#isSpilling = true;
      await Promise.all([...this.#staged.values()].map((waiting) => this.#spill(waiting)));
    }
  }

  /**
   * Takes part in a staged chunk, and in what it is a delta of: those who staged it may be gone
   * before this upload commits. Nothing may come in between, so nothing here waits.
   */
  #hold(key: string, staged: StagedChunk): void {
    if (staged.chunk.delta !== undefined) {
      for (const base of staged.chunk.children) this.#keep(chunkKey(base));
    }
    this.#staged.set(key, staged);
    staged.holderCount++;
    this.#inlineBytes += staged.chunk.payload?.length ?? 0;
  }

  /** Keeps a base, of which it is known that somebody keeps it now. */
  #keep(key: string): void {
    const staged = this.#area.staged.get(key);
    if (staged !== undefined && !this.#staged.has(key)) this.#hold(key, staged);
    if (!this.#leased.has(key) && this.#area.leases.take(key)) this.#leased.add(key);
  }

  async #spill(staged: StagedChunk): Promise<void> {
    // What a commit has put into the journal needs no second place.
    if (!staged.isAdopted) staged.spilling ??= this.#append(staged);
    await staged.spilling;
  }

  async #append(staged: StagedChunk): Promise<void> {
    const { chunk } = staged;
    staged.location = await this.#area.segments.append(chunk as EncodedChunk);
    // It is in the segment now; memory must not grow with the upload, or as little as may be.
    chunk.payload = undefined;
    staged.spilling = spilled;
  }
}

/** A payload that was only lent waits for a commit in memory of its own. */
function ownPayload({ chunk }: StagedChunk): void {
  if (chunk.payload !== undefined) chunk.payload = new Uint8Array(chunk.payload);
}
