/**
 * A snapshot stands for the journal before it: damage there costs the chunks that lie in it, and no
 * commit.
 */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore, repairStore } from '../../src/index.ts';
import { generatedBytes } from '../support/content.ts';

let store: string;

beforeEach(() => {
  store = join(mkdtempSync(join(tmpdir(), 'varve-snapshot-')), 'store');
});

afterEach(() => {
  rmSync(join(store, '..'), { recursive: true, force: true });
});

test('a journal file before the snapshot is missing, and the index is gone', async () => {
  for (const session of [1, 2, 3]) {
    const opened = await openStore(store);
    const files = opened.bucket('files', { versioned: true });
    await files.upload(`small-${session}`, `text of session ${session}`);
    await files.upload(`large-${session}`, generatedBytes(session, 400_000));
    if (session === 3) {
      const { version } = await files.upload('gone', generatedBytes(9, 1_000_000));
      await files.remove('gone', { version });
      await opened.compact();
      await files.upload('last', 'behind the snapshot');
    }
    await opened.close();
  }
  expect(readdirSync(join(store, 'snapshots'))).toHaveLength(1);
  rmSync(join(store, 'journal/00000001.vj'));
  rmSync(join(store, 'index'), { recursive: true });

  const report = await repairStore(store);
  expect(report).toMatchObject({ quarantined: [], renewed: 0 });
  expect(report.lost.map(({ name }) => name)).toEqual(['small-1']);
  const opened = await openStore(store);
  const names: string[] = [];
  for await (const { name } of opened.bucket('files').list()) names.push(name);
  expect(names).toEqual(['large-1', 'large-2', 'large-3', 'last', 'small-1', 'small-2', 'small-3']);
  expect((await opened.bucket('files').download('last')).toString()).toBe('behind the snapshot');
  await opened.close();
});
