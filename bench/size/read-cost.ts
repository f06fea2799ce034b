/**
 * What a random read of 64 KiB costs, in frames that are read for it.
 *
 * The store is opened anew for each read, so that nothing that an earlier one read is at hand. A
 * place is drawn among all bytes of all versions that may be read, so large objects are read more
 * often than small ones; an object that is smaller than 64 KiB is read whole.
 *
 * @module
 */

import { openMeasuredStore } from '../measured-store.ts';

export interface ReadCost {
  /** How many versions there were to read from. */
  readonly versions: number;
  readonly reads: number;
  /** Frames of chunks, and of what they are differences from. */
  readonly chunksP50: number;
  readonly chunksP99: number;
  readonly chunksMax: number;
  /** Frames of nodes: the way to the chunks. */
  readonly nodesP50: number;
}

const readBytes = 64 * 1024;
const bucketName = 'packages';

interface Place {
  readonly name: string;
  readonly version: string;
  readonly start: number;
}

/** Reads at so many places, of the newest versions or of all. */
export async function measureReading(
  directory: string,
  { reads, newestOnly }: { readonly reads: number; readonly newestOnly: boolean },
): Promise<ReadCost> {
  const chunks: number[] = [];
  const nodes: number[] = [];
  const versions = await versionsOf(directory, newestOnly);
  for (const { name, version, start } of drawPlaces(versions, reads)) {
    const { store, counter } = await openMeasuredStore(directory, 'manual');
    try {
      const before = { ...counter.framesRead };
      const range = { start, end: start + readBytes };
      await store.bucket(bucketName).download(name, { version, range });
      chunks.push(counter.framesRead.chunks - before.chunks);
      nodes.push(counter.framesRead.nodes - before.nodes);
    } finally {
      await store.close();
    }
  }
  const at = (sorted: readonly number[], fraction: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0;
  const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
  const [sortedChunks, sortedNodes] = [ascending(chunks), ascending(nodes)];
  return {
    versions: versions.length,
    reads: chunks.length,
    chunksP50: at(sortedChunks, 0.5),
    chunksP99: at(sortedChunks, 0.99),
    chunksMax: sortedChunks.at(-1) ?? 0,
    nodesP50: at(sortedNodes, 0.5),
  };
}

interface StoredVersion {
  readonly name: string;
  readonly version: string;
  readonly size: number;
}

async function versionsOf(directory: string, newestOnly: boolean): Promise<StoredVersion[]> {
  const { store } = await openMeasuredStore(directory, 'manual');
  const versions: StoredVersion[] = [];
  try {
    for await (const entry of store.bucket(bucketName).versions()) {
      if (!entry.deleteMarker && (entry.isLatest || !newestOnly)) versions.push(entry);
    }
  } finally {
    await store.close();
  }
  return versions;
}

function drawPlaces(versions: readonly StoredVersion[], reads: number): Place[] {
  const totalBytes = versions.reduce((sum, { size }) => sum + size, 0);
  // Spread by the golden ratio: even, in step with nothing, and the same in each run.
  return Array.from({ length: totalBytes === 0 ? 0 : reads }, (_, index) => {
    const place = Math.floor((((index + 1) * 0.6180339887498949) % 1) * totalBytes);
    return placeOf(versions, place);
  });
}

/** Which version a byte of all of them belongs to, and where a read that has it begins. */
function placeOf(versions: readonly StoredVersion[], place: number): Place {
  let left = place;
  for (const { name, version, size } of versions) {
    if (left < size) return { name, version, start: Math.max(0, Math.min(left, size - readBytes)) };
    left -= size;
  }
  throw new Error('the place lies behind all versions');
}
