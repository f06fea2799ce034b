/**
 * The story: `optimize` walked versions that somebody removed meanwhile. What it found missing it
 * took for a fault of the index, which was distrusted and made again at the next opening.
 */

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStore } from '../../src/index.ts';
import { generatedText } from '../support/content.ts';

test('versions may be removed while the store is optimized', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'varve-removed-'));
  const store = await openStore(join(folder, 'store'));
  const bucket = store.bucket('b', { versioned: true });
  const versions: string[] = [];
  for (let seed = 1; seed <= 12; seed++) {
    versions.push((await bucket.upload('a', generatedText(seed, 400_000))).version ?? '');
  }
  const optimizing = store.compact({ optimize: true });
  for (const version of versions.slice(0, -1)) {
    await bucket.remove('a', { version });
    await store.stats();
  }
  await optimizing;
  expect(await store.stats()).toMatchObject({ versions: 1 });
  expect(await store.verify()).toMatchObject({ ok: true });
  expect(await readdir(join(folder, 'store', 'index'))).not.toContain('DISTRUSTED');
  await store.close();
  await rm(folder, { recursive: true });
});
