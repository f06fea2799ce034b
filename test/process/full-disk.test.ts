/**
 * A full disk, for real: the files of a live process cannot grow any more, so writes are cut short
 * and then refused by the kernel, in the log and in LevelDB alike.
 *
 * The limit is of one process (`RLIMIT_FSIZE`), set from outside with `prlimit`, a tool of Linux.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ToldStore } from './told-store.ts';

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

let directory: string;
let store: ToldStore;
/** What was acknowledged: names, and the hashes of their contents. */
let acknowledged: Map<string, unknown>;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'varve-full-'));
  store = new ToldStore();
  acknowledged = new Map();
  await store.mustDo({ do: 'open', directory });
  for (let i = 0; i < 20; i++) await upload(`before-${i}`, i, 4096);
});

afterEach(async () => {
  await store.kill();
  rmSync(directory, { recursive: true });
});

async function upload(name: string, seed: number, size: number): Promise<void> {
  acknowledged.set(name, await store.mustDo({ do: 'upload', name, seed, size }));
}

/** Uploads until the first failure, and returns that. */
async function uploadUntilRefused(
  seedOf: (i: number) => number,
  size: number,
): Promise<{ code: string; message: string; name: string }> {
  for (let i = 0; i < 5000; i++) {
    const name = `during-${i}`;
    const answer = await store.tell({ do: 'upload', name, seed: seedOf(i), size });
    if ('code' in answer) return { ...answer, name };
    acknowledged.set(name, answer.result);
  }
  throw new Error('nothing was refused');
}

async function expectAllAcknowledged(): Promise<void> {
  expect(await store.mustDo({ do: 'list' })).toEqual([...acknowledged.keys()].sort());
  for (const [name, sha256] of acknowledged) {
    expect(await store.mustDo({ do: 'download', name }), name).toBe(sha256);
  }
}

async function expectHealedByReopening(): Promise<void> {
  await store.mustDo({ do: 'close' });
  store.limitFileBytes('unlimited');
  await store.mustDo({ do: 'open', directory });
  await expectAllAcknowledged();
  await upload('after', 12_345, 4096);
  expect(await store.mustDo({ do: 'verify' })).toMatchObject({ ok: true });
  await store.mustDo({ do: 'close' });
  await store.mustDo({ do: 'open', directory });
  await expectAllAcknowledged();
}

/** The size of the largest file in a folder of the store. */
function largestFile(folder: string): number {
  const paths = readdirSync(join(directory, folder)).map((name) => join(directory, folder, name));
  return Math.max(...paths.map((path) => statSync(path).size));
}

describe.runIf(hasPrlimit)('a full disk', () => {
  test('refuses small uploads with FULL, stores nothing of them, and loses nothing', async () => {
    store.limitFileBytes(largestFile('journal') + 50_000);
    const refused = await uploadUntilRefused((i) => 100 + i, 4096);
    expect(refused.code).toBe('FULL');
    expect(refused.message).toMatch(/no space is left; free some and reopen/);
    expect(acknowledged.size).toBeGreaterThan(25);
    await expectAllAcknowledged();
    const next = await store.mustFail({ do: 'upload', name: 'next', seed: 99, size: 10 });
    expect(next.code).toBe('FULL');
    expect(next.message).toMatch(/reopen/);
    await expectAllAcknowledged();
    await expectHealedByReopening();
  });

  test('refuses a large upload with FULL, stores nothing of it, and loses nothing', async () => {
    await upload('large', 50, 2_000_000);
    store.limitFileBytes(largestFile('segments') + 300_000);
    const refused = await store.mustFail({ do: 'upload', name: 'huge', seed: 51, size: 9_000_000 });
    expect(refused.code).toBe('FULL');
    expect(refused.message).toMatch(/no space is left; free some and reopen/);
    await expectAllAcknowledged();
    await expectHealedByReopening();
  });

  test('that LevelDB meets first loses nothing that was acknowledged before or after', async () => {
    await store.mustDo({ do: 'close' });
    await store.mustDo({ do: 'open', directory });
    // With hardly any content of its own, an upload takes more of LevelDB's file than of the
    // journal.
    const size = 10;
    for (let i = 0; i < 10; i++) await upload(`again-${i}`, 7, size);
    store.limitFileBytes(40_000);
    const refused = await uploadUntilRefused(() => 7, size);
    expect(['FULL', 'IO', 'INDETERMINATE']).toContain(refused.code);
    expect(refused.message).toMatch(/reopen/);
    await expectAllAcknowledged();
    await expectHealedByReopening();
  });

  test('that a killed process leaves behind can be opened once there is space', async () => {
    store.limitFileBytes(largestFile('journal') + 50_000);
    const refused = await uploadUntilRefused((i) => 100 + i, 4096);
    expect(refused.code).toBe('FULL');
    await store.kill();
    store = new ToldStore();
    await store.mustDo({ do: 'open', directory });
    await expectAllAcknowledged();
    expect(await store.mustDo({ do: 'verify' })).toMatchObject({ ok: true });
  });

  test('refuses to open a store with a code, and the store opens once there is space', async () => {
    await store.kill();
    store = new ToldStore();
    store.limitFileBytes(16);
    const refused = await store.mustFail({ do: 'open', directory });
    // LevelDB does not say why it cannot write.
    expect(['FULL', 'IO']).toContain(refused.code);
    expect(refused.message).toMatch(/disk is full|no space is left/);
    store.limitFileBytes('unlimited');
    await store.mustDo({ do: 'open', directory });
    await expectAllAcknowledged();
  });

  test('stops a compaction with FULL, loses nothing, and then space comes back', async () => {
    // Of a file with four large objects three go: compaction copies what is left of it.
    for (let i = 0; i < 4; i++) await upload(`large-${i}`, 60 + i, 2_000_000);
    for (let i = 0; i < 3; i++) {
      await store.mustDo({ do: 'remove', name: `large-${i}` });
      acknowledged.delete(`large-${i}`);
    }
    store.limitFileBytes(500_000);
    const refused = await store.mustFail({ do: 'compact' });
    expect(refused.code).toBe('FULL');
    expect(refused.message).toMatch(/no space is left; free some and reopen/);
    await expectAllAcknowledged();
    await expectHealedByReopening();
    const report = await store.mustDo({ do: 'compact' });
    expect((report as { reclaimedBytes: number }).reclaimedBytes).toBeGreaterThan(5_000_000);
    await expectAllAcknowledged();
    expect(await store.mustDo({ do: 'verify' })).toMatchObject({ ok: true });
  });
});
