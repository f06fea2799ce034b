/**
 * The frame: what every log file is a sequence of, behind its header. Pure functions.
 *
 * A frame is a fixed header, an extension whose shape depends on the type, and a payload. The
 * layout is `frameHeader` below; docs/format.md ("Frames") states the same table, and a test holds
 * the two together.
 *
 * Three checks, each against something of its own:
 * - `chain` is the CRC-32 of header and extension, continued from the frame before (the first from
 *   the file's header, which holds a random salt). So a frame binds its order and its file: frames
 *   of another file, of an older generation, or forged inside a caller's content never follow.
 * - Block checksums in the extension cover the payload in blocks of 64 KiB, seeded with the salt,
 *   so
 *   a range of an uncompressed payload can be read and checked without the rest.
 * - A commit frame carries `selfCheck` besides: CRC-32 seeded with the salt and its own offset. It
 *   lets recovery recognise a commit *behind* damage, where no chain leads, and so tell a torn tail
 *   from a rotten middle. It is evidence only; nothing is ever accepted on the strength of it.
 *
 * Why the chain covers the payload too, though it runs over headers only: the extension holds the
 * payload's checksums. So a walk may follow headers without reading payloads and still trust
 * lengths.
 *
 * Errors: none for bytes that are no frame (`undefined`), as only the caller knows whether it
 * stands at a torn tail or inside a file. `CORRUPT` for a valid frame with impossible content.
 *
 * @module
 */

import { assert } from '../../base/assert.ts';
import { Reader, Writer, writeU32 } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';
import {
  checksumBlockBytes,
  chunkBytesMax,
  deltaBasesMax,
  deltaReadCostMax,
  sectorBytes,
} from '../../base/limits.ts';
import {
  encodingNumbers,
  type ChunkId,
  type DeltaHead,
  type EncodedChunk,
  type Encoding,
  type Lsn,
} from '../model.ts';
import { commitBody } from './commit-body.ts';

/** CRC-32 continued from a seed, as the platform has it. */
export type Crc32 = (bytes: Uint8Array, seed: number) => number;

/** Offset and size, in bytes, of each field. Integers are little-endian. */
export const frameHeader = {
  type: { offset: 0, bytes: 1 },
  encoding: { offset: 1, bytes: 1 },
  extensionBytes: { offset: 2, bytes: 2 },
  payloadBytes: { offset: 4, bytes: 4 },
  rawBytes: { offset: 8, bytes: 4 },
  chain: { offset: 12, bytes: 4 },
} as const;

export const frameHeaderBytes = 16;
const chainedHeaderBytes: number = frameHeader.chain.offset;

/** Numbers on disk: never renumber, never reuse. 0 is invalid, so that zeros are no frame. */
export const frameTypes = { chunk: 1, node: 2, commit: 3, pad: 4 } as const;
export type FrameType = keyof typeof frameTypes;

const typeNames = new Map<number, FrameType>(
  Object.entries(frameTypes).map(([name, number]) => [number, name as FrameType]),
);
const encodingNames = new Map<number, Encoding>(
  Object.entries(encodingNumbers).map(([name, number]) => [number, name as Encoding]),
);

/** Number of the hash function in a chunk's name. */
export const sha256Code = 1;
const digestBytes = 32;

/** A commit's payload: nothing larger is written, nothing larger is believed. */
const commitPayloadBytesMax: number = 16 * 1024 * 1024;

/** A frame header as it was read. Its chain has yet to be checked. */
export interface FrameHeader {
  readonly type: FrameType;
  readonly encoding: Encoding;
  readonly extensionBytes: number;
  readonly payloadBytes: number;
  readonly rawBytes: number;
  readonly chain: number;
}

/** What a chunk frame's extension says. */
export interface ChunkExtension {
  readonly id: ChunkId;
  /** The chunks that the payload is a delta of; none if it is no delta. */
  readonly bases: readonly ChunkId[];
  /** Set if there are bases. */
  readonly delta?: DeltaHead;
  readonly blockChecksums: readonly number[];
}

