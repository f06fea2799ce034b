/**
 * A large file of random bytes, in the page cache, and what else holds them.
 *
 * @module
 */

import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore } from '../../src/index.ts';
import type { Workplace } from './workplace.ts';

export interface RandomFile {
  readonly folder: string;
  /** In that folder, and alone in it. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export const fileName = 'random.bin';

/** What is read and written at a time. */
export const pieceBytes: number = 2 ** 20;

/** A new one. */
async function makeRandomFile(place: Workplace): Promise<RandomFile> {
  const { streamBytes } = place.scale;
  const folder = place.newFolder('random');
  const path = join(folder, fileName);
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  const piece = Buffer.allocUnsafe(pieceBytes);
  for (let at = 0; at < streamBytes; at += pieceBytes) {
    randomFillSync(piece);
    hash.update(piece);
    await file.write(piece);
  }
  await file.sync();
  await file.close();
  return { folder, path, bytes: streamBytes, sha256: hash.digest('hex') };
}

/** The one that several rows use. */
export function randomFile(place: Workplace): Promise<RandomFile> {
  return place.shared('random file', () => makeRandomFile(place));
}

/** Its bytes as a stream. */
export function streamOf({ path }: Pick<RandomFile, 'path'>): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: pieceBytes });
}

/** Throws unless a stream has the bytes of the file. */
export async function checkSame(
  found: AsyncIterable<Uint8Array>,
  { sha256 }: RandomFile,
  what: string,
): Promise<void> {
  const hash = createHash('sha256');
  for await (const piece of found) hash.update(piece);
  if (hash.digest('hex') !== sha256) throw new Error(`${what}: other bytes came back`);
}

export const storedName = 'large';
export const storedBucket = 'objects';

/** The folder of a store that has the file, under {@link storedName}. */
export function storedFile(place: Workplace): Promise<string> {
  return place.shared('stored file', async () => {
    const file = await randomFile(place);
    const folder = place.newFolder('stored');
    await using store = await openStore(folder);
    const bucket = store.bucket(storedBucket);
    await bucket.upload(storedName, streamOf(file));
    await checkSame(bucket.downloadStream(storedName), file, 'a download');
    return folder;
  });
}
