/**
 * What a new chunk is stored as: plain, or as a delta of a chunk that resembles it.
 *
 * Candidates are the chunks that agree with it in most super-features, and those at the same place
 * of the version before. Of the first two that the store has, the better becomes the base; a good
 * one is not compared with another. A base that would cost too much to read is exchanged for the
 * chunk at the root of what it is a delta of, which resembles the new one nearly as much
 * (docs/decisions/0022-deltas-against-similar-chunks.md).
 *
 * All of it is advice: a wrong answer costs space. What must stay true is that no chunk ever comes
 * to need itself. Each chunk costs more to read than its base, by what the stage that keeps the
 * base says; and one that was in the store before, and is stored anew because it was damaged, is
 * stored plain.
 *
 * @module
 */

import { equalBytes } from '../base/bytes.ts';
import { ObjectsError } from '../base/errors.ts';
import { deltaReadCostLimit } from '../base/limits.ts';
import type { ChunkReader, ReadChunk } from './chunk-reader.ts';
import {
  dictionaryOf,
  encodePayload,
  encodePrimed,
  looksCompressible,
  type EncodedPayload,
} from './chunk/compress.ts';
import { encodeDelta } from './chunk/delta.ts';
import { superFeatures } from './chunk/resemblance.ts';
import { chunkIdsWith } from './index/chunk-index.ts';
import type { IndexStore } from './index/index-store.ts';
import type { KnownDamage } from './known-damage.ts';
import { chunkKey } from './log/operations.ts';
import type { ChunkId, EncodedChunk, StagedChunks } from './model.ts';
import type { Platform } from './platform/platform.ts';
import type { SimilarChunks } from './similar-chunks.ts';
import type { SimilarFile } from './similar-file.ts';

/** A smaller chunk could not save what naming a base costs. */
const deltaChunkBytesMin = 96;

/**
 * What does not compress resembles nothing but what it was made from, and mostly was made from
 * nothing. After so many looks in a row that found nothing, one chunk in so many is looked at.
 */
const missesMax = 8;
const looksOneIn = 16;

/** Candidates that a delta is made of: the better one is taken. */
const triesMax = 2;

/** Candidates that are looked for in the store. */
const lookedAtMax = 8;

/**
 * A delta that is so small, of its chunk, is kept without a look at the chunk compressed: of 3,218
 * such deltas of source text and JSON none was larger.
 */
const surelySmallerFraction = 1 / 8;

/** One that is so large is not worth compressing. */
const hopelessFraction = 3 / 4;

/** So small, of the chunk compressed, any other delta must be. */
const worthFraction = 0.9;

/** What a delta costs besides its payload: in the head of its frame, and an edge in the index. */
const bookkeepingBytes = 68;

export interface DeltaParts {
  readonly platform: Platform;
  readonly index: IndexStore;
  readonly chunks: ChunkReader;
  readonly damage: KnownDamage;
  readonly similarFile: SimilarFile;
}

/** A new chunk, or a new node with the chunks it names. */
export interface NewChunk {
  readonly id: ChunkId;
  readonly bytes: Uint8Array;
  readonly children: readonly ChunkId[];
}

/** A new chunk that a sample was taken of: once, as it costs about what its name does. */
export interface SampledChunk extends NewChunk {
  readonly isCompressible: boolean;
}

export function sampled(chunk: NewChunk): SampledChunk {
  return { ...chunk, isCompressible: looksCompressible(chunk.bytes) };
}

/** What lies where a new chunk will lie. */
export interface Neighbourhood {
  /** Chunks that stay. */
  readonly near: readonly ChunkId[];
  /** Chunks that go, so that no delta must keep them alive. */
  readonly replaced: readonly ChunkId[];
}

/** Where nothing is. */
const nowhere = (): Promise<Neighbourhood> => Promise.resolve({ near: [], replaced: [] });

/** A chunk that a new one may become a delta of. */
interface Candidate extends ReadChunk {
  readonly id: ChunkId;
}

/** A delta, not compressed yet. */
interface Draft {
  readonly base: Candidate;
  readonly delta: Uint8Array;
}

export class Deltas {
  readonly #parts: DeltaParts;
  /** Loaded when it is first asked. */
  #similar: Promise<SimilarChunks> | undefined;
  /** Looks in a row at chunks that do not compress and were made from nothing. */
  #misses = 0;
  #passedOver = 0;

  constructor(parts: DeltaParts) {
    this.#parts = parts;
  }

