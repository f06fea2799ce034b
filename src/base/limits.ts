/**
 * Every bound of the engine, and the relations between them, asserted when this file is loaded.
 *
 * What a store's files depend on (the chunking sizes) is only the default here: each store keeps
 * its own in its `VARVE` file, so changing a default never changes how an existing store cuts.
 *
 * @module
 */

import { assert } from './assert.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** Names of objects: length in bytes of UTF-8. */
export const objectNameBytesMax = 1024;

/** Content type and metadata of one version, together, in bytes of UTF-8. */
export const attributesBytesMax: number = 16 * kibibyte;

/** How content is cut. */
export interface ChunkingLimits {
  /** No chunk but the last of its content is smaller. */
  readonly minBytes: number;
  /** What chunks of random content come to on average. A power of two. */
  readonly averageBytes: number;
  /** No chunk is larger. */
  readonly maxBytes: number;
}

/**
 * Cuts of a new store: min = average / 4, max = average * 4. With deltas smaller chunks find no
 * more to share, and there is more to keep about them (docs/decisions/0027-chunks-of-128-kib.md).
 */
export const defaultChunking: ChunkingLimits = {
  minBytes: 32 * kibibyte,
  averageBytes: 128 * kibibyte,
  maxBytes: 512 * kibibyte,
};

/** How many children a node of the manifest tree has. The last node of a level may have fewer. */
export const nodeFanout = { min: 32, average: 128, max: 512 } as const;

/** The largest chunk, and so the largest raw payload of a chunk frame, in any store. */
export const chunkBytesMax: number = 16 * mebibyte;

/** A delta has at most so many bases. */
export const deltaBasesMax = 8;

/** Hot loops take a chunk, and the bases of a delta together, up to this size: 7 MiB of memory. */
export const hotLoopInputBytesMax: number = mebibyte;

/** Bases that were decoded and are kept for the next delta of them. */
export const basesCacheBytesMax: number = 32 * mebibyte;

/** Stretches of log files from which small frames of bases are read. */
export const frameBlocksCacheBytesMax: number = 4 * mebibyte;

/** A chunk up to this size is kept for the next read of it: small objects, and nodes. */
export const smallChunkBytesMax: number = 32 * kibibyte;

/** Such chunks that are kept. */
export const smallChunksCacheBytesMax: number = 16 * mebibyte;

/** Rows of the index that are kept beside LevelDB's own cache: of names, and where chunks lie. */
export const rowsCacheBytesMax: number = 16 * mebibyte;

/** Of all points at which listings of groups are cut. */
export const splitPointsBytesMax: number = mebibyte;

/** Memory into which frames are read that are not kept: so many buffers, made when needed. */
export const readBufferBytes: number = 576 * kibibyte;
export const readBuffersMax = 8;

/** So much of a content is read at a time, and as much ahead of what is handed out. */
export const readAheadBytes: number = 512 * kibibyte;

/** No delta is made that costs more frames to read, its bases' included. */
export const deltaReadCostLimit = 8;

/** No frame on disk says that more are read for its chunk. */
export const deltaReadCostMax = 255;

/** New chunks of one upload up to this many stored bytes travel in the journal with the commit. */
export const inlineBytesMax: number = 256 * kibibyte;

/** Payloads are checksummed in blocks of this size, so that a range need not read all of one. */
export const checksumBlockBytes: number = 64 * kibibyte;

/** Commit groups begin and end at multiples of this: the sector a disk may tear. */
export const sectorBytes = 512;

/** A log file that has grown to this size is followed by a new one. */
export const logFileBytesMax: number = 64 * mebibyte;

/** So many small commits in a row are followed by room in the journal for those to come. */
export const journalRoomAhead: {
  readonly afterWrites: number;
  readonly smallBytes: number;
  readonly bytes: number;
} = { afterWrites: 16, smallBytes: 32 * kibibyte, bytes: 256 * kibibyte };

/** A commit group takes queued commits up to so many operations and bytes. */
export const groupOperationsMax = 4096;
export const groupBytesMax: number = 4 * mebibyte;

/** How long a commit with durability `'os'` may wait for its sync. */
export const osSyncDelayMs = 100;

/**
 * A sync of a segment is begun when so many bytes wait for one. The sync of a small commit may have
 * to wait for all of them, as a file system (ext4) that writes down one file's new size writes what
 * others got before. At `max` who appends waits for the disk.
 */
export const segmentSyncBytes: { readonly min: number; readonly max: number } = {
  min: 2 * mebibyte,
  max: 16 * mebibyte,
};

/** What uploads leave free on the volume, unless the caller says otherwise. */
export const defaultReserveBytes: number = 64 * mebibyte;

/** The volume is asked again how much is free after so many bytes, and after so long. */
export const reserveAnswerBytes: number = 16 * mebibyte;
export const reserveAnswerMs = 1000;

/** The journal distance after which a checkpoint is taken. It bounds what opening replays. */
export const checkpointBytes: number = 64 * mebibyte;

/** So many operations are as far: small ones take little of the journal and as long to replay. */
export const checkpointOperations = 16_384;

/** Entries of the index that may wait for LevelDB before commits are held back. */
export const pendingEntriesMax = 65_536;

/** So many of them, or the entries of so many commits, are worth a batch of LevelDB. */
export const flushEntriesMin: number = 256;
export const flushLayersMin = 32;

/** How many entries a listing reads from the index at a time. */
export const listPageEntries = 1000;

/** How many blocks of a log file may share a block of parity. */
export const parityEvery = { min: 2, max: 256 } as const;

/** Log files kept open for reading. */
export const openFilesMax = 256;

/** After an unclean end, version ids jump by this, as ids given out may have been lost. */
export const lsnJump: number = 2 ** 20;

/**
 * Whether content can be cut so: sizes in order, an average of which masks can be made, and no
 * chunk larger than a frame holds.
 */
export function isChunking({ minBytes, averageBytes, maxBytes }: ChunkingLimits): boolean {
  const isOrdered = 0 < minBytes && minBytes < averageBytes && averageBytes < maxBytes;
  const isPowerOfTwo = averageBytes >= 8 && (averageBytes & (averageBytes - 1)) === 0;
  return isOrdered && isPowerOfTwo && maxBytes <= chunkBytesMax;
}

assert(isChunking(defaultChunking), 'content can be cut by default');
assert(nodeFanout.max * 64 <= chunkBytesMax, 'a node fits in a frame');
assert(flushEntriesMin < pendingEntriesMax, 'what waits is written before it holds commits back');
assert(readAheadBytes < readBufferBytes, 'what is read at a time fits, frames and all');
assert(inlineBytesMax < groupBytesMax, 'one upload fits in a group');
assert(logFileBytesMax <= defaultReserveBytes, 'one log file can be rewritten in the reserve');
assert(chunkBytesMax < logFileBytesMax, 'a frame fits in a log file');
