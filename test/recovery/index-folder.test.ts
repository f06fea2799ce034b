/**
 * The folder `index/` may be anything: gone, damaged, of another store, or older than the journal.
 * It is then made again from the log, with the same answers. Only an index that is *ahead* of the
 * journal stops the store from opening: it proves that the journal lost what had been safe.
 */

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ObjectsError } from '../../src/base/errors.ts';
import { Engine } from '../../src/engine/engine.ts';
import { LogFiles } from '../../src/engine/log/log-files.ts';
import { recoverJournal, type RecoveredJournal } from '../../src/engine/log/recovery.ts';
import { decodeSuperblock } from '../../src/engine/log/superblock.ts';
import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';
import type { Platform } from '../../src/engine/platform/platform.ts';
import { generatedBytes } from '../support/content.ts';
import { liveAShortLife, stateOf } from '../support/recorded-life.ts';
import { complaintsAbout, smallChunking, upload } from '../support/test-engine.ts';

let folder: string;
let store: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-index-'));
  store = join(folder, 'store');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function open(directory: string, platform: Platform = nodePlatform()): Promise<Engine> {
  return Engine.open({
    platform,
    directory,
    createIfMissing: true,
    chunking: smallChunking,
  });
}

/** Makes the store, closes it, and returns what it held. */
async function makeStore(directory: string): Promise<string> {
  const engine = await open(directory);
  await liveAShortLife(engine);
  const state = await stateOf(engine);
  await engine.close();
  return state;
}

async function expectState(directory: string, state: string): Promise<void> {
  const engine = await open(directory);
  expect(await stateOf(engine)).toBe(state);
  expect(await complaintsAbout(engine)).toEqual([]);
  await engine.close();
}

const indexFiles = (): string[] =>
  readdirSync(join(store, 'index'))
    .filter((name) => name !== 'LOCK')
    .map((name) => join(store, 'index', name));

describe('the store opens with the same answers', () => {
  test('when the index is missing', async () => {
    const state = await makeStore(store);
    rmSync(join(store, 'index'), { recursive: true });
    await expectState(store, state);
  });

  test('when the index is of another store', async () => {
    const state = await makeStore(store);
    const other = join(folder, 'other');
    const engine = await open(other);
    await upload(engine, await engine.ensureBucket('foreign', {}), 'a', 'b');
    await engine.close();
    rmSync(join(store, 'index'), { recursive: true });
    cpSync(join(other, 'index'), join(store, 'index'), { recursive: true });
    await expectState(store, state);
  });

  test('when the index is an older copy, from before the newest checkpoint or since', async () => {
    await makeStore(store);
    cpSync(join(store, 'index'), join(folder, 'older'), { recursive: true });
    for (const name of ['x', 'y']) {
      const engine = await open(store);
      await upload(engine, await engine.ensureBucket('notes', {}), name, name);
      const state = await stateOf(engine);
      await engine.close();
      rmSync(join(store, 'index'), { recursive: true });
      cpSync(join(folder, 'older'), join(store, 'index'), { recursive: true });
      await expectState(store, state);
    }
  });

  test('when the journal went on without the index', async () => {
    await makeStore(store);
    cpSync(join(store, 'index'), join(folder, 'older'), { recursive: true });
    const engine = await open(store);
    await upload(engine, await engine.ensureBucket('notes', {}), 'x', 'x');
    const state = await stateOf(engine);
    const copy = join(folder, 'copy');
    cpSync(store, copy, { recursive: true });
    await engine.close();
    rmSync(join(copy, 'index'), { recursive: true });
    cpSync(join(folder, 'older'), join(copy, 'index'), { recursive: true });
    await expectState(copy, state);
  });

  test.each(['cut short', 'emptied', 'filled with zeros', 'flipped'])(
    'or refuses, until the index is deleted, when a file of the index was %s',
    async (how) => {
      const state = await makeStore(store);
      for (const path of indexFiles()) {
        const copy = join(folder, 'damaged');
        rmSync(copy, { recursive: true, force: true });
        const bytes = readFileSync(path);
        const damaged = Buffer.from(bytes);
        if (how === 'filled with zeros') damaged.fill(0, bytes.length >> 1);
        if (how === 'flipped') for (let i = 3; i < damaged.length; i += 40) damaged[i]! ^= 16;
        const size = how === 'emptied' ? 0 : how === 'cut short' ? bytes.length >> 1 : bytes.length;
        cpSync(store, copy, { recursive: true });
        writeFileSync(join(copy, path.slice(store.length)), damaged.subarray(0, size));
        try {
          await expectState(copy, state);
        } catch (error) {
          expect(error, path).toBeInstanceOf(ObjectsError);
          expect((error as ObjectsError).code).toBe('CORRUPT');
        }
        rmSync(join(copy, 'index'), { recursive: true });
        await expectState(copy, state);
      }
    },
  );
});

