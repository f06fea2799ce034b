/**
 * Packing the bytes of a chunk for storage, and unpacking them: compressed, but only if it helps.
 *
 * Most stored bytes are media and archives, which do not compress, and trying costs far more than
 * everything else that is done to a chunk. So a sample is looked at first, which adds a few percent
 * to cutting and hashing the chunk. A compressed payload is kept when it is at least 1/32 (3 %)
 * smaller.
 *
 * The sample sees how unevenly the byte values are spread, within each of a few blocks. All that is
 * text, code, tables or executables is far over the threshold, and all that is compressed or
 * encrypted is under it. What escapes is a chunk of random bytes that repeats itself; that is rare,
 * and costs only space.
 *
 * Errors: `CORRUPT` when a payload does not decode to the size it should have. The hash of the
 * chunk is not checked here: whoever knows its name must, as a decompressor accepts much that is
 * damaged.
 *
 * @module
 */

import { concatBytes } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';
import { chunkBytesMax } from '../../base/limits.ts';
import type { Encoding } from '../model.ts';
import type { Codec, Compression, Effort } from '../platform/platform.ts';

/** A smaller chunk is stored as it is: the saving could not pay for a read that decodes. */
const compressibleBytesMin = 64;

/** With words at hand a smaller delta is compressed without a look at it. */
const sampledBytesMin = 1024;

const sampleBlocksMax = 8;
const sampleBlockBytes = 256;

/**
 * How many more pairs of equal bytes a block must have than random bytes would. At 1.4 a code for
 * single bytes would save 3 %. Random blocks stay below it by four standard deviations.
 */
const unevennessMin = 1.4;

/** A chunk's bytes as they are to be stored. */
export interface EncodedPayload {
  readonly encoding: Encoding;
  /** With encoding `raw` this is the array that was given, not a copy. */
  readonly payload: Uint8Array;
}

/** What DEFLATE looks back at, at most. */
const dictionaryBytesMax = 32 * 1024;

/** A larger delta has most of its own words, and what the platform prefers may be better. */
const primedBytesMax = 64 * 1024;

/**
 * What the compression of a delta begins behind: the end of its bases. Its literals have most of
 * their words there, and a copy would have cost more than it saves.
 */
export function dictionaryOf(bases: readonly Uint8Array[]): Uint8Array {
  const all = bases.length === 1 ? (bases[0] as Uint8Array) : concatBytes(bases);
  return all.subarray(Math.max(0, all.length - dictionaryBytesMax));
}

/** Compresses a delta behind its bases, if it is small; else as {@link encodePayload}. */
export async function encodePrimed(
  compression: Compression,
  delta: Uint8Array,
  dictionary: Uint8Array,
): Promise<EncodedPayload> {
  if (delta.length > primedBytesMax) return encodePayload(compression, delta, 'small');
  const isWorthTrying = delta.length < sampledBytesMin || looksCompressible(delta);
  if (isWorthTrying) {
    const payload = await compression.compress('primed', delta, 'small', dictionary);
    if (payload.length < delta.length) return { encoding: 'primed', payload };
  }
  return { encoding: 'raw', payload: delta };
}

/**
 * Compresses a chunk with what this platform prefers, or leaves it as it is if that is no gain.
 *
 * @param isCompressible - What {@link looksCompressible} said, if it was asked already.
 */
export async function encodePayload(
  compression: Compression,
  bytes: Uint8Array,
  effort: Effort,
  isCompressible: boolean = looksCompressible(bytes),
): Promise<EncodedPayload> {
  if (isCompressible) {
    const payload = await compression.compress(compression.preferred, bytes, effort);
    if (bytes.length - payload.length >= bytes.length / 32) {
      return { encoding: compression.preferred, payload };
    }
  }
  return { encoding: 'raw', payload: bytes };
}

/**
 * The plain bytes of a payload. With encoding `raw` they are the payload itself, not a copy.
 *
 * @param rawBytes - How many plain bytes there must be.
 * @param bases - Of a delta its bases.
 * @throws `CORRUPT` if the payload is damaged and the decompressor notices, or if the size is
 * wrong.
 */
export async function decodePayload(
  compression: Compression,
  encoding: Encoding,
  payload: Uint8Array,
  rawBytes: number,
  bases?: readonly Uint8Array[],
): Promise<Uint8Array> {
  if (rawBytes > chunkBytesMax) throw corrupt(`a payload claims to hold ${rawBytes} bytes`);
  if (encoding === 'primed' && bases === undefined) throw corrupt('a payload has lost its bases');
  const dictionary = encoding === 'primed' ? dictionaryOf(bases ?? []) : undefined;
  const bytes =
    encoding === 'raw'
      ? payload
      : await decompress(compression, encoding, payload, { rawBytes, dictionary });
  if (bytes.length !== rawBytes) {
    throw corrupt(`a payload holds ${bytes.length} bytes instead of ${rawBytes}`);
  }
  return bytes;
}

async function decompress(
  compression: Compression,
  encoding: Codec,
  payload: Uint8Array,
  how: { readonly rawBytes: number; readonly dictionary: Uint8Array | undefined },
): Promise<Uint8Array> {
  try {
    return await compression.decompress(encoding, payload, how.rawBytes, how.dictionary);
  } catch (cause) {
    throw corrupt(`a payload cannot be decompressed (${encoding})`, cause);
  }
}

/** Whether compressing these bytes is worth a try, judged by blocks that lie evenly among them. */
export function looksCompressible(bytes: Uint8Array): boolean {
  if (bytes.length < compressibleBytesMin) return false;
  const blockBytes = Math.min(sampleBlockBytes, bytes.length);
  const blockCount = Math.min(sampleBlocksMax, Math.ceil(bytes.length / sampleBlockBytes));
  const stride = blockCount === 1 ? 0 : (bytes.length - blockBytes) / (blockCount - 1);
  for (let block = 0; block < blockCount; block++) {
    const from = Math.floor(block * stride);
    if (unevenness(bytes.subarray(from, from + blockBytes)) >= unevennessMin) return true;
  }
  return false;
}

/** How often each byte was seen. One for all blocks: it takes longer to make than to clear. */
const seen = new Uint16Array(256);

/** The number of pairs of equal bytes, relative to what is expected of random bytes. */
function unevenness(block: Uint8Array): number {
  seen.fill(0);
  let equalPairs = 0;
  for (let at = 0; at < block.length; at++) {
    const byte = block[at] as number;
    const before = seen[byte] as number;
    equalPairs += before;
    seen[byte] = before + 1;
  }
  const pairs = (block.length * (block.length - 1)) / 2;
  return (equalPairs * 256) / pairs;
}
