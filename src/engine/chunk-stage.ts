/**
 * The chunks of one upload on their way, and the leases on what it found: the embedded
 * implementation of {@link StagedChunks}.
 *
 * New chunks wait in memory until there are too many for the journal; then they, and all that follow,
 * go to a segment. So a small upload is one write with its commit, and a large one never stands
 * between a small one and its sync.
 *
 * A lease keeps a chunk that was found from being freed before the commit that names it. It is taken
 * *before* the chunk is looked up, and a chunk that is just being freed counts as absent: there is no
 * moment at which a chunk is both promised and gone.
 *
 * @module
 */

import { inlineBytesMax } from '../base/limits.ts';
import type { Adoption } from './effects.ts';
import { locate } from './index/chunk-index.ts';
import type { IndexReader } from './index/index-store.ts';
import { chunkKey } from './log/operations.ts';
import type { ChunkId, EncodedChunk, StagedChunks } from './model.ts';
import type { Segments } from './segments.ts';

/** Which chunks are promised to uploads on their way, and which are being freed. */
export class Leases {
  readonly #counts = new Map<string, number>();
  readonly #freeing = new Set<string>();
  /** Chunks that would have been freed, had they not been leased. */
  readonly #refused = new Set<string>();
  /** Called when a lease ends on a chunk that may be free now. */
  onReleased: () => void = () => undefined;

  /** Takes a lease, unless the chunk is being freed. */
  take(key: string): boolean {
    if (this.#freeing.has(key)) return false;
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

  /** Begins freeing a chunk, unless it is leased. */
  beginFree(key: string): boolean {
    if (this.#counts.has(key)) {
      this.#refused.add(key);
      return false;
    }
    this.#freeing.add(key);
    return true;
  }

  /** The chunk is gone, or stays after all. */
  endFree(key: string): void {
    this.#freeing.delete(key);
  }
}

export class ChunkStage implements StagedChunks {
  readonly #reader: IndexReader;
  readonly #leases: Leases;
  readonly #segments: Segments;
  readonly #onOrphaned: (byteCount: number) => void;
  readonly #leased = new Set<string>();
  readonly #put = new Set<string>();
  #inline: EncodedChunk[] = [];
  #inlineBytes = 0;
  readonly #spilled: Adoption[] = [];
  #isCommitted = false;

  /** @param onOrphaned - Told at the end how many bytes of segments no commit adopted. */
  constructor(
    reader: IndexReader,
    leases: Leases,
    segments: Segments,
    onOrphaned: (byteCount: number) => void,
  ) {
    this.#reader = reader;
    this.#leases = leases;
    this.#segments = segments;
    this.#onOrphaned = onOrphaned;
  }

  async has(ids: readonly ChunkId[]): Promise<boolean[]> {
    const found: boolean[] = [];
    for (const id of ids) found.push(await this.#hasOne(id));
    return found;
  }

  async put(chunk: EncodedChunk): Promise<void> {
    this.#put.add(chunkKey(chunk.id));
    const isInline = this.#spilled.length === 0;
    if (isInline && this.#inlineBytes + chunk.payload.length <= inlineBytesMax) {
      this.#inline.push(chunk);
      this.#inlineBytes += chunk.payload.length;
      return;
    }
    const inline = this.#inline;
    this.#inline = [];
    for (const waiting of [...inline, chunk]) {
      const location = await this.#segments.append(waiting);
      this.#spilled.push({ id: waiting.id, location, children: waiting.children });
    }
  }

  async seal(): Promise<void> {
    if (this.#spilled.length > 0) await this.#segments.sync();
  }

  release(): void {
    for (const key of this.#leased) this.#leases.drop(key);
    this.#leased.clear();
    if (!this.#isCommitted) {
      this.#onOrphaned(this.#spilled.reduce((sum, chunk) => sum + chunk.location.frameBytes, 0));
    }
    this.#isCommitted = true;
  }

  /** Whether a commit may name this chunk: it was put, or found and leased. */
  holds(id: ChunkId): boolean {
    const key = chunkKey(id);
    return this.#put.has(key) || this.#leased.has(key);
  }

  /** Chunks that go into the journal with the commit. */
  get inline(): readonly EncodedChunk[] {
    return this.#inline;
  }

  /** Chunks that lie in segments. */
  get spilled(): readonly Adoption[] {
    return this.#spilled;
  }

  /** The commit accounts for the spilled chunks, adopted or not. */
  markCommitted(): void {
    this.#isCommitted = true;
  }

  async #hasOne(id: ChunkId): Promise<boolean> {
    const key = chunkKey(id);
    if (this.#put.has(key) || this.#leased.has(key)) return true;
    if (!this.#leases.take(key)) return false;
    this.#leased.add(key);
    if ((await locate(this.#reader, id)) !== undefined) return true;
    this.#leased.delete(key);
    this.#leases.drop(key);
    return false;
  }
}
