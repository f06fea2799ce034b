/**
 * Where the bytes of the log files of a store go: what is content, and what is bookkeeping.
 *
 * It walks the frames as recovery does. What no commit names counts too: it takes its place.
 *
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFileHeader, fileHeaderBytes } from '../../src/engine/log/file-header.ts';
import { frameBytes } from '../../src/engine/log/frame.ts';
import type { OpenLogFile } from '../../src/engine/log/log-files.ts';
import { firstPosition, walkFrames, type Frame } from '../../src/engine/log/walk.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';

/** Bytes, but for the counts. */
export interface LogAnatomy {
  readonly chunks: number;
  readonly nodes: number;
  readonly commits: number;
  /** Chunks as they are stored: all that is not bookkeeping. */
  readonly chunkPayloadBytes: number;
  /** Headers and extensions of their frames. */
  readonly chunkHeadBytes: number;
  /** Whole frames of nodes. */
  readonly nodeBytes: number;
  /** Headers, extensions and operations of commits, */
  readonly commitBytes: number;
  /** and the zeros that fill up their sectors. */
  readonly paddingBytes: number;
  /** Headers of files, and all that is no frame. */
  readonly restBytes: number;
}

type Sums = { -readonly [Field in keyof LogAnatomy]: number };

/** Takes apart the journal and the segments of a store that nobody has open. */
export async function anatomyOf(store: string): Promise<LogAnatomy> {
  const sums: Sums = {
    chunks: 0,
    nodes: 0,
    commits: 0,
    chunkPayloadBytes: 0,
    chunkHeadBytes: 0,
    nodeBytes: 0,
    commitBytes: 0,
    paddingBytes: 0,
    restBytes: 0,
  };
  for (const folder of ['journal', 'segments']) {
    for (const name of readdirSync(join(store, folder))) {
      await addFile(sums, readFileSync(join(store, folder, name)));
    }
  }
  return sums;
}

async function addFile(sums: Sums, bytes: Uint8Array): Promise<void> {
  const { crc32 } = nodePlatform().hashing;
  const decoded = decodeFileHeader(crc32, bytes.subarray(0, fileHeaderBytes));
  if (decoded === undefined) throw new Error('a log file has no valid header');
  const opened: OpenLogFile = {
    ...decoded,
    read: async (offset, byteCount) => bytes.subarray(offset, offset + byteCount),
    close: async () => undefined,
  };
  let framesBytes = 0;
  for await (const frame of walkFrames(crc32, opened, firstPosition(opened))) {
    framesBytes += frameBytes(frame.header);
    addFrame(sums, frame);
  }
  sums.restBytes += bytes.length - framesBytes;
}

function addFrame(sums: Sums, { header, payload }: Frame): void {
  const bytes = frameBytes(header);
  switch (header.type) {
    case 'chunk':
      sums.chunks++;
      sums.chunkPayloadBytes += payload.length;
      sums.chunkHeadBytes += bytes - payload.length;
      break;
    case 'node':
      sums.nodes++;
      sums.nodeBytes += bytes;
      break;
    case 'commit': {
      const padding = trailingZeros(payload);
      sums.commits++;
      sums.commitBytes += bytes - padding;
      sums.paddingBytes += padding;
      break;
    }
    case 'pad':
      sums.paddingBytes += bytes;
  }
}

function trailingZeros(bytes: Uint8Array): number {
  let count = 0;
  while (count < bytes.length && bytes[bytes.length - 1 - count] === 0) count++;
  return count;
}
