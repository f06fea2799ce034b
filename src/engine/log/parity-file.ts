/**
 * A parity file: what restores rotten blocks of one log file that nobody appends to any more. Pure
 * functions.
 *
 * A header of one sector, then a checksum for each block of the log file and for each block of
 * parity, then the blocks of parity. Block _b_ of a file belongs to group _b_ modulo the number of
 * groups: so blocks that are neighbours, which rot together, are in different groups.
 *
 * The header names its file by the checksum of that file's own header, which has a random salt in
 * it: a file that got the same number in another life of the store is not taken for this one.
 *
 * It is derived, so what cannot be read, or is of a newer format, is `undefined` and no error:
 * whoever finds it makes it anew.
 *
 * @module
 */

import { Reader, Writer, equalBytes, readU32 } from '../../base/bytes.ts';
import { parityEvery, sectorBytes } from '../../base/limits.ts';
import { logFormat } from './file-header.ts';
import type { Crc32 } from './frame.ts';

const magic = Uint8Array.from([0x56, 0x41, 0x52, 0x56, 0x45, 0x1a, 0x50, 0x0a]); // VARVE^Z P LF

/** What is restored as one: the page that most disks and file systems fail by. */
export const parityBlockBytes = 4096;

/** Which file it is for, and how much of it. */
export interface ParityHeader {
  readonly storeId: Uint8Array;
  readonly fileId: number;
  /** The checksum in the header of the log file. */
  readonly fileCrc: number;
  /** How large the log file was. */
  readonly fileBytes: number;
  /** How much of it is protected: up to the end of its last whole frame. */
  readonly coveredBytes: number;
  /** So many blocks of the file share one of parity. */
  readonly every: number;
}

/** Offset and size, in bytes, of each field. Integers are little-endian. */
export const parityHeaderLayout = {
  magic: { offset: 0, bytes: 8 },
  formatMajor: { offset: 8, bytes: 2 },
  formatMinor: { offset: 10, bytes: 2 },
  storeId: { offset: 12, bytes: 16 },
  fileId: { offset: 28, bytes: 8 },
  fileCrc: { offset: 36, bytes: 4 },
  fileBytes: { offset: 40, bytes: 8 },
  coveredBytes: { offset: 48, bytes: 8 },
  blockBytes: { offset: 56, bytes: 4 },
  every: { offset: 60, bytes: 4 },
  checksumsCrc: { offset: 64, bytes: 4 },
  crc: { offset: 68, bytes: 4 },
} as const;

export const parityHeaderBytes: number = sectorBytes;

/** Checksums: of the blocks of the log file, and of those of parity. */
export interface ParityChecksums {
  readonly blocks: readonly number[];
  readonly groups: readonly number[];
}

/** How many blocks a file has, and in how many groups they are. */
export interface ParityShape {
  readonly blockCount: number;
  readonly groupCount: number;
}

export function parityShape({
  coveredBytes,
  every,
}: Pick<ParityHeader, 'coveredBytes' | 'every'>): ParityShape {
  const blockCount = Math.ceil(coveredBytes / parityBlockBytes);
  return { blockCount, groupCount: Math.ceil(blockCount / every) };
}

/** Where the block of parity of a group begins. */
export function parityOffset({ blockCount, groupCount }: ParityShape, group: number): number {
  return parityHeaderBytes + 4 * (blockCount + groupCount) + group * parityBlockBytes;
}

/** Size of a whole parity file. */
export function parityFileBytes(shape: ParityShape): number {
  return parityOffset(shape, shape.groupCount);
}

/** All of a parity file that stands before the blocks of parity. */
export function encodeParityHead(
  crc32: Crc32,
  header: ParityHeader,
  checksums: ParityChecksums,
): Uint8Array {
  const list = new Writer();
  for (const checksum of [...checksums.blocks, ...checksums.groups]) list.u32(checksum);
  const listBytes = list.finish();
  const fields = new Writer()
    .bytes(magic)
    .u16(logFormat.major)
    .u16(logFormat.minor)
    .bytes(header.storeId)
    .u64(header.fileId)
    .u32(header.fileCrc)
    .u64(header.fileBytes)
    .u64(header.coveredBytes)
    .u32(parityBlockBytes)
    .u32(header.every)
    .u32(crc32(listBytes, 0));
  const head = new Uint8Array(parityHeaderBytes + listBytes.length);
  head.set(fields.u32(crc32(fields.finish(), 0)).finish());
  head.set(listBytes, parityHeaderBytes);
  return head;
}

/** The header in these bytes, or `undefined` if there is none that this build can use. */
export function decodeParityHeader(crc32: Crc32, bytes: Uint8Array): ParityHeader | undefined {
  const end = parityHeaderLayout.crc.offset;
  if (bytes.length < parityHeaderBytes || !equalBytes(bytes.subarray(0, 8), magic)) {
    return undefined;
  }
  if (readU32(bytes, end) !== crc32(bytes.subarray(0, end), 0)) return undefined;
  const reader = new Reader(bytes, 'a parity file', parityHeaderLayout.formatMajor.offset);
  const [major] = [reader.u16(), reader.u16()];
  const header = {
    storeId: Uint8Array.from(reader.bytes(16)),
    fileId: reader.u64(),
    fileCrc: reader.u32(),
    fileBytes: reader.u64(),
    coveredBytes: reader.u64(),
  };
  const [blockBytes, every] = [reader.u32(), reader.u32()];
  const isKnown = major === logFormat.major && blockBytes === parityBlockBytes;
  if (!isKnown || every < parityEvery.min || every > parityEvery.max) return undefined;
  return { ...header, every };
}

/** The checksums behind a header; `undefined` if they are not what was written. */
export function decodeParityChecksums(
  crc32: Crc32,
  header: ParityHeader,
  head: Uint8Array,
): ParityChecksums | undefined {
  const { blockCount, groupCount } = parityShape(header);
  const list = head.subarray(parityHeaderBytes, parityOffset({ blockCount, groupCount }, 0));
  if (list.length < 4 * (blockCount + groupCount)) return undefined;
  if (crc32(list, 0) !== readU32(head, parityHeaderLayout.checksumsCrc.offset)) return undefined;
  const at = (index: number): number => readU32(list, 4 * index);
  return {
    blocks: Array.from({ length: blockCount }, (_, block) => at(block)),
    groups: Array.from({ length: groupCount }, (_, group) => at(blockCount + group)),
  };
}
