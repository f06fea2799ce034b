/**
 * The way out: version → manifest → locate → read → decompress → verify.
 *
 * Only the chunks that a range touches are read, and a few ahead of the one that is handed out, so
 * that the disk and the caller work at the same time. Every byte handed out was checked against its
 * chunk's name on this read. Of an upload that is stored inflated, those bytes are made again into
 * what was uploaded, and that is checked once more (gzip/regenerate.ts).
 *
 * Errors: `CORRUPT`, `IO`, `ABORTED`.
 *
 * @module
 */

import { corrupt, throwIfAborted } from '../base/errors.ts';
import { leavesOf, type Leaf } from './chunk/manifest-tree.ts';
import { decodeRecipe, sizesOf } from './gzip/recipe.ts';
import { regenerate } from './gzip/regenerate.ts';
import type { ChunkStore, VersionContent } from './model.ts';
import type { Hashing } from './platform/platform.ts';

/** Chunks read ahead of the one that is handed out. */
const readAheadChunks = 3;

/** A range within a content, in bytes; the end is not part of it. */
export interface ReadRange {
  readonly start: number;
  readonly end: number;
}

/** What the way out needs of the store. */
export interface ReadParts {
  readonly chunks: Pick<ChunkStore, 'read'>;
  readonly hashing: Pick<Hashing, 'sha256'>;
}

/** The bytes of a range, in pieces of at most a chunk. The pieces are the caller's to keep. */
export async function* readObject(
  parts: ReadParts,
  version: VersionContent,
  range: ReadRange,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { seenThrough } = version;
  if (seenThrough === undefined) {
    yield* readContent(parts.chunks, version, range, signal);
    return;
  }
  const recipe = decodeRecipe(parts.hashing, seenThrough.recipe);
  const { uploadedBytes, storedBytes } = sizesOf(recipe);
  if (uploadedBytes !== version.sizeBytes || storedBytes !== seenThrough.contentBytes) {
    throw corrupt('a recipe is for content of another size');
  }
  const content = { root: version.root, sizeBytes: storedBytes };
  const readStored = (stretch: ReadRange): AsyncGenerator<Uint8Array> =>
    readContent(parts.chunks, content, stretch, signal);
  yield* regenerate({ hashing: parts.hashing, readStored }, recipe, range);
}

/** Reads all of a version, and throws unless every byte of it is right. */
export async function readWhole(
  parts: ReadParts,
  version: VersionContent,
  signal?: AbortSignal,
): Promise<void> {
  const whole = { start: 0, end: version.sizeBytes };
  for await (const _ of readObject(parts, version, whole, signal));
}

/** The same of content that is stored as it is. */
async function* readContent(
  chunks: Pick<ChunkStore, 'read'>,
  { root, sizeBytes }: Pick<VersionContent, 'root' | 'sizeBytes'>,
  range: ReadRange,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const ahead: Promise<Uint8Array>[] = [];
  const leaves = leavesOf(root, sizeBytes, range, (id) => chunks.read(id));
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

async function readLeaf(
  chunks: Pick<ChunkStore, 'read'>,
  leaf: Leaf,
  range: ReadRange,
): Promise<Uint8Array> {
  const bytes = await chunks.read(leaf.id);
  if (bytes.length !== leaf.sizeBytes) {
    throw corrupt(`a chunk has ${bytes.length} bytes where ${leaf.sizeBytes} are named`);
  }
  const start = Math.max(0, range.start - leaf.offset);
  return bytes.subarray(start, range.end - leaf.offset);
}