/** What the head of a commit frame says of the commit. */
export interface CommitHead {
  /** LSN of the first operation; the others follow one by one. */
  readonly firstLsn: Lsn;
  readonly operationCount: number;
  /**
   * The end of a commit of this file (or of its header) up to which the file was known to be on
   * stable storage when the frame was written.
   */
  readonly durableEnd: number;
}

/** What a commit frame's extension says. */
export interface CommitExtension extends CommitHead {
  readonly blockChecksums: readonly number[];
}

/** Size of a whole frame. */
export function frameBytes(header: FrameHeader): number {
  return frameHeaderBytes + header.extensionBytes + header.payloadBytes;
}

/** Where the next frame of a file goes, and what it continues. */
export interface FramePosition {
  readonly salt: number;
  offset: number;
  chain: number;
}

/** A chunk or a node as a frame: the parts to write, in order. Advances the position. */
export function encodeChunkFrame(
  crc32: Crc32,
  position: FramePosition,
  chunk: EncodedChunk,
): Uint8Array[] {
  assert(chunk.rawBytes <= chunkBytesMax, 'a chunk is within its bound');
  const bases = chunk.delta === undefined ? [] : chunk.children;
  const extension = new Writer()
    .u8(sha256Code)
    .u8(bases.length)
    .varint(chunk.id.domain)
    .bytes(chunk.id.digest);
  if (chunk.delta !== undefined) {
    assert(isDelta(chunk.id, bases, chunk.delta), 'a delta is of a few chunks like it');
    extension.varint(chunk.delta.deltaBytes).u8(chunk.delta.readCost);
    for (const base of bases) extension.bytes(base.digest);
  }
  writeBlockChecksums(extension, crc32, position.salt, chunk.payload);
  const type = chunk.id.kind === 'node' ? 'node' : 'chunk';
  const head = encodeHead(crc32, position, type, chunk, extension.finish());
  return [head, chunk.payload];
}

/**
 * A commit as a frame: the parts to write, in order. Advances the position.
 *
 * The payload is filled up with zeros to the end of a sector, so that no later write touches a
 * sector that this commit acknowledged, and the next group begins at a sector.
 *
 * @param deflated - The operations compressed, if that was tried: kept if it saves a sector.
 */
export function encodeCommitFrame(
  crc32: Crc32,
  position: FramePosition,
  commit: CommitHead,
  operations: Uint8Array,
  deflated?: Uint8Array,
): Uint8Array[] {
  const { encoding, payload, rawBytes } = commitBody(operations, deflated, (size) =>
    paddedBytes(position.offset, size),
  );
  assert(rawBytes <= commitPayloadBytesMax, 'a commit payload is within its bound');
  const fields = new Writer()
    .u64(commit.firstLsn)
    .u32(commit.operationCount)
    .u64(commit.durableEnd);
  const extension = new Writer()
    .bytes(fields.finish())
    .u32(selfCheckOf(crc32, position, fields.finish()));
  writeBlockChecksums(extension, crc32, position.salt, payload);
  const body = { encoding, payload, rawBytes };
  const head = encodeHead(crc32, position, 'commit', body, extension.finish());
  return [head, payload];
}

/** Size of a commit's payload such that its frame, which begins at `offset`, ends with a sector. */
function paddedBytes(offset: number, payloadBytes: number): number {
  const frameEnd = (size: number): number =>
    offset + frameHeaderBytes + selfCheckedBytes + 4 + 4 * blockCount(size) + size;
  let padded = payloadBytes;
  // A second round only where the padding begins a block, whose checksum takes room too.
  while (frameEnd(padded) % sectorBytes !== 0) {
    padded += sectorBytes - (frameEnd(padded) % sectorBytes);
  }
  return padded;
}

