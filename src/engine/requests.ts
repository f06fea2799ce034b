/**
 * What is asked of an engine, as plain values.
 *
 * @module
 */

import type { BucketRecord, Durability, ObjectVersion, Preconditions } from './model.ts';

/** An upload. */
export interface UploadRequest {
  readonly bucket: BucketRecord;
  readonly name: string;
  readonly body: AsyncIterable<Uint8Array>;
  readonly contentType?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly lockedUntilMs?: number | undefined;
  readonly preconditions?: Preconditions | undefined;
  readonly durability: Durability;
  readonly signal?: AbortSignal | undefined;
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