  /** Keeps for the next life of the store what this one knows. */
  async close(): Promise<void> {
    if (this.#similar !== undefined) await this.#parts.similarFile.save(await this.#similar);
  }

  /** Which chunks look alike, as far as is known. */
  similar(): Promise<SimilarChunks> {
    this.#similar ??= this.#parts.similarFile.load();
    return this.#similar;
  }

  /** From here on new chunks are compared with these. */
  replaceSimilar(table: SimilarChunks): void {
    this.#similar = Promise.resolve(table);
  }

  /**
   * A chunk that nothing is tried with, as it is stored; `undefined` for any other.
   *
   * @param isEdited - Whether it may have been made from what lies at its place, and stays.
   */
  asItIs(chunk: SampledChunk, isEdited: boolean): EncodedChunk | undefined {
    if (chunk.isCompressible) return undefined;
    return isEdited && this.#isWorthALook() ? undefined : rawChunk(chunk);
  }

  #isWorthALook(): boolean {
    if (this.#misses < missesMax) return true;
    this.#passedOver = (this.#passedOver + 1) % looksOneIn;
    return this.#passedOver === 0;
  }

  /**
   * Encodes a new chunk. The bases of a delta are kept by the stage.
   *
   * @param place - Where the chunk will lie: asked if it may become a delta.
   */
  async encode(
    stage: StagedChunks,
    chunk: SampledChunk,
    place: () => Promise<Neighbourhood> = nowhere,
  ): Promise<EncodedChunk> {
    const { id, bytes } = chunk;
    if (!this.#mayBeDelta(chunk)) return this.#plain(chunk);
    if (!chunk.isCompressible) return this.#edited(stage, chunk, place);
    const features = withinDomain(superFeatures(bytes), id.domain);
    const similar = await this.similar();
    const draft = await this.#draft(stage, chunk, await place(), similar.candidates(features));
    const encoded = await this.#smallest(chunk, draft);
    similar.add(features, id.digest);
    const readCost = encoded.delta?.readCost ?? 1;
    this.#parts.chunks.lend(id, { bytes, readCost, bases: encoded.children });
    return encoded;
  }

  /**
   * A chunk that does not compress: if anything, it was made from what lies at its place. To see
   * that two chunks have nothing in common takes a quarter of the time that a delta does.
   */
  async #edited(
    stage: StagedChunks,
    chunk: SampledChunk,
    place: () => Promise<Neighbourhood>,
  ): Promise<EncodedChunk> {
    const { near } = await place();
    if (near.length === 0) return rawChunk(chunk);
    const draft = await this.#draftOfEdit(stage, chunk.bytes, near);
    this.#misses = draft === undefined ? this.#misses + 1 : 0;
    return draft === undefined ? rawChunk(chunk) : this.#smallest(chunk, draft);
  }

  async #draftOfEdit(
    stage: StagedChunks,
    bytes: Uint8Array,
    near: readonly ChunkId[],
  ): Promise<Draft | undefined> {
    const features = superFeatures(bytes);
    for (const id of near.slice(0, triesMax)) {
      const base = await this.#affordable(stage, id);
      if (base === undefined) continue;
      const isSimilar = superFeatures(base.bytes).some((feature, i) => feature === features[i]);
      if (isSimilar) return { base, delta: encodeDelta([base.bytes], bytes) };
    }
    return undefined;
  }