/** Zeros up to the next sector boundary, as a frame; nothing if the position is at one. */
export function encodePadFrame(crc32: Crc32, position: FramePosition): Uint8Array[] {
  const over = position.offset % sectorBytes;
  if (over === 0) return [];
  let gap = sectorBytes - over;
  if (gap < frameHeaderBytes) gap += sectorBytes;
  const payload = new Uint8Array(gap - frameHeaderBytes);
  const body = { encoding: 'raw', payload, rawBytes: 0 } as const;
  return [encodeHead(crc32, position, 'pad', body, new Uint8Array(0)), payload];
}

function encodeHead(
  crc32: Crc32,
  position: FramePosition,
  type: FrameType,
  body: { readonly encoding: Encoding; readonly payload: Uint8Array; readonly rawBytes: number },
  extension: Uint8Array,
): Uint8Array {
  const head = new Writer()
    .u8(frameTypes[type])
    .u8(encodingNumbers[body.encoding])
    .u16(extension.length)
    .u32(body.payload.length)
    .u32(body.rawBytes)
    .u32(0)
    .bytes(extension)
    .finish();
  const chain = chainOf(crc32, head, position.chain);
  writeU32(head, frameHeader.chain.offset, chain);
  position.chain = chain;
  position.offset += head.length + body.payload.length;
  return head;
}

/**
 * The header at the start of `bytes`, or `undefined` if nothing there can be one: an unknown type
 * or encoding, a size beyond its bound, or too few bytes.
 */
export function decodeFrameHeader(bytes: Uint8Array): FrameHeader | undefined {
  if (bytes.length < frameHeaderBytes) return undefined;
  const reader = new Reader(bytes, 'a frame header');
  const type = typeNames.get(reader.u8());
  const encoding = encodingNames.get(reader.u8());
  if (type === undefined || encoding === undefined) return undefined;
  const header = {
    type,
    encoding,
    extensionBytes: reader.u16(),
    payloadBytes: reader.u32(),
    rawBytes: reader.u32(),
    chain: reader.u32(),
  };
  const bound = type === 'commit' ? commitPayloadBytesMax : chunkBytesMax;
  // An encoded payload is kept only when it is smaller, so no payload is larger than what it holds.
  if (header.payloadBytes > bound || header.rawBytes > bound) return undefined;
  return header;
}

/**
 * The chain value that a frame must have, given its head (header and extension, exactly) and the
 * value of the frame before.
 */
export function chainOf(crc32: Crc32, head: Uint8Array, previousChain: number): number {
  const overHeader = crc32(head.subarray(0, chainedHeaderBytes), previousChain);
  return crc32(head.subarray(frameHeaderBytes), overHeader);
}

/** Reads the extension of a `chunk` or `node` frame. Throws `CORRUPT` if it is not one. */
export function decodeChunkExtension(header: FrameHeader, extension: Uint8Array): ChunkExtension {
  const reader = new Reader(extension, 'a chunk frame');
  const hashCode = reader.u8();
  if (hashCode !== sha256Code) throw corrupt(`a chunk frame names hash function ${hashCode}`);
  const baseCount = reader.u8();
  const domain = reader.varint();
  const digest = reader.copy(digestBytes);
  const id: ChunkId = { domain, kind: header.type === 'node' ? 'node' : 'data', digest };
  if (baseCount === 0) {
    return { id, bases: [], blockChecksums: readBlockChecksums(reader, header) };
  }
  const delta = { deltaBytes: reader.varint(), readCost: reader.u8() };
  const bases: ChunkId[] = [];
  for (let base = 0; base < baseCount; base++) {
    bases.push({ domain, kind: 'data', digest: reader.copy(digestBytes) });
  }
  if (!isDelta(id, bases, delta)) throw corrupt('a chunk frame is a delta that cannot be');
  return { id, bases, delta, blockChecksums: readBlockChecksums(reader, header) };
}

/** Whether a delta has bases, is within its bounds, and costs more to read than each of them. */
function isDelta(id: ChunkId, bases: readonly ChunkId[], delta: DeltaHead): boolean {
  const { deltaBytes, readCost } = delta;
  const areLikeIt = bases.every(({ domain, kind }) => domain === id.domain && kind === id.kind);
  const isWithin = deltaBytes <= chunkBytesMax && readCost <= deltaReadCostMax;
  const areFew = bases.length >= 1 && bases.length <= deltaBasesMax;
  return id.kind === 'data' && areLikeIt && isWithin && areFew && readCost > bases.length;
}

