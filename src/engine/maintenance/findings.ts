/**
 * What is asked of `verify`, and what it found, as plain values.
 *
 * @module
 */

import type { BucketRecord, Lsn } from '../model.ts';

export interface VerifyProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: 'chunks';
}

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
  /** End after so long. */
  readonly maxMs?: number | undefined;
  /** End after so large a part of the store, in per cent. */
  readonly percent?: number | undefined;
}

/** A version whose content is not whole. */
export interface DamagedVersion {
  readonly bucket: BucketRecord;
  readonly name: string;
  readonly lsn: Lsn;
  readonly reason: string;
}

/** What was found. Nothing is damaged if both lists are empty. */
export interface Findings {
  readonly versions: number;
  readonly chunks: number;
  /** Plain bytes of the chunks that were read. */
  readonly bytes: number;
  readonly damaged: readonly DamagedVersion[];
  readonly problems: readonly string[];
  /** How much of the store was looked at in this run, in per cent. */
  readonly percent: number;
  /** Whether this run came to the end of the store: the next begins anew. */
  readonly isComplete: boolean;
}
