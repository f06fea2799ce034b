/**
 * The smallest form of a chunk that is found: plain, or a delta of one or more bases.
 *
 * Bases are added one after the other, the best one first, for as long as what is stored becomes
 * smaller by it. To compress as well as the platform can takes most of the time that there is, so
 * it is done once: deltas are compared by DEFLATE alone, and the chunk itself is not compressed
 * where a delta of it is so small that it must be smaller.
 *
 * @module
 */

import {
  dictionaryOf,
  encodePrimed,
  looksCompressible,
  type EncodedPayload,
} from '../chunk/compress.ts';
import { encodeDelta } from '../chunk/delta.ts';
import type { ChunkId, EncodedChunk } from '../model.ts';
import type { Compression, Effort } from '../platform/platform.ts';

/** A chunk that another may become a delta of. */
export interface Base {
  readonly id: ChunkId;
  readonly bytes: Uint8Array;
  readonly readCost: number;
}

/** A chunk as it may be stored. */
export interface Form {
  readonly chunk: EncodedChunk;
  /** About what its frame takes, and its edges. */
  readonly storedBytes: number;
}

/** A chunk to be stored. */
interface Subject {
  readonly id: ChunkId;
  readonly bytes: Uint8Array;
}

/** A delta, and what DEFLATE makes of it. */
interface Draft {
  readonly bases: readonly Base[];
  readonly delta: Uint8Array;
  readonly payload: EncodedPayload;
  readonly storedBytes: number;
}

/** The head of a frame; what naming a base takes, there and by an edge in the index. */
const headBytes = 64;
const baseBytes = 68;

/** More bases than this hardly ever pay. */
const basesMax = 4;

/** A delta that is larger than this, of its chunk, is not worth compressing. */
const hopelessFraction = 3 / 4;

/** One that takes so little, of its chunk, is not compared with the chunk compressed, */
const surelySmallerFraction = 1 / 64;

/** nor one that takes less than this part of what the chunk comes to when time does count. */
const gainMax = 1 / 2;

/** What comes to less than this part has so many matches that to choose among them pays. */
const repetitiveFraction = 1 / 10;

/** DEFLATE behind the bases is smaller than zstd for less, and DEFLATE never for more. */
const zstdBytesMin = 4 * 1024;
const deflateBytesMax = 16 * 1024;

/**
 * @param bases - What it may become a delta of, the likeliest first.
 * @param readCostMax - How many frames a read of it may take.
 */
export async function smallestForm(
  compression: Compression,
  subject: Subject,
  bases: readonly Base[],
  readCostMax: number,
): Promise<Form> {
  const draft = await smallestDraft(compression, subject.bytes, bases, readCostMax);
  if (draft === undefined) return plainForm(compression, subject);
  const asDelta = await deltaForm(compression, subject, draft);
  if (await isSurelyMore(compression, subject, asDelta.storedBytes)) return asDelta;
  const plain = await plainForm(compression, subject);
  return plain.storedBytes <= asDelta.storedBytes ? plain : asDelta;
}

async function smallestDraft(
  compression: Compression,
  bytes: Uint8Array,
  bases: readonly Base[],
  readCostMax: number,
): Promise<Draft | undefined> {
  // The best alone first: to it others are added.
  const singles = bases
    .map((base) => ({ base, delta: encodeDelta([base.bytes], bytes) }))
    .filter(({ delta }) => delta.length < bytes.length * hopelessFraction)
    .sort((a, b) => a.delta.length - b.delta.length);
  let best: Draft | undefined;
  for (const { base, delta } of singles) {
    const tried = [...(best?.bases ?? []), base];
    if (readCostOf(tried) > readCostMax) continue;
    if (best === undefined) best = await draftOf(compression, tried, delta);
    else {
      const isOneMorePaid = best.payload.payload.length > baseBytes;
      if (!isOneMorePaid || best.bases.length === basesMax) break;
      const both = encodeDelta(
        tried.map((each) => each.bytes),
        bytes,
      );
      if (both.length + baseBytes >= best.delta.length) continue;
      const draft = await draftOf(compression, tried, both);
      if (draft.storedBytes < best.storedBytes) best = draft;
    }
  }
  return best;
}

async function draftOf(
  compression: Compression,
  bases: readonly Base[],
  delta: Uint8Array,
): Promise<Draft> {
  const dictionary = dictionaryOf(bases.map(({ bytes }) => bytes));
  const payload = await encodePrimed(compression, delta, dictionary);
  return { bases, delta, payload, storedBytes: storedBytesOf(bases, payload) };
}

async function deltaForm(
  compression: Compression,
  { id, bytes }: Subject,
  { bases, delta, payload }: Draft,
): Promise<Form> {
  const isTried = payload.encoding === 'zstd' || payload.payload.length < zstdBytesMin;
  const smallest = isTried ? payload : await orZstd(compression, delta, payload, 'small');
  const children = bases.map((base) => base.id);
  const described = { deltaBytes: delta.length, readCost: readCostOf(bases) };
  const chunk = { id, ...smallest, rawBytes: bytes.length, children, delta: described };
  return { chunk, storedBytes: storedBytesOf(bases, smallest) };
}

async function plainForm(compression: Compression, { id, bytes }: Subject): Promise<Form> {
  let smallest: EncodedPayload = { encoding: 'raw', payload: bytes };
  if (looksCompressible(bytes)) {
    if (bytes.length <= deflateBytesMax) {
      const payload = await compression.compress('deflate', bytes, 'small');
      if (payload.length < bytes.length) smallest = { encoding: 'deflate', payload };
    }
    smallest = await orZstd(compression, bytes, smallest, 'small');
    const isRepetitive = smallest.payload.length <= bytes.length * repetitiveFraction;
    if (isRepetitive) smallest = await orZstd(compression, bytes, smallest, 'smallest');
  }
  const chunk = { id, ...smallest, rawBytes: bytes.length, children: [] };
  return { chunk, storedBytes: storedBytesOf([], smallest) };
}

/** What there is, or what zstd makes of the same bytes if that is smaller. */
async function orZstd(
  compression: Compression,
  bytes: Uint8Array,
  other: EncodedPayload,
  effort: Effort,
): Promise<EncodedPayload> {
  const payload = await compression.compress('zstd', bytes, effort);
  return payload.length < other.payload.length ? { encoding: 'zstd', payload } : other;
}

/** Whether a chunk takes more than so much, however well it is compressed. */
async function isSurelyMore(
  compression: Compression,
  { bytes }: Subject,
  storedBytes: number,
): Promise<boolean> {
  if (storedBytes <= bytes.length * surelySmallerFraction) return true;
  if (!looksCompressible(bytes)) return storedBytes < bytes.length;
  const quickly = await compression.compress('zstd', bytes, 'fast');
  return storedBytes <= quickly.length * gainMax;
}

function storedBytesOf(bases: readonly Base[], { payload }: EncodedPayload): number {
  return headBytes + bases.length * baseBytes + payload.length;
}

/** What a read of a delta of these takes. */
function readCostOf(bases: readonly Base[]): number {
  return bases.reduce((sum, { readCost }) => sum + readCost, 1);
}
