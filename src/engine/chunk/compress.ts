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

import { corrupt } from '../../base/errors.ts';
import { chunkBytesMax } from '../../base/limits.ts';
import type { Encoding } from '../model.ts';
import type { Compression, Effort } from '../platform/platform.ts';

/** A smaller chunk is stored as it is: the saving could not pay for a read that decodes. */
const compressibleBytesMin = 64;

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

/** Compresses a chunk with what this platform prefers, or leaves it as it is if that is no gain. */
export async function encodePayload(
  compression: Compression,
  bytes: Uint8Array,
  effort: Effort,
): Promise<EncodedPayload> {
  if (looksCompressible(bytes)) {
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
 * @throws `CORRUPT` if the payload is damaged and the decompressor notices, or if the size is
 * wrong.
 */
export async function decodePayload(
  compression: Compression,
  encoding: Encoding,
  payload: Uint8Array,
  rawBytes: number,
): Promise<Uint8Array> {
  if (rawBytes > chunkBytesMax) throw corrupt(`a payload claims to hold ${rawBytes} bytes`);
  const bytes =
    encoding === 'raw' ? payload : await decompress(compression, encoding, payload, rawBytes);
  if (bytes.length !== rawBytes) {
    throw corrupt(`a payload holds ${bytes.length} bytes instead of ${rawBytes}`);
  }
  return bytes;
}

async function decompress(
  compression: Compression,
  encoding: Exclude<Encoding, 'raw'>,
  payload: Uint8Array,
  rawBytes: number,
): Promise<Uint8Array> {
  try {
    return await compression.decompress(encoding, payload, rawBytes);
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
