/**
 * The story: `strace` failed the system calls of a store one by one, and two of them came out as
 * they were, an `Error` of the system and no `ObjectsError`.
 *
 * A store whose index folder could not be listed while a checkpoint was proved did not close; and
 * one whose index folder could not be removed, to be made again, did not open and did not say what
 * to do. The first proves no checkpoint, and that is all.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';
import { openStore } from '../../src/index.ts';

let directory: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'varve-regression-'));
  const store = await openStore(directory);
  await store.bucket('b').upload('name', 'content');
  await store.close();
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Opens the store on a disk whose index folder cannot be listed, or cannot be removed. */
async function openWith(broken: 'readDirectory' | 'removeTree'): Promise<Engine> {
  const machine = nodePlatform();
  const refuse = (path: string): void => {
    if (!path.endsWith('/index')) return;
    throw Object.assign(new Error(`EIO: i/o error, '${path}'`), { code: 'EIO' });
  };
  const fileSystem: FileSystem = {
    ...machine.fileSystem,
    [broken]: async (path: string) => {
      refuse(path);
      return machine.fileSystem[broken](path);
    },
  };
  const platform = { ...machine, fileSystem };
  return Engine.open({ platform, directory, createIfMissing: false });
}

test('a store whose index folder cannot be listed closes, and loses nothing', async () => {
  const engine = await openWith('readDirectory');
  await engine.ensureBucket('other', { versioned: true, public: false });
  await engine.close();
  const store = await openStore(directory);
  expect((await store.bucket('b').download('name')).toString()).toBe('content');
  expect((await store.stats()).buckets).toBe(2);
  await store.close();
});

test('a store whose index folder cannot be removed says so when it is opened', async () => {
  rmSync(join(directory, 'index'), { recursive: true });
  await expect(openWith('removeTree')).rejects.toMatchObject({ code: 'IO' });
  const store = await openStore(directory);
  expect((await store.bucket('b').download('name')).toString()).toBe('content');
  await store.close();
});