  /** Not what is known to be damaged: it may be a base. */
  #mayBeDelta({ id, bytes }: NewChunk): boolean {
    const { damage } = this.#parts;
    if (damage.hasLostChunks || damage.has(id)) return false;
    return id.kind === 'data' && bytes.length >= deltaChunkBytesMin;
  }

  async #plain(chunk: SampledChunk): Promise<EncodedChunk> {
    const { bytes, isCompressible } = chunk;
    const { compression } = this.#parts.platform;
    return plainChunk(chunk, await encodePayload(compression, bytes, 'fast', isCompressible));
  }

  /** The chunk as a delta, if that is clearly smaller, or else plain. */
  async #smallest(chunk: SampledChunk, draft: Draft | undefined): Promise<EncodedChunk> {
    const { id, bytes } = chunk;
    if (draft === undefined) return this.#plain(chunk);
    const { base, delta } = draft;
    if (delta.length + bookkeepingBytes >= bytes.length * hopelessFraction) {
      return this.#plain(chunk);
    }
    const { compression } = this.#parts.platform;
    const { encoding, payload } = await encodePrimed(
      compression,
      delta,
      dictionaryOf([base.bytes]),
    );
    const asDelta: EncodedChunk = {
      id,
      encoding,
      payload,
      rawBytes: bytes.length,
      children: [base.id],
      delta: { deltaBytes: delta.length, readCost: base.readCost + 1 },
    };
    if (delta.length + bookkeepingBytes <= bytes.length * surelySmallerFraction) return asDelta;
    const plain = await this.#plain(chunk);
    const isSmaller = payload.length + bookkeepingBytes < plain.payload.length * worthFraction;
    return isSmaller ? asDelta : plain;
  }

  /** The smallest delta that is found with few tries. */
  async #draft(
    stage: StagedChunks,
    { id, bytes }: NewChunk,
    place: Neighbourhood,
    similar: readonly Uint8Array[],
  ): Promise<Draft | undefined> {
    let best: Draft | undefined;
    let tries = 0;
    const refused = new Set([id, ...place.replaced].map(chunkKey));
    for await (const candidate of this.#candidates(id.domain, similar, place)) {
      if (refused.has(chunkKey(candidate))) continue;
      if (refused.add(chunkKey(candidate)).size > lookedAtMax) break;
      const base = await this.#affordable(stage, candidate);
      if (base === undefined) continue;
      const delta = encodeDelta([base.bytes], bytes);
      if (best === undefined || delta.length < best.delta.length) best = { base, delta };
      if (best.delta.length <= bytes.length * surelySmallerFraction || ++tries === triesMax) break;
    }
    return best;
  }

  async *#candidates(
    domain: number,
    similar: readonly Uint8Array[],
    { near, replaced }: Neighbourhood,
  ): AsyncGenerator<ChunkId> {
    const there = [...near, ...replaced];
    for (const digest of similar) yield* await this.#idsOf(domain, digest, there);
    yield* near;
  }

  /** A chunk that resembles a new one mostly lies where that will lie: then its name is known. */
  async #idsOf(domain: number, digest: Uint8Array, there: readonly ChunkId[]): Promise<ChunkId[]> {
    const known = there.find((id) => equalBytes(id.digest.subarray(0, digest.length), digest));
    if (known !== undefined) return [known];
    return chunkIdsWith(this.#parts.index.reader(), domain, digest);
  }

  /** The candidate if the store still has it; or the root of what it is a delta of. */
  async #affordable(stage: StagedChunks, id: ChunkId): Promise<Candidate | undefined> {
    try {
      const chunk = await this.#kept(stage, id);
      if (chunk === undefined || chunk.readCost < deltaReadCostLimit) return chunk;
      return await this.#root(stage, chunk);
    } catch (error) {
      // A candidate that cannot be read is no reason not to store what was given.
      if (error instanceof ObjectsError) return undefined;
      throw error;
    }
  }

  /**
   * What a delta is made from in the end. The names of bases are as old as the memory that has
   * them: `optimize` may have turned deltas round since, and then the way would not end.
   */
  async #root(stage: StagedChunks, chunk: Candidate): Promise<Candidate | undefined> {
    if (chunk.readCost === 1) return chunk;
    const [base] = chunk.bases;
    const next = base && (await this.#kept(stage, base));
    const isDown = next !== undefined && next.readCost < chunk.readCost;
    return isDown ? this.#root(stage, next) : undefined;
  }

  /** A chunk that stays while the stage does, as it is stored now. */
  async #kept(stage: StagedChunks, id: ChunkId): Promise<Candidate | undefined> {
    const [isThere] = await stage.has([id]);
    const readCost = isThere === true ? await stage.readCostOf(id) : undefined;
    if (readCost === undefined) return undefined;
    const chunk = await this.#parts.chunks.lent(id, readCost);
    return chunk?.readCost === readCost ? { ...chunk, id } : undefined;
  }
}

function rawChunk(chunk: NewChunk): EncodedChunk {
  return plainChunk(chunk, { encoding: 'raw', payload: chunk.bytes });
}

function plainChunk(
  { id, bytes, children }: NewChunk,
  { encoding, payload }: EncodedPayload,
): EncodedChunk {
  return { id, encoding, payload, rawBytes: bytes.length, children };
}

/** One table serves all domains: features of two of them never meet but by chance. */
export function withinDomain(features: Uint32Array, domain: number): Uint32Array {
  const mark = Math.imul(domain, 0x9e3779b1);
  return domain === 0 ? features : features.map((feature) => feature ^ mark);
}
