/**
 * The story: an object whose newest version was purged became unreachable by name after `kill -9`.
 *
 * Opening replays the journal from the last checkpoint, over an index that may hold all of it
 * already. Replaying `put v2` and `purge v2` took the pointer to the head away, and did not set it
 * again: the version that the purge reveals had left the history long ago, in the index, for the
 * head. So a listing showed the object, and a download said that there was none. Killed processes
 * found it.
 */

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStore } from '../../src/index.ts';

test('what a purge revealed is there after replaying over a full index', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'varve-regression-'));
  const [directory, killed] = [join(folder, 'store'), join(folder, 'killed')];
  let store = await openStore(directory);
  const first = await store.bucket('b', { versioned: true }).upload('name', 'one');
  // Closing takes a checkpoint: what follows is what will be replayed.
  await store.close();

  store = await openStore(directory);
  const bucket = store.bucket('b');
  const second = await bucket.upload('name', 'two');
  await bucket.remove('name', { version: second.version });
  await store.sync();
  cpSync(directory, killed, { recursive: true });
  await store.close();

  const reopened = await openStore(killed);
  const found = await reopened.bucket('b').attrs('name');
  expect(found.version).toBe(first.version);
  expect((await reopened.bucket('b').download('name')).toString()).toBe('one');
  await reopened.close();
  rmSync(folder, { recursive: true });
});
