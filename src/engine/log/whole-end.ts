/**
 * How far a log file is whole: up to the end of the last of its frames, from the first on, that are
 * what was written, heads and payloads.
 *
 * It asks nothing of what the frames mean, so it is the same question for a journal file and for a
 * segment, and for a file that is no part of a store yet.
 *
 * @module
 */

import { fileHeaderBytes } from './file-header.ts';
import {
  decodeChunkExtension,
  decodeCommitExtension,
  frameBytes,
  isPayloadIntact,
  type Crc32,
} from './frame.ts';
import type { OpenLogFile } from './log-files.ts';
import { firstPosition, walkFrames, type Frame } from './walk.ts';

/** So much is looked at between two pauses: a few milliseconds of work. */
const sliceBytes: number = 1024 * 1024;

/** Where the whole part of a file ends. `pause` is called after each slice of work. */
export async function wholeEnd(
  crc32: Crc32,
  opened: OpenLogFile,
  pause: () => Promise<void>,
): Promise<number> {
  let end = fileHeaderBytes;
  let sincePause = 0;
  for await (const frame of walkFrames(crc32, opened, firstPosition(opened))) {
    if (!isPayloadIntact(crc32, opened.header.salt, frame.payload, checksumsOf(frame))) break;
    end = frame.offset + frameBytes(frame.header);
    sincePause += frameBytes(frame.header);
    if (sincePause < sliceBytes) continue;
    sincePause = 0;
    await pause();
  }
  return end;
}

function checksumsOf({ header, extension }: Frame): readonly number[] {
  switch (header.type) {
    case 'pad':
      return [];
    case 'commit':
      return decodeCommitExtension(header, extension).blockChecksums;
    case 'chunk':
    case 'node':
      return decodeChunkExtension(header, extension).blockChecksums;
  }
}
