/**
 * What the committer is asked for: changes of objects, and the store's own.
 *
 * @module
 */

import type { FileUsageEntry } from './log/file-bodies.ts';
import type { LogPosition } from './log/file-header.ts';
import type { Change, ChunkId, ChunkLocation, RetentionRule } from './model.ts';

/** What can be committed: changes of objects, and the store's own. */
export type CommitRequest =
  | Change
  /** Makes a bucket, or changes what it is. Versioning that is on stays on. */
  | { readonly kind: 'putBucket'; readonly name: string; readonly settings: BucketSettings }
  | { readonly kind: 'dropBucket'; readonly bucketId: number }
  /** Frees a chunk if nothing references it at that moment. */
  | { readonly kind: 'free'; readonly id: ChunkId; readonly children: readonly ChunkId[] }
  /** Written by the checkpoint itself, when the index is proved to be complete. */
  | {
      readonly kind: 'checkpoint';
      readonly position: LogPosition;
      readonly usage: readonly FileUsageEntry[];
    }
  /** Makes copies of chunks the ones that count, where the chunk still lies where it was copied. */
  | {
      readonly kind: 'relocate';
      readonly fromFileId: number;
      readonly toFileId: number;
      readonly moves: readonly ChunkMove[];
    }
  /** Puts other frames in the place of those of chunks that still lie where they were read. */
  | { readonly kind: 'reencode'; readonly chunks: readonly ReencodedChunk[] }
  /** Lets go of files in which nothing lives. */
  | { readonly kind: 'retire'; readonly fileIds: readonly number[] }
  | { readonly kind: 'close' };

/** A chunk that was copied. */
export interface ChunkMove {
  readonly id: ChunkId;
  readonly from: ChunkLocation;
  readonly to: ChunkLocation;
}

/** A chunk that was written again in another form, and synced there. */
export interface ReencodedChunk extends ChunkMove {
  /** What it is a delta of now. */
  readonly bases: readonly ChunkId[];
}

/** What of a bucket may be set; absent: as it is, else not at all. */
export interface BucketSettings {
  readonly versioned?: boolean;
  readonly public?: boolean;
  /** `null`: none. */
  readonly retention?: RetentionRule | null;
  readonly seeThroughGzip?: boolean;
  /** Only of a bucket that is being made. */
  readonly isolated?: boolean;
}
