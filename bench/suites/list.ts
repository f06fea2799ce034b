/**
 * What does a listing cost, name by name, and rolled up to folders?
 *
 * The floor is what LevelDB itself takes for as many rows of the same size.
 *
 * @module
 */

import { Level } from 'level';
import { join } from 'node:path';
import type { Bucket } from '../../src/index.ts';
import type { Case, Suite } from '../harness.ts';
import { openMeasuredStore } from '../measured-store.ts';

const folderCount = 100;

/** About the size of a version in the index. */
const rowBytes = 64;

export const list: Suite = {
  name: 'list',
  question: 'what does it cost to list names?',
  async open(scale, directory) {
    const nameCount = scale === 'full' ? 10_000 : 400;
    const names = Array.from({ length: nameCount }, (_, i) => nameOf(i));
    const level = await fill(join(directory, 'floor'), names);
    const { store } = await openMeasuredStore(join(directory, 'store'));
    const bucket = await store.createBucket('objects');
    const upload = (name: string): Promise<unknown> =>
      bucket.upload(name, 'x', { durability: 'os' });
    for (let at = 0; at < names.length; at += 256) {
      await Promise.all(names.slice(at, at + 256).map(upload));
    }
    await store.sync();
    const check = `${nameCount} names`;
    return {
      floor: {
        name: 'iterate over LevelDB',
        work: { entries: nameCount },
        check,
        samples: 16,
        run: async () => `${await rowCount(level)} names`,
      },
      cases: [
        listCase(bucket, nameCount),
        {
          name: `listPage with a delimiter: ${folderCount} folders`,
          work: { entries: folderCount },
          check: `${folderCount} folders, 0 names`,
          samples: 32,
          run: async () => {
            const { prefixes, entries } = await bucket.listPage({ delimiter: '/' });
            return `${prefixes.length} folders, ${entries.length} names`;
          },
        },
      ],
      async close() {
        await level.close();
        await store.close();
      },
    };
  },
};

function nameOf(index: number): string {
  const folder = String(index % folderCount).padStart(3, '0');
  return `folder-${folder}/object-${String(index).padStart(6, '0')}`;
}

async function fill(directory: string, names: readonly string[]): Promise<Level> {
  const level = new Level(directory);
  const value = 'v'.repeat(rowBytes);
  await level.batch(names.map((key) => ({ type: 'put' as const, key, value })));
  return level;
}

async function rowCount(level: Level): Promise<number> {
  const iterator = level.iterator();
  let count = 0;
  try {
    for (;;) {
      const rows = await iterator.nextv(1000);
      if (rows.length === 0) return count;
      count += rows.length;
    }
  } finally {
    await iterator.close();
  }
}

function listCase(bucket: Bucket, nameCount: number): Case {
  return {
    name: 'list',
    work: { entries: nameCount },
    check: `${nameCount} names`,
    samples: 16,
    run: async () => {
      let count = 0;
      let previous = '';
      for await (const { name } of bucket.list()) {
        if (name <= previous) return `${name} after ${previous}`;
        previous = name;
        count++;
      }
      return `${count} names`;
    },
  };
}
