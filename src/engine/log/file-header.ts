/**
 * The header of a log file: one sector, written once when the file is made. Pure functions.
 *
 * It binds the file to its store and its place in the order: a journal file says where its
 * predecessor ended, with the chain value there, so the end of a finished file is known exactly and
 * bytes missing from it are damage, never a torn tail. The salt is random and seeds every checksum
 * in the file.
 *
 * A header that was not written whole is `undefined`, not an error: it is what a crash leaves of
 * the newest file, in which nothing was acknowledged yet.
 *
 * @module
 */

import { Reader, Writer, equalBytes } from '../../base/bytes.ts';
import { sectorBytes } from '../../base/limits.ts';
import { ObjectsError, describe } from '../../base/errors.ts';
import type { Lsn } from '../model.ts';
import type { Crc32 } from './frame.ts';

/** Format of log files, and of everything in them. A higher major cannot be read. */
export const logFormat = { major: 1, minor: 3 } as const;

const magic: Record<LogFileKind, Uint8Array> = {
  journal: Uint8Array.from([0x56, 0x41, 0x52, 0x56, 0x45, 0x1a, 0x4a, 0x0a]), // VARVE^Z J LF
  segment: Uint8Array.from([0x56, 0x41, 0x52, 0x56, 0x45, 0x1a, 0x53, 0x0a]), // VARVE^Z S LF
};

/** A journal holds commits and the chunks of small objects; a segment holds chunks only. */
export type LogFileKind = 'journal' | 'segment';

/** Where a commit frame begins. */
export interface LogPosition {
  readonly fileId: number;
  readonly offset: number;
}

export interface FileHeader {
  readonly kind: LogFileKind;
  readonly generation: number;
  readonly fileId: number;
  readonly storeId: Uint8Array;
  readonly salt: number;
  /** Of a journal file: where the one before ended. `fileId` 0: this is the first. */
  readonly previous: { readonly fileId: number; readonly end: number; readonly chain: number };
  /** Of a journal file: the LSN that its first operation has. */
  readonly firstLsn: Lsn;
  /** Of a journal file: the newest checkpoint before it. `fileId` 0: there is none. */
  readonly checkpoint: LogPosition;
}

/** Offset and size, in bytes, of each field. Integers are little-endian. */
export const fileHeaderLayout = {
  magic: { offset: 0, bytes: 8 },
  formatMajor: { offset: 8, bytes: 2 },
  formatMinor: { offset: 10, bytes: 2 },
  generation: { offset: 12, bytes: 4 },
  fileId: { offset: 16, bytes: 8 },
  storeId: { offset: 24, bytes: 16 },
  salt: { offset: 40, bytes: 4 },
  previousFileId: { offset: 44, bytes: 8 },
  previousEnd: { offset: 52, bytes: 8 },
  previousChain: { offset: 60, bytes: 4 },
  firstLsn: { offset: 64, bytes: 8 },
  checkpointFileId: { offset: 72, bytes: 8 },
  checkpointOffset: { offset: 80, bytes: 8 },
  crc: { offset: 88, bytes: 4 },
} as const;

/** The first frame begins here, so that no frame shares a sector with the header. */
export const fileHeaderBytes: number = sectorBytes;

/** The header as bytes. The rest of the sector is zeros. */
export function encodeFileHeader(crc32: Crc32, header: FileHeader): Uint8Array {
  const fields = new Writer()
    .bytes(magic[header.kind])
    .u16(logFormat.major)
    .u16(logFormat.minor)
    .u32(header.generation)
    .u64(header.fileId)
    .bytes(header.storeId)
    .u32(header.salt)
    .u64(header.previous.fileId)
    .u64(header.previous.end)
    .u32(header.previous.chain)
    .u64(header.firstLsn)
    .u64(header.checkpoint.fileId)
    .u64(header.checkpoint.offset);
  const checked = fields.finish();
  const sector = new Uint8Array(fileHeaderBytes);
  sector.set(fields.u32(crc32(checked, 0)).finish());
  return sector;
}

/**
 * The header in these bytes and the chain value its first frame continues, or `undefined` if there
 * is none. Throws `UNSUPPORTED` for a file of a newer format.
 */
export function decodeFileHeader(
  crc32: Crc32,
  bytes: Uint8Array,
): { readonly header: FileHeader; readonly chain: number } | undefined {
  if (bytes.length < fileHeaderBytes) return undefined;
  const kind = (['journal', 'segment'] as const).find((candidate) =>
    equalBytes(bytes.subarray(0, 8), magic[candidate]),
  );
  const chain = crc32(bytes.subarray(0, fileHeaderLayout.crc.offset), 0);
  const reader = new Reader(bytes, 'the header of a log file', fileHeaderLayout.formatMajor.offset);
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(
    fileHeaderLayout.crc.offset,
    true,
  );
  if (kind === undefined || stored !== chain) return undefined;
  const [major] = [reader.u16(), reader.u16()];
  if (major > logFormat.major) {
    throw new ObjectsError(
      `a log file has a newer format; upgrade varve to open it: ${describe({ format: major })}`,
      { code: 'UNSUPPORTED' },
    );
  }
  const header: FileHeader = {
    kind,
    generation: reader.u32(),
    fileId: reader.u64(),
    storeId: Uint8Array.from(reader.bytes(16)),
    salt: reader.u32(),
    previous: { fileId: reader.u64(), end: reader.u64(), chain: reader.u32() },
    firstLsn: reader.u64(),
    checkpoint: { fileId: reader.u64(), offset: reader.u64() },
  };
  return { header, chain };
}