/** Reads the extension of a `commit` frame. Throws `CORRUPT` if it is not one. */
export function decodeCommitExtension(header: FrameHeader, extension: Uint8Array): CommitExtension {
  const reader = new Reader(extension, 'a commit frame');
  const head = readCommitHead(reader);
  reader.u32(); // The self-check: the chain has said already that this is a commit.
  return { ...head, blockChecksums: readBlockChecksums(reader, header) };
}

function readCommitHead(reader: Reader): CommitHead {
  return { firstLsn: reader.u64(), operationCount: reader.u32(), durableEnd: reader.u64() };
}

/** Offset and size, in bytes, of each field at the start of a commit's extension. */
export const commitExtension = {
  firstLsn: { offset: 0, bytes: 8 },
  operationCount: { offset: 8, bytes: 4 },
  durableEnd: { offset: 12, bytes: 8 },
  selfCheck: { offset: 20, bytes: 4 },
} as const;

/** The self-check covers what lies before it. */
const selfCheckedBytes: number = commitExtension.selfCheck.offset;

/**
 * What the commit frame says that was written at this offset of this file; `undefined` if none was.
 * For places where no chain leads: any bytes may stand there, also a caller's, so nothing throws.
 */
export function findCommitHead(
  crc32: Crc32,
  salt: number,
  offset: number,
  bytes: Uint8Array,
): { readonly header: FrameHeader; readonly commit: CommitHead } | undefined {
  const header = decodeFrameHeader(bytes);
  const extension = bytes.subarray(frameHeaderBytes);
  if (header?.type !== 'commit' || extension.length < selfCheckedBytes + 4) return undefined;
  const fields = extension.subarray(0, selfCheckedBytes);
  const stored = new Reader(extension, 'a commit frame', selfCheckedBytes).u32();
  if (stored !== selfCheckOf(crc32, { salt, offset }, fields)) return undefined;
  return { header, commit: readCommitHead(new Reader(fields, 'a commit frame')) };
}

/** So many bytes {@link findCommitHead} wants to see. */
export const commitHeadBytes: number = frameHeaderBytes + selfCheckedBytes + 4;

function selfCheckOf(
  crc32: Crc32,
  position: { readonly salt: number; readonly offset: number },
  fields: Uint8Array,
): number {
  return crc32(fields, crc32(new Writer().u64(position.offset).finish(), position.salt));
}

/**
 * Whether a payload is the one that was written.
 *
 * @param blocks - Only these of it, and the payload need not go on behind them. Default: all.
 */
export function isPayloadIntact(
  crc32: Crc32,
  salt: number,
  payload: Uint8Array,
  blockChecksums: readonly number[],
  blocks: { readonly first: number; readonly end: number } = {
    first: 0,
    end: blockChecksums.length,
  },
): boolean {
  return blockChecksums.slice(blocks.first, blocks.end).every((expected, place) => {
    const start = (blocks.first + place) * checksumBlockBytes;
    return crc32(payload.subarray(start, start + checksumBlockBytes), salt) === expected;
  });
}

function blockCount(payloadBytes: number): number {
  return Math.max(1, Math.ceil(payloadBytes / checksumBlockBytes));
}

function writeBlockChecksums(
  writer: Writer,
  crc32: Crc32,
  salt: number,
  payload: Uint8Array,
): void {
  for (let block = 0; block < blockCount(payload.length); block++) {
    const start = block * checksumBlockBytes;
    writer.u32(crc32(payload.subarray(start, start + checksumBlockBytes), salt));
  }
}

function readBlockChecksums(reader: Reader, header: FrameHeader): number[] {
  const checksums: number[] = [];
  for (let block = 0; block < blockCount(header.payloadBytes); block++)
    checksums.push(reader.u32());
  return checksums;
}