describe('an index that is ahead of its journal', () => {
  test('is CORRUPT, and deleting it is the way to go on without what was lost', async () => {
    const state = await makeStore(store);
    cpSync(join(store, 'journal'), join(folder, 'journal'), { recursive: true });
    const engine = await open(store);
    await upload(engine, await engine.ensureBucket('notes', {}), 'lost', 'lost');
    await engine.close();
    rmSync(join(store, 'journal'), { recursive: true });
    cpSync(join(folder, 'journal'), join(store, 'journal'), { recursive: true });

    const refused = await open(store).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'CORRUPT' });
    expect((refused as ObjectsError).message).toContain('index/');
    rmSync(join(store, 'index'), { recursive: true });
    await expectState(store, state);
  });
});

describe('a checkpoint', () => {
  async function recoveredIn(directory: string): Promise<RecoveredJournal> {
    const { fileSystem, hashing } = nodePlatform();
    const superblock = decodeSuperblock(hashing.crc32, readFileSync(join(directory, 'VARVE')));
    if (superblock === undefined) throw new Error('the store was made');
    const { storeId } = superblock;
    const files = await LogFiles.open(fileSystem, hashing.crc32, directory, storeId);
    const recovered = await recoverJournal(files, hashing.crc32);
    await files.close();
    return recovered;
  }

  test('is taken when the store is closed', async () => {
    await makeStore(store);
    expect((await recoveredIn(store)).checkpoint).toBeDefined();
  });

  test('is due after so many bytes of journal, however many sessions wrote them', async () => {
    await makeStore(store);
    const { bytesSinceCheckpoint: before } = await recoveredIn(store);
    expect(before).toBeLessThan(2048);
    for (let round = 1; round <= 3; round++) {
      const engine = await open(store);
      const notes = await engine.ensureBucket('notes', {});
      await upload(engine, notes, `${round}`, generatedBytes(round, 5000));
      const copy = join(folder, `killed-${round}`);
      cpSync(store, copy, { recursive: true });
      await engine.close();
      store = copy;
      const { bytesSinceCheckpoint } = await recoveredIn(store);
      expect(bytesSinceCheckpoint).toBeGreaterThan(before + round * 5000);
    }
  });

  test('is not believed where LevelDB has kept its write-ahead file', async () => {
    const platform = nodePlatform();
    // As after a table that could not be written: LevelDB says nothing, and the file is still
    // there.
    const fileSystem: FileSystem = {
      ...platform.fileSystem,
      async readDirectory(path) {
        const names = await platform.fileSystem.readDirectory(path);
        return path.endsWith('/index') ? [...names, '000099.log'] : names;
      },
    };
    const engine = await open(store, { ...platform, fileSystem });
    await liveAShortLife(engine);
    const state = await stateOf(engine);
    await engine.close();
    expect((await recoveredIn(store)).checkpoint).toBeUndefined();
    await expectState(store, state);
  });
});
