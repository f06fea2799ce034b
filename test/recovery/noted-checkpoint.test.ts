/**
 * Opening reads the newest journal file from the checkpoint that the index has noted, and comes to
 * what reading all of it comes to; a note that is wrong costs only time.
 *
 * @module
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../../src/index.ts';
import { LogFiles } from '../../src/engine/log/log-files.ts';
import type { LogPosition } from '../../src/engine/log/file-header.ts';
import { recoverJournal, type RecoveredJournal } from '../../src/engine/log/recovery.ts';
import { decodeSuperblock } from '../../src/engine/log/superblock.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-noted-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A closed store: one journal file, with a checkpoint and the close at its end. */
async function makeStore(): Promise<string> {
  const directory = join(folder, 'store');
  const store = await openStore(directory);
  for (let i = 0; i < 200; i++) await store.bucket('notes').upload(`note/${i}`, `${i}`);
  await store.close();
  return directory;
}

/** What recovery finds, and how many bytes of the journal it read. */
async function recoveredFrom(
  directory: string,
  noted?: readonly LogPosition[],
): Promise<{ recovered: RecoveredJournal; readBytes: number }> {
  const { fileSystem, hashing } = nodePlatform();
  let readBytes = 0;
  const counting = {
    ...fileSystem,
    open: async (...how: Parameters<typeof fileSystem.open>) => {
      const file = await fileSystem.open(...how);
      const read = file.read.bind(file);
      file.read = async (...what) => {
        const count = await read(...what);
        readBytes += count;
        return count;
      };
      return file;
    },
  };
  const superblock = decodeSuperblock(hashing.crc32, readFileSync(join(directory, 'VARVE')));
  if (superblock === undefined) throw new Error('the store was made');
  const files = await LogFiles.open(counting, hashing.crc32, directory, superblock.storeId);
  const recovered = await recoverJournal(files, hashing.crc32, noted);
  await files.close();
  return { recovered, readBytes };
}

test('recovery from a noted checkpoint finds what recovery from the start does', async () => {
  const store = await makeStore();
  expect(readdirSync(join(store, 'journal'))).toHaveLength(1);
  const whole = await recoveredFrom(store);
  const { checkpoint } = whole.recovered;
  if (checkpoint === undefined) throw new Error('closing takes a checkpoint');
  const noted = await recoveredFrom(store, [checkpoint]);
  expect(noted.recovered).toEqual(whole.recovered);
  expect(noted.readBytes).toBeLessThan(whole.readBytes);
});

test('a note of no commit, or of one with no checkpoint behind it, is passed over', async () => {
  const store = await makeStore();
  const { recovered } = await recoveredFrom(store);
  const { checkpoint, last } = recovered;
  if (checkpoint === undefined || last === undefined) throw new Error('there are commits');
  const wrong = [
    { ...checkpoint, offset: checkpoint.offset + 1 },
    { ...checkpoint, offset: 2 ** 40 },
    { ...checkpoint, fileId: 99 },
    last.position,
  ];
  for (const each of wrong) {
    expect((await recoveredFrom(store, [each])).recovered).toEqual(recovered);
  }
  expect((await recoveredFrom(store, [...wrong, checkpoint])).recovered).toEqual(recovered);
});
