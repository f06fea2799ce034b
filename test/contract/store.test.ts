/**
 * Stores in memory and in folders: the contract of both, and what only a folder can do.
 *
 * @module
 */

import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore, type StoreLocation } from '../../src/index.ts';
import { generatedBytes } from '../support/content.ts';
import { collect, namesOf, textOf } from './bucket/target.ts';
import { rejectsWith, storeContract } from './store.contract.ts';

let folder = '';
let storeCount = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'varve-store-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A path that nothing lies at. */
function freePath(): string {
  return join(folder, `store${storeCount++}`);
}

/** The superuser may write everywhere, so as such the work is done as `nobody`. */
async function asUnprivilegedUser(work: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}

storeContract('a store in memory', () => openStore({ memory: true }));
storeContract('a store in a folder', () => openStore(freePath()));

describe('a store in a folder', () => {
  test('has everything again when it is opened again', async () => {
    const path = freePath();
    const content = generatedBytes(1, 900_000);
    const options = { contentType: 'text/plain', metadata: { by: 'me' } };
    {
      await using store = await openStore(path);
      const bucket = store.bucket('b', { versioned: true, public: true });
      await bucket.upload('a', 'first', options);
      await bucket.upload('a', content);
      await bucket.upload('gone', 'x');
      await bucket.remove('gone');
    }
    await using store = await openStore(path, { mustExist: true });
    const bucket = store.bucket('b');
    expect(await collect(store.buckets())).toEqual([{ name: 'b', versioned: true, public: true }]);
    expect(await namesOf(bucket.list())).toEqual(['a']);
    expect((await bucket.download('a')).equals(content)).toBe(true);
    const [, old] = await collect(bucket.versions({ name: 'a' }));
    expect(await bucket.attrs('a', { version: old?.version })).toMatchObject(options);
    expect(await textOf(bucket.download('a', { version: old?.version }))).toBe('first');
  });

  test('gives out version ids that sort behind those from before it was closed', async () => {
    const path = freePath();
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      await using store = await openStore(path);
      const { version } = await store.bucket('b', { versioned: true }).upload('a', `${i}`);
      ids.push(version as string);
    }
    expect(new Set(ids).size).toBe(3);
    expect([...ids].sort()).toEqual(ids);
  });

  test('may be opened at a path relative to the current directory', async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      await using store = await openStore(`./relative${storeCount++}`);
      await store.bucket('b').upload('a', 'x');
    } finally {
      process.chdir(before);
    }
    await using again = await openStore(join(folder, `relative${storeCount - 1}`), {
      mustExist: true,
    });
    expect(await again.bucket('b').exists('a')).toBe(true);
  });

  test('is open once at a time, and says who has it', async () => {
    const path = freePath();
    await using store = await openStore(path);
    await rejectsWith(openStore(path), 'LOCKED');
    await expect(openStore(path)).rejects.toThrow(`pid=${process.pid}`);
    await store.bucket('b').upload('a', 'x');
    await store.close();
    await using again = await openStore(path);
    expect(await again.bucket('b').exists('a')).toBe(true);
  });

  test('is not made where it must exist', async () => {
    const path = freePath();
    await rejectsWith(openStore(path, { mustExist: true }), 'NOT_FOUND');
    await using store = await openStore(path);
    expect((await store.stats()).objects).toBe(0);
  });

  test('is not made among other files', async () => {
    const path = freePath();
    await mkdir(path);
    await writeFile(join(path, 'thesis.txt'), 'precious');
    await rejectsWith(openStore(path), 'INVALID');
  });

  test('is not made in a file, nor below one', async () => {
    const path = freePath();
    await writeFile(path, 'not a folder');
    await rejectsWith(openStore(path), 'INVALID');
    await rejectsWith(openStore(join(path, 'store')), 'IO');
  });

  test('is neither made nor opened where this user may not write', async () => {
    const [parent, path] = [freePath(), freePath()];
    await mkdir(parent);
    await openStore(path).then((store) => store.close());
    await chmod(folder, 0o755);
    for (const directory of [parent, path]) await chmod(directory, 0o555);
    await asUnprivilegedUser(async () => {
      await rejectsWith(openStore(join(parent, 'store')), 'IO');
      await rejectsWith(openStore(path), 'IO');
    });
    await chmod(path, 0o755);
    await using store = await openStore(path, { mustExist: true });
    expect((await store.stats()).objects).toBe(0);
  });

  test('is whole after a session in which nothing was changed', async () => {
    const path = freePath();
    await openStore(path).then(async (store) => {
      await store.bucket('b').upload('a', 'x');
      await store.close();
    });
    await using store = await openStore(path);
    await rejectsWith(store.bucket('b').remove('missing'), 'NOT_FOUND');
    expect(await store.verify()).toMatchObject({ ok: true, problems: [] });
    await store.close();
    await using again = await openStore(path);
    expect(await again.verify()).toMatchObject({ ok: true, versions: 1 });
  });

  test('can be backed up while it is open, and the copy is a store', async () => {
    const [path, copy] = [freePath(), freePath()];
    await using store = await openStore(path);
    const bucket = store.bucket('b', { versioned: true });
    const content = generatedBytes(3, 800_000);
    const { version } = await bucket.upload('a', content);
    await bucket.upload('a', 'second');
    const report = await store.backup(copy);
    expect(report.files).toBeGreaterThan(0);
    await bucket.upload('a', 'after the backup');
    await using backup = await openStore(copy, { mustExist: true });
    expect(await textOf(backup.bucket('b').download('a'))).toBe('second');
    expect((await backup.bucket('b').download('a', { version })).equals(content)).toBe(true);
  });
});

describe('a store in memory', () => {
  test('is forgotten when it is closed, and shares nothing with another', async () => {
    const first = await openStore({ memory: true });
    const second = await openStore({ memory: true });
    await first.bucket('b').upload('a', 'x');
    expect(await second.bucket('b').exists('a')).toBe(false);
    await first.close();
    await second.close();
  });
});

test.each([undefined, null, 5, {}, { memory: false }, { memory: 'yes' }])(
  '%j is no place for a store',
  async (location) => {
    await expect(openStore(location as unknown as StoreLocation)).rejects.toThrow(TypeError);
  },
);

test('the empty path is no place for a store either', async () => {
  await rejectsWith(openStore(''), 'INVALID');
});
