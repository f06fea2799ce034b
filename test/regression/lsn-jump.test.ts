/**
 * The story: a store that was killed, opened, and killed again before it wrote anything refused to
 * open: "the journal has lost commits that were safe".
 *
 * After an unclean end LSNs jump, so that none is given out twice. The index notes up to which LSN
 * it was written, and opening compares that with the journal. Freeing chunks in the background
 * changed the index without a commit, and noted the LSN behind the jump, which no commit in the
 * journal had.
 */

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStore } from '../../src/index.ts';

test('a store that only tidied up after a crash can be opened after the next crash', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'varve-regression-'));
  const [directory, once, twice] = ['store', 'once', 'twice'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const store = await openStore(directory);
  await store.bucket('b').upload('name', 'one');
  await store.bucket('b').upload('name', 'two');
  await store.stats(); // What the second upload replaced has been freed.
  await store.sync();
  cpSync(directory, once, { recursive: true });
  await store.close();

  // A rebuilt index asks again about everything that may be dead.
  rmSync(join(once, 'index'), { recursive: true });
  const tidied = await openStore(once);
  await tidied.stats();
  await tidied.sync();
  cpSync(once, twice, { recursive: true });
  await tidied.close();

  const reopened = await openStore(twice);
  expect((await reopened.bucket('b').download('name')).toString()).toBe('two');
  await reopened.close();
  rmSync(folder, { recursive: true });
});
