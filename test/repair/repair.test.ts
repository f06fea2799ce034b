/**
 * Damage that a person can do by hand, and what repair makes of it: the store opens, nothing that
 * could be saved is lost, what is lost is named, and nothing was deleted.
 */

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore, repairStore, type RepairReport } from '../../src/index.ts';
import { generatedBytes } from '../support/content.ts';

let folder: string;
let store: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-repair-'));
  store = join(folder, 'store');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const large = generatedBytes(1, 1_500_000);
const larger = generatedBytes(2, 1_000_000);

/** Three sessions, so that there are several files of each kind; the last one is the newest. */
async function makeStore(): Promise<void> {
  for (const session of [1, 2, 3]) {
    const opened = await openStore(store);
    const notes = opened.bucket('notes', { versioned: true });
    await notes.upload('each', `session ${session}`, { metadata: { session: `${session}` } });
    await notes.upload(`only-${session}`, `text of session ${session}`);
    const files = opened.bucket('files');
    await files.upload(`large-${session}`, session === 1 ? large : larger.subarray(session));
    if (session === 3) await files.remove('large-2');
    await opened.close();
  }
}

/** Every name with its newest content; what cannot be read is `damaged`. */
async function contents(): Promise<Record<string, string>> {
  const opened = await openStore(store, { mustExist: true });
  const found: Record<string, string> = {};
  for await (const { name: bucketName } of opened.buckets()) {
    const bucket = opened.bucket(bucketName);
    for await (const { name, etag } of bucket.list()) {
      const content = await bucket.download(name).catch(() => undefined);
      found[`${bucketName}/${name}`] = content === undefined ? 'damaged' : etag;
    }
  }
  await opened.close();
  return found;
}

const logFiles = (kind: 'journal' | 'segments'): string[] =>
  readdirSync(join(store, kind))
    .sort()
    .map((name) => join(store, kind, name));

function overwrite(path: string, from: number, bytes: Uint8Array): void {
  const content = readFileSync(path);
  content.set(bytes, from);
  writeFileSync(path, content);
}

const zeros = (byteCount: number): Uint8Array => new Uint8Array(byteCount);

/** Every file of the truth, by its content: what repair may move and never delete. */
function truth(): Set<string> {
  const files = new Set<string>();
  for (const path of readdirSync(store, { recursive: true, encoding: 'utf8' })) {
    const full = join(store, path);
    if (/^(index|OWNER)/.test(path) || !statSync(full).isFile()) continue;
    if (/\.v[js](\.\d+)?$|VARVE$/.test(path)) files.add(readFileSync(full).toString('base64'));
  }
  return files;
}

/** Says first what it would do, changing nothing; then does it, deleting nothing. */
async function repairOnce(options = {}): Promise<RepairReport> {
  const before = truth();
  const beforeFiles = readdirSync(store, { recursive: true, encoding: 'utf8' }).sort();
  const dry = await repairStore(store, { ...options, dryRun: true });
  expect(readdirSync(store, { recursive: true, encoding: 'utf8' }).sort()).toEqual(beforeFiles);
  expect(truth()).toEqual(before);
  const report = await repairStore(store, options);
  expect(withoutWords(dry)).toEqual(withoutWords(report));
  const after = truth();
  for (const content of before) {
    // The VARVE file and the newest journal file are written to by any opening.
    const isKept = [...after].some((other) => other === content || other.startsWith(content));
    if (!isKept) expect(Buffer.from(content, 'base64').length).toBe(8192);
  }
  return report;
}

/** What a dry run says is what the run does; where the index is a witness, in other words. */
function withoutWords(report: RepairReport): object {
  const { actions: _, problems: __, lost, ...rest } = report;
  const byCommit = lost.filter(({ reason }) => reason === 'its commit is lost');
  const names = lost.filter((version) => !byCommit.includes(version)).map(({ name }) => name);
  return { ...rest, ok: byCommit.length > 0 || rest.ok, names };
}

/** A second repair has nothing to do, and verify has no more to say than the repair had. */
async function expectSettled(report: RepairReport): Promise<void> {
  const again = await repairStore(store);
  expect(again.actions).toEqual([]);
  expect(again.quarantined).toEqual([]);
  const opened = await openStore(store);
  const { damaged, problems } = await opened.verify();
  expect(damaged.map(({ name }) => name).sort()).toEqual(again.lost.map(({ name }) => name).sort());
  if (report.ok) expect([...damaged, ...problems]).toEqual([]);
  await opened.bucket('notes').upload('afterwards', 'can be written to');
  await opened.close();
}

test('a store that is whole stays as it is', async () => {
  await makeStore();
  const before = await contents();
  const report = await repairOnce();
  expect(report).toMatchObject({ ok: true, actions: [], quarantined: [], renewed: 0, lost: [] });
  expect(await contents()).toEqual(before);
});

