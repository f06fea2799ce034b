/**
 * A snapshot file: rows of the index as of one commit, in blocks. Pure functions.
 *
 * A header of one sector, then blocks, then a block of nothing, with which the file ends. The
 * checksum of each block continues the one before, the first the header's; so a block counts only
 * in its place, and a file that was cut short is seen to be.
 *
 * Rows are pairs of bytes here: what they mean is the index's matter, and `rowFormat` says in which
 * form they were written.
 *
 * Errors: `CORRUPT` for a block that is not whole or not what was written; `UNSUPPORTED` for a
 * newer format. A header that is none is `undefined`: what to do about that the caller knows.
 *
 * @module
 */

import { Reader, Writer, equalBytes } from '../../base/bytes.ts';
import { ObjectsError, corrupt, describe } from '../../base/errors.ts';
import { chunkBytesMax, sectorBytes } from '../../base/limits.ts';
import { encodingNumbers, type Encoding, type Lsn } from '../model.ts';
import { logFormat, type LogPosition } from './file-header.ts';
import type { Crc32 } from './frame.ts';

const magic = Uint8Array.from([0x56, 0x41, 0x52, 0x56, 0x45, 0x1a, 0x56, 0x0a]); // VARVE^Z V LF

/** What a snapshot is of. */
export interface SnapshotHeader {
  readonly storeId: Uint8Array;
  /** The form of the rows. */
  readonly rowFormat: number;
  /** Of the last operation that the rows know. */
  readonly lsn: Lsn;
  /** The commit that it is in: replay begins behind it. */
  readonly position: LogPosition;
}

/** Offset and size, in bytes, of each field. Integers are little-endian. */
export const snapshotHeaderLayout = {
  magic: { offset: 0, bytes: 8 },
  formatMajor: { offset: 8, bytes: 2 },
  formatMinor: { offset: 10, bytes: 2 },
  rowFormat: { offset: 12, bytes: 2 },
  storeId: { offset: 14, bytes: 16 },
  lsn: { offset: 30, bytes: 8 },
  commitFileId: { offset: 38, bytes: 8 },
  commitOffset: { offset: 46, bytes: 8 },
  crc: { offset: 54, bytes: 4 },
} as const;

export const snapshotHeaderBytes: number = sectorBytes;

/** Offset and size, in bytes, of each field at the start of a block. The payload follows. */
export const snapshotBlockLayout = {
  encoding: { offset: 0, bytes: 4 },
  rawBytes: { offset: 4, bytes: 4 },
  payloadBytes: { offset: 8, bytes: 4 },
  crc: { offset: 12, bytes: 4 },
} as const;

export const snapshotBlockHeadBytes = 16;

/** Nothing larger is believed. A row may be as large as the commit that it came with. */
const snapshotBlockBytesMax = chunkBytesMax;

/** A row: its key and its value. */
export interface SnapshotRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The payload of a block, as it is stored. */
export interface SnapshotBlock {
  readonly encoding: Encoding;
  readonly rawBytes: number;
  readonly payload: Uint8Array;
}

/** With this block a snapshot ends. */
export const lastSnapshotBlock: SnapshotBlock = {
  encoding: 'raw',
  rawBytes: 0,
  payload: new Uint8Array(0),
};

/** The header as bytes, and the value that the first block continues. */
export function encodeSnapshotHeader(
  crc32: Crc32,
  header: SnapshotHeader,
): { readonly bytes: Uint8Array; readonly chain: number } {
  const fields = new Writer()
    .bytes(magic)
    .u16(logFormat.major)
    .u16(logFormat.minor)
    .u16(header.rowFormat)
    .bytes(header.storeId)
    .u64(header.lsn)
    .u64(header.position.fileId)
    .u64(header.position.offset);
  const chain = crc32(fields.finish(), 0);
  const bytes = new Uint8Array(snapshotHeaderBytes);
  bytes.set(fields.u32(chain).finish());
  return { bytes, chain };
}

/** The header in these bytes, or `undefined` if there is none. */
export function decodeSnapshotHeader(
  crc32: Crc32,
  bytes: Uint8Array,
): { readonly header: SnapshotHeader; readonly chain: number } | undefined {
  const end = snapshotHeaderLayout.crc.offset;
  if (bytes.length < snapshotHeaderBytes || !equalBytes(bytes.subarray(0, 8), magic)) {
    return undefined;
  }
  const chain = crc32(bytes.subarray(0, end), 0);
  if (new Reader(bytes, 'a snapshot', end).u32() !== chain) return undefined;
  const reader = new Reader(bytes, 'a snapshot', snapshotHeaderLayout.formatMajor.offset);
  const [major] = [reader.u16(), reader.u16()];
  if (major > logFormat.major) {
    throw new ObjectsError(
      `a snapshot has a newer format; upgrade varve to open it: ${describe({ format: major })}`,
      { code: 'UNSUPPORTED' },
    );
  }
  const header = {
    rowFormat: reader.u16(),
    storeId: new Uint8Array(reader.bytes(16)),
    lsn: reader.u64(),
    position: { fileId: reader.u64(), offset: reader.u64() },
  };
  return { header, chain };
}

/** A block's head as bytes, and the value that the next block continues. */
export function encodeSnapshotBlock(
  crc32: Crc32,
  chain: number,
  block: SnapshotBlock,
): { readonly head: Uint8Array; readonly chain: number } {
  const fields = new Writer()
    .u32(encodingNumbers[block.encoding])
    .u32(block.rawBytes)
    .u32(block.payload.length);
  const next = crc32(block.payload, crc32(fields.finish(), chain));
  return { head: fields.u32(next).finish(), chain: next };
}

const encodings = new Map<number, Encoding>(
  Object.entries(encodingNumbers).map(([name, number]) => [number, name as Encoding]),
);

/** What the head of a block says; `CORRUPT` if it cannot be one. */
export function decodeSnapshotBlockHead(
  bytes: Uint8Array,
): Omit<SnapshotBlock, 'payload'> & { readonly payloadBytes: number } {
  const reader = new Reader(bytes, 'a block of a snapshot');
  const encoding = encodings.get(reader.u32());
  const [rawBytes, payloadBytes] = [reader.u32(), reader.u32()];
  if (encoding === undefined || Math.max(rawBytes, payloadBytes) > snapshotBlockBytesMax) {
    throw corrupt('a block of a snapshot is damaged');
  }
  return { encoding, rawBytes, payloadBytes };
}

/** The value that the next block continues; `CORRUPT` unless the block is what was written. */
export function checkSnapshotBlock(
  crc32: Crc32,
  chain: number,
  head: Uint8Array,
  payload: Uint8Array,
): number {
  const { offset } = snapshotBlockLayout.crc;
  const next = crc32(payload, crc32(head.subarray(0, offset), chain));
  if (new Reader(head, 'a block of a snapshot', offset).u32() !== next) {
    throw corrupt('a block of a snapshot is damaged');
  }
  return next;
}

/** Rows as the plain bytes of a block. */
export function encodeSnapshotRows(rows: Iterable<SnapshotRow>): Uint8Array {
  const writer = new Writer();
  for (const { key, value } of rows) writer.sized(key).sized(value);
  return writer.finish();
}

export function* decodeSnapshotRows(bytes: Uint8Array): Generator<SnapshotRow> {
  const reader = new Reader(bytes, 'the rows of a snapshot');
  while (!reader.atEnd) yield { key: reader.sized(), value: new Uint8Array(reader.sized()) };
}
