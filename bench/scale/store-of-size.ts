/**
 * A store of so many objects, each of one chunk of its own, in a thousand folders.
 *
 * It grows from one size to the next, so that a row of sizes costs no more than the largest. Its
 * contents are small: what an operation costs hangs on how many chunks and names there are, and
 * hardly on their bytes.
 *
 * @module
 */

import { openStore, type Bucket } from '../../src/index.ts';

export const bucketName = 'objects';
export const folderCount = 1000;

const contentBytes = 100;
const uploadsInFlight = 512;

/** The name of an object by its number: those of one folder lie side by side. */
export function nameOf(number: number): string {
  const folder = String(number % folderCount).padStart(3, '0');
  return `folder-${folder}/object-${String(number).padStart(8, '0')}`;
}

/** Different for each number, and as long as asked for. */
export function contentOf(number: number, bytes: number = contentBytes): Uint8Array {
  const content = new Uint8Array(bytes);
  const view = new DataView(content.buffer);
  // Bytes that no codec makes smaller, and that resemble nobody's.
  let state = number + 1;
  for (let at = 0; at + 4 <= bytes; at += 4) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    view.setUint32(at, state);
  }
  view.setUint32(0, number);
  return content;
}

/** Adds the objects from one number up to another, this one not included. */
export async function grow(directory: string, from: number, to: number): Promise<void> {
  const store = await openStore(directory);
  const bucket = store.bucket(bucketName);
  let next = from;
  await Promise.all(
    Array.from({ length: uploadsInFlight }, async () => {
      while (next < to) await addObject(bucket, next++);
    }),
  );
  await store.close();
}

/** Uploads one of them, or another of its own number and size. */
export async function addObject(bucket: Bucket, number: number, bytes?: number): Promise<void> {
  await bucket.upload(nameOf(number), contentOf(number, bytes), { durability: 'os' });
}