test('a folder without a store is refused', async () => {
  await expect(repairStore(store)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(repairStore(folder)).rejects.toMatchObject({ code: 'CORRUPT' });
});

test('a store that is open is refused', async () => {
  const opened = await openStore(store);
  await expect(repairStore(store)).rejects.toMatchObject({ code: 'LOCKED' });
  await opened.close();
});

describe('nothing is lost when', () => {
  test('the index was deleted', async () => {
    await makeStore();
    const before = await contents();
    rmSync(join(store, 'index'), { recursive: true });
    const report = await repairOnce();
    expect(report.ok).toBe(true);
    expect(await contents()).toEqual(before);
  });

  test.each([true, false])('the VARVE file is zeros (else gone: %s)', async (isGone) => {
    await makeStore();
    const before = await contents();
    if (isGone) rmSync(join(store, 'VARVE'));
    else writeFileSync(join(store, 'VARVE'), zeros(8192));
    const report = await repairOnce();
    expect(report.ok).toBe(true);
    expect(await contents()).toEqual(before);
    await expectSettled(report);
  });

  test('two segments were swapped', async () => {
    await makeStore();
    const before = await contents();
    const [first = '', second = ''] = logFiles('segments');
    renameSync(first, join(folder, 'x'));
    renameSync(second, first);
    renameSync(join(folder, 'x'), second);
    expect(Object.values(await contents())).toContain('damaged');
    const report = await repairOnce();
    expect(report.ok).toBe(true);
    expect(await contents()).toEqual(before);
    await expectSettled(report);
  });

  test('two journal files were swapped', async () => {
    await makeStore();
    const before = await contents();
    const [first = '', second = ''] = logFiles('journal');
    renameSync(first, join(folder, 'x'));
    renameSync(second, first);
    renameSync(join(folder, 'x'), second);
    const report = await repairOnce();
    expect(report.ok).toBe(true);
    expect(await contents()).toEqual(before);
    await expectSettled(report);
  });

  test('files are there twice, and one of another store', async () => {
    await makeStore();
    const before = await contents();
    const other = await openStore(join(folder, 'other'));
    await other.bucket('b').upload('large', large);
    await other.close();
    copyFileSync(logFiles('segments')[0] ?? '', join(store, 'segments', '00000077.vs'));
    copyFileSync(logFiles('journal')[1] ?? '', join(store, 'journal', '00000078.vj'));
    copyFileSync(join(folder, 'other/segments/00000002.vs'), join(store, 'segments/00000079.vs'));
    const report = await repairOnce();
    expect(report.ok).toBe(true);
    expect(report.quarantined.map(({ file }) => file).sort()).toEqual([
      'journal/00000078.vj',
      'segments/00000077.vs',
      'segments/00000079.vs',
    ]);
    expect(existsSync(join(store, 'quarantine/segments/00000077.vs.txt'))).toBe(true);
    expect(await contents()).toEqual(before);
    await expectSettled(report);
  });

  test('the header of a segment is zeros', async () => {
    await makeStore();
    const before = await contents();
    overwrite(logFiles('segments')[0] ?? '', 0, zeros(512));
    const report = await repairOnce();
    expect(report.ok).toBe(true);
    expect(await contents()).toEqual(before);
    await expectSettled(report);
  });
});

describe('what is lost is named, and the rest is there, when', () => {
  test.each([false, true])(
    'a page of a segment is zeros (index deleted: %s)',
    async (isDeleted) => {
      await makeStore();
      const before = await contents();
      overwrite(logFiles('segments')[0] ?? '', 300_000, zeros(4096));
      if (isDeleted) rmSync(join(store, 'index'), { recursive: true });
      const report = await repairOnce();
      expect(report.lost.map(({ name }) => name)).toEqual(['large-1']);
      expect(await contents()).toEqual({ ...before, 'files/large-1': 'damaged' });
      await expectSettled(report);
      // The same content heals it.
      const opened = await openStore(store);
      await opened.bucket('notes').upload('again', large);
      expect((await opened.bucket('files').download('large-1')).equals(large)).toBe(true);
      await opened.close();
    },
  );

  test.each([false, true])('a segment is missing (index deleted: %s)', async (isDeleted) => {
    await makeStore();
    const before = await contents();
    rmSync(logFiles('segments')[0] ?? '');
    if (isDeleted) rmSync(join(store, 'index'), { recursive: true });
    const report = await repairOnce();
    expect(report.lost.map(({ name }) => name)).toEqual(['large-1']);
    expect(await contents()).toEqual({ ...before, 'files/large-1': 'damaged' });
    await expectSettled(report);
  });

  test.each([false, true])('all but heads of nodes is zeros (drop: %s)', async (dropDamaged) => {
    await makeStore();
    const before = await contents();
    const path = logFiles('segments')[0] ?? '';
    overwrite(path, statSync(path).size - 8192, zeros(8192));
    rmSync(join(store, 'index'), { recursive: true });
    const report = await repairOnce({ dropDamaged });
    const named = dropDamaged ? report.dropped : report.lost;
    expect(named.map(({ name }) => name)).toEqual(['large-1']);
    const { 'files/large-1': _, ...others } = before;
    const rest = dropDamaged ? others : { ...others, 'files/large-1': 'damaged' };
    expect(await contents()).toEqual(rest);
    expect(report.ok).toBe(dropDamaged);
    await expectSettled(report);
  });
});

describe('a journal that is damaged is cut, and what is behind is made anew, when', () => {
  test('it has a hole in the middle of its first file', async () => {
    await makeStore();
    const before = await contents();
    const [first = ''] = logFiles('journal');
    // Within the first groups: buckets and the first upload.
    overwrite(first, 600, zeros(700));
    rmSync(join(store, 'index'), { recursive: true });
    await expect(openStore(store)).rejects.toMatchObject({ code: 'CORRUPT' });
    const report = await repairOnce();
    expect(report.renewed).toBeGreaterThan(5);
    const after = await contents();
    for (const name of ['each', 'only-2', 'only-3']) {
      expect(Object.entries(after).find(([key]) => key.endsWith(`/${name}`))?.[1]).toBe(
        before[`notes/${name}`],
      );
    }
    expect(Object.values(after)).toContain(before['files/large-1']);
    expect(Object.values(after)).toContain(before['files/large-3']);
    await expectSettled(report);
  });

  test.each([0, 1, 2])('its file %i is missing', async (place) => {
    await makeStore();
    const before = await contents();
    rmSync(logFiles('journal')[place] ?? '');
    rmSync(join(store, 'index'), { recursive: true });
    const report = await repairOnce();
    const after = Object.values(await contents());
    for (const session of [0, 1, 2]) {
      if (session === place) continue;
      expect(after).toContain(before[`notes/only-${session + 1}`]);
    }
    await expectSettled(report);
  });

  test('a file in the middle was cut short', async () => {
    await makeStore();
    const before = await contents();
    const [, second = ''] = logFiles('journal');
    truncateSync(second, 512);
    rmSync(join(store, 'index'), { recursive: true });
    const report = await repairOnce();
    const after = await contents();
    expect(after['notes/only-1']).toBe(before['notes/only-1']);
    expect(after['notes/only-3']).toBe(before['notes/only-3']);
    expect(after['notes/only-2']).toBeUndefined();
    await expectSettled(report);
  });

  test('nothing can name what was in it: then it says so, and not that all is well', async () => {
    await makeStore();
    const before = await contents();
    overwrite(logFiles('journal').at(-1) as string, 512, new Uint8Array(512));
    rmSync(join(store, 'index'), { recursive: true });
    const report = await repairStore(store);
    expect(report.ok).toBe(false);
    expect(report.lost).toEqual([]);
    expect(report.problems).toEqual([expect.stringContaining('that cannot be named')]);
    const after = await contents();
    expect(Object.keys(after).length).toBeLessThanOrEqual(Object.keys(before).length);
    // Once it is said, the store is whole as it is.
    expect(await repairStore(store)).toMatchObject({ ok: true });
  });

  test('its last file was cut short, which the index knows', async () => {
    await makeStore();
    truncateSync(logFiles('journal').at(-1) ?? '', 512);
    await expect(openStore(store)).rejects.toMatchObject({ code: 'CORRUPT' });
    const report = await repairOnce();
    const names = report.lost.map(({ name }) => name).sort();
    expect(names).toEqual(['each', 'large-3', 'only-3']);
    const after = await contents();
    expect(Object.keys(after).sort()).toEqual(
      ['each', 'only-1', 'only-2']
        .map((name) => `notes/${name}`)
        .concat('files/large-1', 'files/large-2')
        .sort(),
    );
    await expectSettled({ ...report, ok: true });
  });

  test('the header of a file in the middle is zeros', async () => {
    await makeStore();
    const before = await contents();
    overwrite(logFiles('journal')[1] ?? '', 0, zeros(100));
    rmSync(join(store, 'index'), { recursive: true });
    const report = await repairOnce();
    const after = await contents();
    expect(after['notes/only-1']).toBe(before['notes/only-1']);
    expect(after['notes/only-3']).toBe(before['notes/only-3']);
    await expectSettled(report);
  });
});

test('versions and their ids before the damage stay, and no id is given out twice', async () => {
  await makeStore();
  const ids = async (): Promise<string[]> => {
    const opened = await openStore(store);
    const found: string[] = [];
    for await (const { version } of opened.bucket('notes').versions()) found.push(version);
    await opened.close();
    return found;
  };
  const before = await ids();
  cpSync(store, join(folder, 'copy'), { recursive: true });
  const [, second = ''] = logFiles('journal');
  truncateSync(second, 512);
  rmSync(join(store, 'index'), { recursive: true });
  await repairStore(store);
  const after = await ids();
  const kept = after.filter((id) => before.includes(id));
  expect(kept).toHaveLength(2);
  const renewed = after.filter((id) => !before.includes(id));
  for (const id of renewed) expect(before.every((other) => other < id)).toBe(true);
});
