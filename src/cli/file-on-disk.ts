/**
 * A file that is to be imported: looked at, compared with what is stored of it, read.
 *
 * @module
 */

import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { ObjectAttrs } from '../index.ts';
import {
  attributesOf,
  decodeAttributes,
  type DiskAttributes,
  stampDelayMs,
} from './file-attributes.ts';

/** What a file was just before it is read. */
export interface Seen {
  readonly sizeBytes: number;
  readonly attributes: DiskAttributes;
}

/**
 * Never through a link, nor waiting for the other end of a pipe, whatever took the file's place. On
 * Windows, which has no such flags, they are undefined, and that counts as 0 here.
 */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens what is at a path, if it can be read. */
export function openFile(path: string): Promise<FileHandle> {
  return open(path, openFlags);
}

/** What is at a path, without opening it. `undefined`: it is no file. */
export async function glanceAt(path: string): Promise<Seen | undefined> {
  const stats = await lstat(path, { bigint: true });
  if (!stats.isFile()) return undefined;
  return { sizeBytes: Number(stats.size), attributes: attributesOf(stats, Date.now()) };
}

/**
 * Looks at a file, once it can have a stamp: files of one folder wait at the same time, if at all.
 */
export async function lookAt(file: FileHandle): Promise<Seen> {
  let stats = await file.stat({ bigint: true });
  if (!stats.isFile()) throw new NotAFileError();
  const delayMs = stampDelayMs(stats, Date.now());
  if (delayMs > 0) {
    await setTimeout(delayMs);
    stats = await file.stat({ bigint: true });
  }
  return { sizeBytes: Number(stats.size), attributes: attributesOf(stats, Date.now()) };
}

/** How much a file looks like what is stored of it; `proved`: its stamp says that it is that. */
export function likenessOf(
  { size, metadata }: ObjectAttrs,
  { sizeBytes, attributes: { mode, mtimeUs, stamp } }: Seen,
): 'none' | 'alike' | 'proved' {
  const stored = decodeAttributes(metadata);
  if (size !== sizeBytes || stored.mode !== mode || stored.mtimeUs !== mtimeUs) return 'none';
  return stamp !== undefined && stored.stamp === stamp ? 'proved' : 'alike';
}

/** Whether a file holds exactly this content. */
export async function hasContent(
  file: FileHandle,
  content: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  let position = 0;
  for await (const expected of content) {
    const actual = new Uint8Array(expected.length);
    let filled = 0;
    while (filled < actual.length) {
      const { bytesRead } = await file.read(actual, filled, undefined, position + filled);
      if (bytesRead === 0) return false;
      filled += bytesRead;
    }
    if (Buffer.compare(actual, expected) !== 0) return false;
    position += filled;
  }
  const { bytesRead } = await file.read(new Uint8Array(1), 0, 1, position);
  return bytesRead === 0;
}

/** Something else took a file's place after the walk saw it. */
export class NotAFileError extends Error {
  override readonly message = 'it is not a regular file any more';
}

/**
 * The content of a file that nothing was read of yet, in pieces of so many bytes. Each is good
 * until the next is asked for: one memory is read into while the other is stored.
 *
 * A stream of Node gets new memory for each piece, which it takes V8 a fifth of an upload to
 * collect.
 */
export async function* piecesOf(
  file: FileHandle,
  pieceBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const memories = [new Uint8Array(pieceBytes), new Uint8Array(pieceBytes)] as const;
  let reading = readOn(file, memories[0]);
  for (let next = 1; ; next = 1 - next) {
    const piece = await reading;
    if (piece.length === 0) return;
    reading = readOn(file, memories[next] as Uint8Array);
    // A failure is seen when its turn comes; until then it must not count as unhandled.
    reading.catch(() => undefined);
    yield piece;
  }
}

/** The bytes that come next: some, unless the file ends here. It may be a pipe. */
async function readOn(file: FileHandle, memory: Uint8Array): Promise<Uint8Array> {
  const { bytesRead } = await file.read(memory, 0, memory.length, null);
  return memory.subarray(0, bytesRead);
}
