/**
 * The payload of a commit frame: operations, as they are or compressed, and zeros behind them that
 * fill up the last sector. Pure functions.
 *
 * Operations are decompressed by code that runs where it is called, so that recovery, replay and
 * salvage need nothing of the machine for it. A commit is small.
 *
 * @module
 */

import { inflateSync } from 'fflate';
import { corrupt } from '../../base/errors.ts';
import type { Encoding } from '../model.ts';

/** What a frame holds. The size of compressed operations is theirs, without the zeros. */
export interface CommitBody {
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
  readonly rawBytes: number;
}

/**
 * Operations as a payload.
 *
 * @param deflated - The operations compressed, if that was tried: kept if it saves a sector.
 * @param paddedBytes - Up to what size a payload is filled up.
 */
export function commitBody(
  operations: Uint8Array,
  deflated: Uint8Array | undefined,
  paddedBytes: (size: number) => number,
): CommitBody {
  const plainBytes = paddedBytes(operations.length);
  const deflatedBytes = deflated === undefined ? plainBytes : paddedBytes(deflated.length);
  if (deflated !== undefined && deflatedBytes < plainBytes) {
    const payload = filledUp(deflated, deflatedBytes);
    return { encoding: 'deflate', payload, rawBytes: operations.length };
  }
  return { encoding: 'raw', payload: filledUp(operations, plainBytes), rawBytes: plainBytes };
}

/** The operations of a payload, with zeros behind them. Throws `CORRUPT`. */
export function commitOperations({ encoding, payload, rawBytes }: CommitBody): Uint8Array {
  if (encoding === 'raw') return new Uint8Array(payload);
  if (encoding !== 'deflate') throw corrupt(`a commit is encoded as ${encoding}`);
  try {
    // One byte more than expected shows that there was more: what does not fit is dropped.
    const operations = inflateSync(payload, { out: new Uint8Array(rawBytes + 1) });
    if (operations.length === rawBytes) return operations;
  } catch (cause) {
    throw corrupt('a commit cannot be decompressed', cause);
  }
  throw corrupt('a commit does not have the size that it says');
}

function filledUp(bytes: Uint8Array, size: number): Uint8Array {
  const filled = new Uint8Array(size);
  filled.set(bytes);
  return filled;
}
