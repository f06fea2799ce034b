/**
 * Whether giving space back gives back more than it takes.
 *
 * For old files to go, a snapshot of the index must stand for the journal that they are, or are
 * needed with. It takes some tens of bytes for each version and each chunk. In a store of small
 * files that can be more than what is gained, so it is weighed before anything is written.
 * What is gained later is not lost by that: the next run begins where this one did.
 *
 * @module
 */

import { isWorthwhile } from './victims.ts';
import { logFileStates, snapshotGrowthBytes, type CompactionParts } from './compaction.ts';
import type { ChunkLocation } from '../model.ts';

/** A chunk that would be stored anew, and what it takes then. */
export interface NewForm {
  readonly from: ChunkLocation;
  readonly storedBytes: number;
}

/** In so small a store nobody misses the space, and what is current is to be read at once. */
const weighedBytesMin = 64 * 1024;

/** Headers, commits and padding of the files that are begun, and what the index takes for them. */
const bookkeepingBytes = 8 * 1024;

/** No snapshot grows by more than this, for a version or a chunk, but for names that are long. */
const rowBytes = 512;

/** Whether the store is smaller once chunks have new forms, and what is garbage then is gone. */
export async function isSmallerWith(
  parts: CompactionParts,
  newForms: readonly NewForm[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const states = await logFileStates(parts);
  const logBytes = states.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (logBytes < weighedBytesMin) return true;
  const freedBytes = new Map<number, number>();
  let written = bookkeepingBytes;
  for (const { from, storedBytes } of newForms) {
    freedBytes.set(from.fileId, (freedBytes.get(from.fileId) ?? 0) + from.frameBytes);
    written += storedBytes;
  }
  let released = 0;
  let isAnyTaken = false;
  for (const file of states) {
    const { fileId, sizeBytes, liveBytes, garbageBytes } = file;
    const freed = freedBytes.get(fileId) ?? 0;
    isAnyTaken ||= isWorthwhile({ ...file, garbageBytes: garbageBytes + freed });
    // With a snapshot commits are garbage, too, but for those in a journal that is not ended.
    const all = newForms.length > 0 ? sizeBytes - liveBytes + freed : garbageBytes;
    if (isWorthwhile({ ...file, garbageBytes: all })) released += all;
  }
  if (!isAnyTaken) return false;
  const gain = released - written;
  if (gain <= 0) return false;
  const { chunks, versions } = parts.state.totals;
  if (gain > rowBytes * (chunks + versions)) return true;
  return gain > (await snapshotGrowthBytes(parts, signal));
}
