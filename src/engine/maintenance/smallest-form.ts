/**
 * The smallest form of a chunk that is found: plain, or a delta of one or more bases.
 *
 * Bases are added one after the other, the best one first, for as long as what is stored becomes
 * smaller by it. Everything is compressed as well as the platform can: time is not what counts.
 *
 * @module
 */

import { dictionaryOf, encodePrimed, looksCompressible } from '../chunk/compress.ts';
import { encodeDelta } from '../chunk/delta.ts';
import type { ChunkId, EncodedChunk, Encoding } from '../model.ts';
import type { Codec, Compression } from '../platform/platform.ts';

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

/** The head of a frame; what naming a base takes, there and by an edge in the index. */
const headBytes = 64;
const baseBytes = 68;

/** More bases than this hardly ever pay. */
const basesMax = 4;

/** A delta that is larger than this, of its chunk, is not worth compressing. */
const hopelessFraction = 3 / 4;

const encodings: readonly Codec[] = ['deflate', 'zstd'];

/**
 * @param bases - What it may become a delta of, the likeliest first.
 * @param readCostMax - How many frames a read of it may take.
 */
export async function smallestForm(
  compression: Compression,
  { id, bytes }: { readonly id: ChunkId; readonly bytes: Uint8Array },
  bases: readonly Base[],
  readCostMax: number,
): Promise<Form> {
  let best = await plainForm(compression, id, bytes);
  // The best alone first: to it others are added.
  const drafts = bases
    .map((base) => ({ base, deltaBytes: encodeDelta([base.bytes], bytes).length }))
    .filter(({ deltaBytes }) => deltaBytes < bytes.length * hopelessFraction)
    .sort((a, b) => a.deltaBytes - b.deltaBytes);
  let chosen: readonly Base[] = [];
  for (const { base } of drafts) {
    const tried = [...chosen, base];
    if (readCostOf(tried) > readCostMax) continue;
    const form = await deltaForm(compression, id, bytes, tried);
    if (form.storedBytes >= best.storedBytes) continue;
    [best, chosen] = [form, tried];
    if (chosen.length === basesMax) break;
  }
  return best;
}

async function plainForm(compression: Compression, id: ChunkId, bytes: Uint8Array): Promise<Form> {
  const { encoding, payload } = await smallestPayload(compression, bytes);
  const chunk = { id, encoding, payload, rawBytes: bytes.length, children: [] };
  return { chunk, storedBytes: headBytes + payload.length };
}

async function deltaForm(
  compression: Compression,
  id: ChunkId,
  bytes: Uint8Array,
  bases: readonly Base[],
): Promise<Form> {
  const bytesOfBases = bases.map((base) => base.bytes);
  const delta = encodeDelta(bytesOfBases, bytes);
  const { encoding, payload } = await smallestPayload(compression, delta, bytesOfBases);
  const children = bases.map((base) => base.id);
  const described = { deltaBytes: delta.length, readCost: readCostOf(bases) };
  const chunk = { id, encoding, payload, rawBytes: bytes.length, children, delta: described };
  return { chunk, storedBytes: headBytes + bases.length * baseBytes + payload.length };
}

/** What a read of a delta of these takes. */
function readCostOf(bases: readonly Base[]): number {
  return bases.reduce((sum, { readCost }) => sum + readCost, 1);
}

async function smallestPayload(
  compression: Compression,
  bytes: Uint8Array,
  bases?: readonly Uint8Array[],
): Promise<{ readonly encoding: Encoding; readonly payload: Uint8Array }> {
  let best: { encoding: Encoding; payload: Uint8Array } = { encoding: 'raw', payload: bytes };
  if (bases !== undefined) best = await encodePrimed(compression, bytes, dictionaryOf(bases));
  if (!looksCompressible(bytes)) return best;
  for (const encoding of encodings) {
    const payload = await compression.compress(encoding, bytes, 'small');
    if (payload.length < best.payload.length) best = { encoding, payload };
  }
  return best;
}
