/**
 * Chunks that follow each other in a file, and so are one read. Pure functions.
 *
 * The chunks of a content mostly lie in its order, as they were stored in it; between them there
 * may be a node of its manifest, or a chunk that another upload brought.
 *
 * @module
 */

import { readBufferBytes } from '../base/limits.ts';
import { bytesToRead } from './chunk-part.ts';
import type { ChunkLocation, ChunkPart } from './model.ts';

/** So much between two chunks of a run may belong to neither: a read of its own costs more. */
const gapBytesMax: number = 16 * 1024;

/** A part of a chunk that was found, and its place among those that are wanted. */
export interface Located {
  readonly part: ChunkPart;
  readonly position: number;
  readonly location: ChunkLocation;
}

/** Some of them, and the stretch of a file that has what it takes to read them all. */
export interface Run {
  readonly chunks: Located[];
  readonly fileId: number;
  readonly offset: number;
  byteCount: number;
}

/** The runs of chunks, each within the memory that there is for a read, unless it is one chunk. */
export function runsOf(located: readonly Located[]): Run[] {
  const runs: Run[] = [];
  for (const chunk of located) {
    const { fileId, offset } = chunk.location;
    const byteCount = bytesToRead(chunk.part, chunk.location);
    const run = runs.at(-1);
    const end = run === undefined ? 0 : run.offset + run.byteCount;
    const isNext = run?.fileId === fileId && offset >= end && offset - end <= gapBytesMax;
    if (isNext && offset + byteCount - run.offset <= readBufferBytes) {
      run.chunks.push(chunk);
      run.byteCount = offset + byteCount - run.offset;
    } else runs.push({ chunks: [chunk], fileId, offset, byteCount });
  }
  return runs;
}
