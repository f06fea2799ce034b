/**
 * Part of a chunk: which bytes of its frame it takes to read it, and the part in them. Pure
 * functions.
 *
 * A range seldom begins and ends where chunks do, and to read and hash all of a chunk for some of
 * its bytes would be most of what the range costs. A frame carries a checksum for each block of its
 * payload. Where the payload is the plain bytes, the blocks that the part touches, and the head of
 * the frame, are enough: the head says whose frame it is, and the checksums say that these bytes
 * are what was written there (docs/decisions/0040-ranges-are-checked-by-blocks.md).
 *
 * Where anything is not as it should be the answer is only "not like this": the chunk is then read
 * whole, and its name says what is wrong.
 *
 * @module
 */

import { equalBytes } from '../base/bytes.ts';
import { corrupt, isCorrupt } from '../base/errors.ts';
import { checksumBlockBytes, smallChunkBytesMax } from '../base/limits.ts';
import {
  decodeChunkExtension,
  decodeFrameHeader,
  frameHeaderBytes,
  isPayloadIntact,
  type Crc32,
} from './log/frame.ts';
import type { ChunkLocation, ChunkPart } from './model.ts';

/** The part in the bytes of its chunk. Throws `CORRUPT` unless they are as many as is said. */
export function partIn(bytes: Uint8Array, { sizeBytes, start, end }: ChunkPart): Uint8Array {
  if (bytes.length !== sizeBytes) {
    throw corrupt(`a chunk has ${bytes.length} bytes where ${sizeBytes} are named`);
  }
  return start === 0 && end === sizeBytes ? bytes : bytes.subarray(start, end);
}

/**
 * How many bytes of its frame, from the first on, have the part and what proves it: fewer than all
 * only where the payload is the plain bytes, which its size shows. Small chunks are read whole, as
 * they are kept.
 */
export function bytesToRead(part: ChunkPart, location: ChunkLocation): number {
  if (!isPartial(part, location)) return location.frameBytes;
  const blocksEnd = Math.ceil(part.end / checksumBlockBytes) * checksumBlockBytes;
  return headBytes(location) + Math.min(blocksEnd, location.rawBytes);
}

/** Whether a part can be proved without all of its chunk. */
export function isPartial(part: ChunkPart, location: ChunkLocation): boolean {
  const { sizeBytes, start, end } = part;
  const { rawBytes, readCost } = location;
  const isPlain = readCost === undefined && headBytes(location) > 0;
  const isSome = start < end && end - start < sizeBytes;
  return isSome && isPlain && rawBytes === sizeBytes && rawBytes > smallChunkBytesMax;
}

/** Size of a frame's head, if its payload is the plain bytes; one that is encoded is smaller. */
function headBytes({ frameBytes, rawBytes }: ChunkLocation): number {
  return frameBytes - rawBytes;
}

/**
 * The part, in the first {@link bytesToRead} bytes of its frame; `undefined` if they do not prove
 * it.
 *
 * @param salt - Of the file.
 */
export function provedPart(
  crc32: Crc32,
  salt: number,
  frame: Uint8Array,
  { id, sizeBytes, start, end }: ChunkPart,
): Uint8Array | undefined {
  const header = decodeFrameHeader(frame);
  if (header?.encoding !== 'raw' || header.payloadBytes !== sizeBytes) return undefined;
  const payloadStart = frameHeaderBytes + header.extensionBytes;
  try {
    const stored = decodeChunkExtension(header, frame.subarray(frameHeaderBytes, payloadStart));
    const { kind, domain, digest } = stored.id;
    const isIt = kind === id.kind && domain === id.domain && equalBytes(digest, id.digest);
    if (!isIt || stored.delta !== undefined) return undefined;
    const payload = frame.subarray(payloadStart);
    const blocks = {
      first: Math.floor(start / checksumBlockBytes),
      end: Math.ceil(end / checksumBlockBytes),
    };
    const blocksEnd = Math.min(blocks.end * checksumBlockBytes, sizeBytes);
    if (payload.length < blocksEnd) return undefined;
    const isIntact = isPayloadIntact(crc32, salt, payload, stored.blockChecksums, blocks);
    return isIntact ? payload.subarray(start, end) : undefined;
  } catch (error) {
    if (isCorrupt(error)) return undefined;
    throw error;
  }
}
