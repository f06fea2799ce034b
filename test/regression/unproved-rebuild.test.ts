/**
 * The story: an index that was just rebuilt said that it was complete before LevelDB had it on
 * disk.
 *
 * The journal names a checkpoint, so whatever the index notes of that checkpoint is believed at the
 * next opening. Rebuilding wrote the note first and made LevelDB flush afterwards, and went on
 * where that could not be proved. A power cut could then leave the note and take rows before it
 * (LevelDB recovers un-synced writes with holes), and nobody would ever have replayed those.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { knowsCheckpoint } from '../../src/engine/checkpoint.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Database } from '../../src/engine/index/database.ts';
import { IndexStore } from '../../src/engine/index/index-store.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';
import type { Platform } from '../../src/engine/platform/platform.ts';
import { openStore } from '../../src/index.ts';

const machine = nodePlatform();

/** LevelDB's write-ahead files are never seen to go. */
const unprovable: Platform = {
  ...machine,
  fileSystem: {
    ...machine.fileSystem,
    async readDirectory(path) {
      const names = await machine.fileSystem.readDirectory(path);
      return path.endsWith('/index') ? [...names, '000000.log'] : names;
    },
  },
};

test('a rebuilt index notes the checkpoint of the journal only if LevelDB has it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-regression-'));
  const store = await openStore(directory);
  await store.bucket('b').upload('name', 'content');
  await store.close();
  // The bucket was the first operation and the upload the second: that is what the close proved.
  const covered = 2;

  const isNoted = async (platform: Platform): Promise<boolean> => {
    const path = join(directory, 'index');
    rmSync(path, { recursive: true });
    const engine = await Engine.open({ platform, directory, createIfMissing: false });
    await engine.close();
    const database = await Database.open(platform.hashing.crc32, path);
    const noted = await knowsCheckpoint(new IndexStore(database), covered);
    await database.close();
    return noted;
  };
  expect(await isNoted(unprovable)).toBe(false);
  expect(await isNoted(machine)).toBe(true);
  rmSync(directory, { recursive: true });
});
