/**
 * Reading frames: one at a known place, or all in order.
 *
 * A walk follows the chain and stops, without an error, at the first bytes that do not continue it:
 * whether that is a torn tail or damage is for recovery to say. It reads ahead in large pieces and
 * hands out views that are good until the next step.
 *
 * @module
 */

import { corrupt, describe } from '../../base/errors.ts';
import type { ChunkId, ChunkLocation, DeltaHead } from '../model.ts';
import {
  chainOf,
  decodeChunkExtension,
  decodeFrameHeader,
  frameBytes,
  frameHeaderBytes,
  type Crc32,
  type FrameHeader,
} from './frame.ts';
import { fileHeaderBytes } from './file-header.ts';
import type { LogFiles, OpenLogFile } from './log-files.ts';

/** How far a walk reads ahead: little at first, as most log files of a small store are short. */
const readAheadBytes = { min: 8 * 1024, max: 1024 * 1024 };

/** No head of a chunk frame is larger: header, name, and a checksum for each block. */
const chunkHeadBytesMax = 4096;

/** A frame with its place. The views are good until the walk goes on. */
export interface Frame {
  readonly header: FrameHeader;
  readonly offset: number;
  readonly extension: Uint8Array;
  readonly payload: Uint8Array;
}

/** Where a walk stands: the next frame begins at `offset` and continues `chain`. */
export interface WalkPosition {
  readonly offset: number;
  readonly chain: number;
}

/** The first frame of a file. */
export function firstPosition(opened: OpenLogFile): WalkPosition {
  return { offset: fileHeaderBytes, chain: opened.chain };
}

/** Frames from a position on, as long as the chain holds and `end` is not passed. */
export async function* walkFrames(
  crc32: Crc32,
  opened: OpenLogFile,
  from: WalkPosition,
  end: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<Frame> {
  const window = new ReadWindow(opened);
  let { offset, chain } = from;
  while (offset < end) {
    const head = await window.read(offset, frameHeaderBytes);
    const header = decodeFrameHeader(head);
    if (header === undefined || offset + frameBytes(header) > end) return;
    const bytes = await window.read(offset, frameBytes(header));
    if (bytes.length < frameBytes(header)) return;
    const payloadStart = frameHeaderBytes + header.extensionBytes;
    if (chainOf(crc32, bytes.subarray(0, payloadStart), chain) !== header.chain) return;
    const extension = bytes.subarray(frameHeaderBytes, payloadStart);
    yield { header, offset, extension, payload: bytes.subarray(payloadStart) };
    chain = header.chain;
    offset += frameBytes(header);
  }
}

/**
 * The frame at a place of a file, its size known. Throws `CORRUPT` if there is none.
 *
 * @param into - Memory that the frame may be read into; then it is a view of that.
 */
export async function readFrame(
  files: LogFiles,
  place: { readonly fileId: number; readonly offset: number; readonly frameBytes: number },
  into?: Uint8Array,
): Promise<Frame & { readonly salt: number }> {
  return files.with(place.fileId, async (opened) => {
    const bytes = await opened.read(place.offset, place.frameBytes, into);
    return { ...frameIn(bytes, place), salt: opened.header.salt };
  });
}

/** The frame that these bytes are, which lie at a place. Throws `CORRUPT` if they are none. */
export function frameIn(
  bytes: Uint8Array,
  { fileId, offset }: { readonly fileId: number; readonly offset: number },
): Frame {
  const header = decodeFrameHeader(bytes);
  if (header === undefined || frameBytes(header) !== bytes.length) {
    throw corrupt(`a frame is damaged: ${describe({ file: fileId, offset })}`);
  }
  const payloadStart = frameHeaderBytes + header.extensionBytes;
  const extension = bytes.subarray(frameHeaderBytes, payloadStart);
  return { header, offset, extension, payload: bytes.subarray(payloadStart) };
}

/** What the head of a chunk's frame says, but for checksums. */
export interface ChunkHead {
  readonly id: ChunkId;
  readonly location: ChunkLocation;
  /** Of a delta. */
  readonly bases: readonly ChunkId[];
}

/** The same, with how its payload lies there. */
export interface StoredChunkHead extends ChunkHead {
  readonly payloadBytes: number;
  /** Size of what the payload encodes: of a delta, else of the plain bytes. */
  readonly encodedBytes: number;
}

/** What is said of the chunk whose frame begins here. Reads its head only. */
export async function readChunkHead(
  files: LogFiles,
  fileId: number,
  offset: number,
): Promise<StoredChunkHead> {
  return files.with(fileId, async (opened) => {
    const head = await opened.read(offset, chunkHeadBytesMax);
    const header = decodeFrameHeader(head);
    if (header === undefined || (header.type !== 'chunk' && header.type !== 'node')) {
      throw corrupt(`a chunk frame is damaged: ${describe({ file: fileId, offset })}`);
    }
    const extension = head.subarray(frameHeaderBytes, frameHeaderBytes + header.extensionBytes);
    const { id, bases, delta } = decodeChunkExtension(header, extension);
    const location = chunkLocation(fileId, offset, header, delta);
    const { payloadBytes, rawBytes } = header;
    return { id, bases, location, payloadBytes, encodedBytes: delta?.deltaBytes ?? rawBytes };
  });
}

/** Where a chunk lies whose frame was read. */
export function chunkLocation(
  fileId: number,
  offset: number,
  header: FrameHeader,
  delta: DeltaHead | undefined,
): ChunkLocation {
  const place = { fileId, offset, frameBytes: frameBytes(header), rawBytes: header.rawBytes };
  return delta === undefined ? place : { ...place, readCost: delta.readCost };
}

/** Reads ahead, so that a walk over small frames makes few calls. */
class ReadWindow {
  readonly #opened: OpenLogFile;
  #aheadBytes = readAheadBytes.min;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(opened: OpenLogFile) {
    this.#opened = opened;
  }

  /** A view of these bytes; fewer at the end of the file. */
  async read(offset: number, byteCount: number): Promise<Uint8Array> {
    const within = offset - this.#start;
    if (within < 0 || within + byteCount > this.#bytes.length) {
      this.#bytes = await this.#opened.read(offset, Math.max(byteCount, this.#aheadBytes));
      this.#start = offset;
      this.#aheadBytes = Math.min(2 * this.#aheadBytes, readAheadBytes.max);
      return this.#bytes.subarray(0, byteCount);
    }
    return this.#bytes.subarray(within, within + byteCount);
  }
}
