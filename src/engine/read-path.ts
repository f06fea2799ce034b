/**
 * The way out: version → manifest → locate → read → decompress → verify.
 *
 * Only the chunks that a range touches are read, and a few ahead of the one that is handed out, so
 * that the disk and the caller work at the same time. Every byte handed out was checked against its
 * chunk's name on this read.
 *
 * Errors: `CORRUPT`, `IO`, `ABORTED`.
 *
 * @module
 */

import { corrupt, throwIfAborted } from '../base/errors.ts';
import { leavesOf, type Leaf } from './chunk/manifest-tree.ts';
import type { ChunkStore, ObjectVersion } from './model.ts';

/** Chunks read ahead of the one that is handed out. */
const readAheadChunks = 3;

/** A range within a content, in bytes; the end is not part of it. */
export interface ReadRange {
  readonly start: number;
  readonly end: number;
}

/** The bytes of a range, in pieces of at most a chunk. The pieces are the caller's to keep. */
export async function* readObject(
  chunks: ChunkStore,
  version: ObjectVersion,
  range: ReadRange,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const ahead: Promise<Uint8Array>[] = [];
  const leaves = leavesOf(version.root, version.sizeBytes, range, (id) => chunks.read(id));
  try {
    for await (const leaf of leaves) {
      throwIfAborted(signal);
      ahead.push(readLeaf(chunks, leaf, range));
      // A failure is seen when its turn comes; until then it must not count as unhandled.
      ahead.at(-1)?.catch(() => undefined);
      if (ahead.length > readAheadChunks) yield await (ahead.shift() as Promise<Uint8Array>);
      throwIfAborted(signal);
    }
    for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) {
      yield await next;
      throwIfAborted(signal);
    }
  } finally {
    // Whoever stops early must not close the store under a read.
    await Promise.allSettled(ahead);
  }
}

async function readLeaf(chunks: ChunkStore, leaf: Leaf, range: ReadRange): Promise<Uint8Array> {
  const bytes = await chunks.read(leaf.id);
  if (bytes.length !== leaf.sizeBytes) {
    throw corrupt(`a chunk has ${bytes.length} bytes where ${leaf.sizeBytes} are named`);
  }
  const start = Math.max(0, range.start - leaf.offset);
  return bytes.subarray(start, range.end - leaf.offset);
}
