/**
 * A store as `kill -9` leaves it: many small objects, of which the last were stored after the last
 * checkpoint.
 *
 * It is copied from a store that is open, when all of it has come to rest. What is never written
 * again is linked and not copied, so that a copy of a large store costs little, and every opening
 * can have its own.
 *
 * @module
 */

import { copyFileSync, linkSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openStore, type Store } from '../src/index.ts';
import { generatedBytes } from '../test/support/content.ts';

export interface CrashedStore {
  readonly directory: string;
  readonly objects: number;
  /** Of these, those that were stored since the last checkpoint, */
  readonly sinceCheckpoint: number;
  /** and by how much the journal grew for them. */
  readonly tailBytes: number;
}

const uploadsInFlight = 256;
const contentBytes = 100;

/** Makes one with so many objects or a few more, `tail` of them since the last checkpoint. */
export async function makeCrashedStore(
  folder: string,
  objects: number,
  tail: number,
): Promise<CrashedStore> {
  const living = join(folder, 'living');
  let count = 0;
  const upload = async (store: Store, until: () => boolean): Promise<void> => {
    const bucket = store.bucket('objects');
    const body = generatedBytes(1, contentBytes);
    while (!until()) {
      await Promise.all(
        Array.from({ length: uploadsInFlight }, () => {
          const content = Uint8Array.from(body);
          new DataView(content.buffer).setUint32(0, count);
          return bucket.upload(`object/${count++}`, content, { durability: 'os' });
        }),
      );
    }
  };
  const first = await openStore(living);
  await upload(first, () => count >= objects - tail);
  await first.close();

  const second = await openStore(living);
  const bytesBefore = journalBytes(living);
  const countBefore = count;
  await upload(second, () => count >= countBefore + tail);
  await second.sync();
  // The rows follow the commits; a kill may come at any time, but most are there when it does.
  await second.stats();
  const tailBytes = journalBytes(living) - bytesBefore;
  const directory = join(folder, 'crashed');
  copyStore(living, directory);
  await second.close();
  rmSync(living, { recursive: true });
  return { directory, objects: count, sinceCheckpoint: count - countBefore, tailBytes };
}

/** Copies a store that nothing writes to. */
export function copyStore(from: string, to: string): void {
  mkdirSync(to);
  const entries = readdirSync(from, { withFileTypes: true });
  const newest = entries
    .map(({ name }) => name)
    .sort()
    .at(-1);
  for (const entry of entries) {
    const { name } = entry;
    const [source, target] = [join(from, name), join(to, name)];
    if (entry.isDirectory()) copyStore(source, target);
    // Reading LOCK would unlock it; LOG is for people.
    else if (name === 'LOCK' || name.startsWith('LOG')) continue;
    else if (/\.(ldb|vs)$/.test(name) || (name.endsWith('.vj') && name !== newest)) {
      linkSync(source, target);
    } else copyFileSync(source, target);
  }
}

function journalBytes(store: string): number {
  const folder = join(store, 'journal');
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
  return sizes.reduce((sum, size) => sum + size, 0);
}
