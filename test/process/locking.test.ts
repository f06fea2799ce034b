/**
 * One process has a store open at a time, once.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../../src/index.ts';
import { ToldStore } from './told-store.ts';

let directory: string;
let other: ToldStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'varve-lock-'));
  other = new ToldStore();
});

afterEach(async () => {
  await other.kill();
  rmSync(directory, { recursive: true });
});

describe('a second process', () => {
  test('is refused with LOCKED, and told who has the store', async () => {
    await other.mustDo({ do: 'open', directory });
    await expect(openStore(directory)).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining(`pid=${other.pid} `) as unknown,
    });
  });

  test('harms nothing by being refused', async () => {
    await other.mustDo({ do: 'open', directory });
    const before = await other.mustDo({ do: 'upload', name: 'before', seed: 1, size: 5000 });
    await expect(openStore(directory)).rejects.toMatchObject({ code: 'LOCKED' });
    const after = await other.mustDo({ do: 'upload', name: 'after', seed: 2, size: 5000 });
    expect(await other.mustDo({ do: 'download', name: 'before' })).toBe(before);
    expect(await other.mustDo({ do: 'download', name: 'after' })).toBe(after);
  });

  test('opens the store once the first has closed it', async () => {
    await other.mustDo({ do: 'open', directory });
    await other.mustDo({ do: 'upload', name: 'a', seed: 1, size: 5000 });
    await other.mustDo({ do: 'close' });
    const store = await openStore(directory);
    expect(await store.bucket('bucket').exists('a')).toBe(true);
    await store.close();
  });

  test('opens the store once the first has ended without closing it', async () => {
    await other.mustDo({ do: 'open', directory });
    await other.mustDo({ do: 'upload', name: 'a', seed: 1, size: 5000 });
    await other.end();
    const store = await openStore(directory);
    expect(await store.bucket('bucket').exists('a')).toBe(true);
    await store.close();
  });

  test('opens the store once the first was killed', async () => {
    await other.mustDo({ do: 'open', directory });
    await other.mustDo({ do: 'upload', name: 'a', seed: 1, size: 5000 });
    await other.kill();
    const store = await openStore(directory);
    expect(await store.bucket('bucket').exists('a')).toBe(true);
    await store.close();
  });
});

test('opening a store twice in one process is refused with LOCKED', async () => {
  const store = await openStore(directory);
  await store.bucket('bucket').upload('a', 'content');
  await expect(openStore(directory)).rejects.toMatchObject({
    code: 'LOCKED',
    message: expect.stringContaining(`pid=${process.pid} `) as unknown,
  });
  await expect(openStore(`${directory}/.`)).rejects.toMatchObject({ code: 'LOCKED' });
  expect(await store.bucket('bucket').exists('a')).toBe(true);
  await store.close();
  const again = await openStore(directory);
  expect(await again.bucket('bucket').exists('a')).toBe(true);
  await again.close();
});
