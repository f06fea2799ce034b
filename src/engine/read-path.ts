/**
 * The way out: version → manifest → locate → read → decompress → verify.
 *
 * Only the chunks that a range touches are read: some together, as a call of the disk is dear, and
 * as many ahead of those that are handed out, so that the disk and the caller work at the same
 * time. Every byte handed out was checked on this read: against its chunk's name, or where a range
 * has only part of the chunk, against the checksum of its block. Of an upload that is stored
 * inflated, those bytes are made again into what was uploaded, and that is checked once more
 * (gzip/regenerate.ts).
 *
 * Errors: `CORRUPT`, `IO`, `ABORTED`.
 *
 * @module
 */

import { assert } from '../base/assert.ts';
import { corrupt, throwIfAborted } from '../base/errors.ts';
import { readAheadBytes } from '../base/limits.ts';
import { partIn } from './chunk-part.ts';
import { leavesOf, type Leaf } from './chunk/manifest-tree.ts';
import { decodeRecipe, sizesOf } from './gzip/recipe.ts';
import { regenerate } from './gzip/regenerate.ts';
import type { ChunkId, ChunkPart, ChunkStore, VersionContent } from './model.ts';
import type { Hashing } from './platform/platform.ts';

/** A range within a content, in bytes; the end is not part of it. */
export interface ReadRange {
  readonly start: number;
  readonly end: number;
}

/** What the way out needs of the store. */
export interface ReadParts {
  readonly chunks: Pick<ChunkStore, 'read' | 'with' | 'withEach'>;
  readonly hashing: Pick<Hashing, 'sha256'>;
}

/** Chunks that can only be read one by one. */
export function oneByOne(read: (id: ChunkId) => Promise<Uint8Array>): ReadParts['chunks'] {
  return {
    read,
    with: async (id, use) => use(await read(id)),
    withEach: async (parts, use) => {
      for (const [position, part] of parts.entries()) {
        use(partIn(await read(part.id), part), position);
      }
    },
  };
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

/**
 * Puts the bytes of a range into `target`, which is as long: what {@link readObject} gives, without
 * an array for each piece.
 */
export async function readObjectInto(
  parts: ReadParts,
  version: VersionContent,
  range: ReadRange,
  target: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const { chunks } = parts;
  let filled = 0;
  const copy = (leaf: Leaf, bytes: Uint8Array): void => {
    target.set(bytes, Math.max(0, leaf.offset - range.start));
    filled += bytes.length;
  };
  if (version.seenThrough !== undefined) {
    for await (const bytes of readObject(parts, version, range, signal)) {
      target.set(bytes, filled);
      filled += bytes.length;
    }
  } else if (version.root.level === 0 && range.start < range.end) {
    // Most objects are one chunk: nothing to walk, and nothing to read ahead.
    throwIfAborted(signal);
    const leaf = { id: version.root.id, offset: 0, sizeBytes: version.sizeBytes };
    const part = partOf(leaf, range);
    const isWhole = part.end - part.start === part.sizeBytes;
    if (isWhole) await chunks.with(leaf.id, (bytes) => copy(leaf, partIn(bytes, part)));
    else await chunks.withEach([part], (bytes) => copy(leaf, bytes));
  } else {
    for await (const _ of readAhead(chunks, version, range, copy, signal));
  }
  assert(filled === target.length, 'a read gives exactly the bytes of its range');
}

/** The bytes of content that is stored as it is. */
async function* readContent(
  chunks: ReadParts['chunks'],
  content: Pick<VersionContent, 'root' | 'sizeBytes'>,
  range: ReadRange,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  // A copy, as the bytes are only lent.
  const own = (_leaf: Leaf, bytes: Uint8Array): Uint8Array => bytes.slice();
  for await (const pieces of readAhead(chunks, content, range, own, signal)) {
    for (const piece of pieces) {
      yield piece;
      throwIfAborted(signal);
    }
  }
}

/**
 * What `use` makes of the parts of chunks that a range has, a few at a time, while the next are
 * being read.
 */
async function* readAhead<T>(
  chunks: ReadParts['chunks'],
  { root, sizeBytes }: Pick<VersionContent, 'root' | 'sizeBytes'>,
  range: ReadRange,
  use: (leaf: Leaf, bytes: Uint8Array) => T,
  signal?: AbortSignal,
): AsyncGenerator<T[], void, undefined> {
  const read = async (leaves: readonly Leaf[]): Promise<T[]> => {
    const made: T[] = [];
    await chunks.withEach(
      leaves.map((leaf) => partOf(leaf, range)),
      (bytes, position) => {
        made[position] = use(leaves[position] as Leaf, bytes);
      },
    );
    return made;
  };
  const leaves = leavesOf(root, sizeBytes, range, (id) => chunks.read(id));
  let underWay: Promise<T[]> | undefined;
  try {
    for await (const some of together(leaves)) {
      throwIfAborted(signal);
      const before = underWay;
      underWay = read(some);
      // A failure is seen when its turn comes; until then it must not count as unhandled.
      underWay.catch(() => undefined);
      if (before !== undefined) yield await before;
      throwIfAborted(signal);
    }
    if (underWay !== undefined) yield await underWay;
  } finally {
    // Whoever stops early must not close the store under a read.
    await Promise.allSettled([underWay]);
  }
}

/** Leaves, as many together as are read at a time. */
async function* together(leaves: AsyncIterable<Leaf>): AsyncGenerator<Leaf[], void, undefined> {
  let some: Leaf[] = [];
  let bytes = 0;
  for await (const leaf of leaves) {
    if (some.length > 0 && bytes + leaf.sizeBytes > readAheadBytes) {
      yield some;
      [some, bytes] = [[], 0];
    }
    some.push(leaf);
    bytes += leaf.sizeBytes;
  }
  if (some.length > 0) yield some;
}

/** What of a chunk lies in the range. */
function partOf({ id, offset, sizeBytes }: Leaf, range: ReadRange): ChunkPart {
  const start = Math.max(0, range.start - offset);
  return { id, sizeBytes, start, end: Math.min(sizeBytes, range.end - offset) };
}
