/**
 * What is asked of an engine, as plain values.
 *
 * @module
 */

import type { ChunkingLimits } from '../base/limits.ts';
import type { RoomLimits } from './log/room-ahead.ts';
import type { ParityWish } from './maintenance/parity-keeper.ts';
import type { BucketRecord, Durability, ObjectVersion, Preconditions } from './model.ts';
import type { Platform } from './platform/platform.ts';

/** How to open a store. */
export interface EngineOptions {
  readonly platform: Platform;
  readonly directory: string;
  /** Make a store where there is none, in a folder that is empty or not there. */
  readonly createIfMissing: boolean;
  /** It is a repair that opens it: one that was cut short may be finished. */
  readonly isRepair?: boolean;
  /** How a new store cuts. */
  readonly chunking?: ChunkingLimits;
  /** Up to how many bytes new chunks of one upload travel in the journal. */
  readonly inlineBytesMax?: number;
  /** When the journal gets room ahead of its commits, and how much. */
  readonly roomAhead?: RoomLimits;
  /** How many rows of the index are worth a batch of LevelDB. */
  readonly flushEntriesMin?: number;
  /** Whether to compact in the background. Default: `auto`. */
  readonly compaction?: 'auto' | 'manual' | undefined;
  /** Whether log files get parity. Default: as the store has it. */
  readonly parity?: ParityWish;
  /** What uploads leave free on the volume; see disk-reserve.ts. */
  readonly reserveBytes?: number | undefined;
}

/** An upload. */
export interface UploadRequest {
  readonly bucket: BucketRecord;
  readonly name: string;
  /** An array is copied before anything is done with it. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
  readonly contentType?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly lockedUntilMs?: number | undefined;
  readonly preconditions?: Preconditions | undefined;
  readonly durability: Durability;
  /** Whether a gzip stream is seen through. Default: as the bucket has it. */
  readonly seeThroughGzip?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called when the commit is queued: from here on no signal takes the upload back. */
  readonly onCommitting?: (() => void) | undefined;
  /** Called after each chunk. */
  readonly onProgress?: ((progress: { bytes: number; newBytes: number }) => void) | undefined;
}

/** A new version with the content, type and metadata of another, but not with its lock. */
export interface LinkRequest {
  readonly bucket: BucketRecord;
  readonly name: string;
  readonly from: ObjectVersion;
  readonly lockedUntilMs?: number | undefined;
  readonly preconditions?: Preconditions | undefined;
}
