/**
 * The `VARVE` file: what a store is. Two slots of 4 KiB, written in turn. Pure functions.
 *
 * A write goes to the slot that is not the newest, so a torn write leaves the other one whole. The
 * newest valid slot counts.
 *
 * Feature bits make the format extensible: a build refuses a store that *requires* a feature it
 * does not know, and ignores optional ones. Everything that cuts and names depend on (hash
 * function, chunker, sizes) is fixed here when the store is made, so another default never changes
 * a store.
 *
 * Errors: `UNSUPPORTED` for a newer format or an unknown required feature; `undefined` for no slot.
 *
 * @module
 */

import { Reader, Writer, equalBytes } from '../../base/bytes.ts';
import { ObjectsError, describe } from '../../base/errors.ts';
import { isChunking, type ChunkingLimits } from '../../base/limits.ts';
import { sha256Code, type Crc32 } from './frame.ts';
import { logFormat } from './file-header.ts';

const magic = Uint8Array.from([0x56, 0x41, 0x52, 0x56, 0x45, 0x1a, 0x30, 0x0a]); // VARVE^Z 0 LF

/** The only chunker so far: FastCDC, gear table 1, normalisation 2. */
const fastCdcCode = 1;

export const slotBytes = 4096;
export const superblockBytes: number = 2 * slotBytes;

/** The file of a store. */
export function superblockPath(directory: string): string {
  return `${directory}/VARVE`;
}

export interface Superblock {
  /** Counts the writes of this file; the slot with the higher one is newer. */
  readonly sequence: number;
  readonly storeId: Uint8Array;
  /** Counts the incarnations that wrote to the store. */
  readonly generation: number;
  /** No log file had this id or a higher one. */
  readonly nextFileId: number;
  readonly chunking: ChunkingLimits;
  readonly requiredFeatures: number;
  readonly optionalFeatures: number;
}

/** Offset and size, in bytes, of each field of a slot. Integers are little-endian. */
export const superblockLayout = {
  magic: { offset: 0, bytes: 8 },
  formatMajor: { offset: 8, bytes: 2 },
  formatMinor: { offset: 10, bytes: 2 },
  requiredFeatures: { offset: 12, bytes: 4 },
  optionalFeatures: { offset: 16, bytes: 4 },
  sequence: { offset: 20, bytes: 8 },
  storeId: { offset: 28, bytes: 16 },
  generation: { offset: 44, bytes: 4 },
  nextFileId: { offset: 48, bytes: 8 },
  hash: { offset: 56, bytes: 1 },
  chunker: { offset: 57, bytes: 1 },
  chunkMinBytes: { offset: 58, bytes: 4 },
  chunkAverageBytes: { offset: 62, bytes: 4 },
  chunkMaxBytes: { offset: 66, bytes: 4 },
  crc: { offset: 70, bytes: 4 },
} as const;

/** Bits of `optionalFeatures`. */
export const optionalFeatures = {
  /** The folder is a backup as it was taken: no session has written to it since. */
  backup: 1,
} as const;

/** Whether nothing was written to a backup since it was taken. */
export function isUntouchedBackup(superblock: Superblock): boolean {
  return (superblock.optionalFeatures & optionalFeatures.backup) !== 0;
}
/**
 * Bits on disk of required features. `retirement`: log files may be gone, and a snapshot stand for
 * the journal before its commit. `deltas`: chunk frames may have bases. `packedCommits`: a `put`
 * may leave out what the one before it says. `recipes`: versions may be stored in another form than
 * they were uploaded in. A build that knows nothing of them would take it for damage, or give back
 * what was not uploaded.
 */
export const requiredFeatures = {
  retirement: 1,
  deltas: 2,
  packedCommits: 4,
  recipes: 8,
  primedDeltas: 16,
  deflatedCommits: 32,
} as const;

/** Required features that this build knows. Each session that writes requires all of them. */
export const knownFeatures: number = Object.values(requiredFeatures).reduce(
  (bits, bit) => bits | bit,
  0,
);

/** One slot as bytes. */
export function encodeSuperblock(crc32: Crc32, superblock: Superblock): Uint8Array {
  const fields = new Writer()
    .bytes(magic)
    .u16(logFormat.major)
    .u16(logFormat.minor)
    .u32(superblock.requiredFeatures)
    .u32(superblock.optionalFeatures)
    .u64(superblock.sequence)
    .bytes(superblock.storeId)
    .u32(superblock.generation)
    .u64(superblock.nextFileId)
    .u8(sha256Code)
    .u8(fastCdcCode)
    .u32(superblock.chunking.minBytes)
    .u32(superblock.chunking.averageBytes)
    .u32(superblock.chunking.maxBytes);
  const checked = fields.finish();
  const slot = new Uint8Array(slotBytes);
  slot.set(fields.u32(crc32(checked, 0)).finish());
  return slot;
}

/** Where the slot for this sequence number lies in the file. */
export function slotOffset(sequence: number): number {
  return (sequence % 2) * slotBytes;
}

/** The newest valid slot of the file, or `undefined`. */
export function decodeSuperblock(crc32: Crc32, file: Uint8Array): Superblock | undefined {
  const slots = [file.subarray(0, slotBytes), file.subarray(slotBytes, superblockBytes)];
  return slots
    .map((slot) => decodeSlot(crc32, slot))
    .filter((slot) => slot !== undefined)
    .sort((a, b) => b.sequence - a.sequence)[0];
}

function decodeSlot(crc32: Crc32, slot: Uint8Array): Superblock | undefined {
  const end = superblockLayout.crc.offset;
  if (slot.length < slotBytes || !equalBytes(slot.subarray(0, 8), magic)) return undefined;
  const stored = new DataView(slot.buffer, slot.byteOffset).getUint32(end, true);
  if (stored !== crc32(slot.subarray(0, end), 0)) return undefined;

  const reader = new Reader(slot, 'the VARVE file', 8);
  const format = { major: reader.u16(), minor: reader.u16() };
  const features = reader.u32();
  if (format.major > logFormat.major || (features & ~knownFeatures) !== 0) {
    throw unsupported({ format: `${format.major}.${format.minor}`, features });
  }
  const superblock = {
    requiredFeatures: features,
    optionalFeatures: reader.u32(),
    sequence: reader.u64(),
    storeId: Uint8Array.from(reader.bytes(16)),
    generation: reader.u32(),
    nextFileId: reader.u64(),
  };
  const [hash, chunker] = [reader.u8(), reader.u8()];
  if (hash !== sha256Code || chunker !== fastCdcCode) throw unsupported({ hash, chunker });
  const chunking = {
    minBytes: reader.u32(),
    averageBytes: reader.u32(),
    maxBytes: reader.u32(),
  };
  if (!isChunking(chunking)) throw unsupported({ chunking });
  return { ...superblock, chunking };
}

function unsupported(values: Readonly<Record<string, unknown>>): ObjectsError {
  return new ObjectsError(
    `the store has a newer format; upgrade varve to open it: ${describe(values)}`,
    { code: 'UNSUPPORTED' },
  );
}
