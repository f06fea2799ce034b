/**
 * What a backup is made of, and what it does with an earlier one. On a real disk, with real links
 * and a real index.
 */

import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';
import type { UploadRequest } from '../../src/engine/requests.ts';
import { generatedBytes } from '../support/content.ts';
import { withFlippedBit } from '../support/stored-files.ts';
import {
  backUp,
  logFilesOf,
  openOnDisk,
  stateIn,
  writeBoth,
  writeSession,
} from '../support/stores-on-disk.ts';
import { complaintsAbout, upload } from '../support/test-engine.ts';

let folder: string;
let store: string;
let target: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-backup-'));
  store = join(folder, 'store');
  target = join(folder, 'backup');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function expectBackupToBeWhole(): Promise<void> {
  expect(await stateIn(target)).toBe(await stateIn(store));
}

/** An upload that has its content leased, and does not end before it is told to. */
function held(content: Uint8Array): Pick<UploadRequest, 'body' | 'onProgress'> & {
  readonly isLeased: Promise<void>;
  readonly end: () => void;
} {
  let onProgress = (): void => undefined;
  let end = (): void => undefined;
  const isLeased = new Promise<void>((resolve) => (onProgress = resolve));
  const isOver = new Promise<void>((resolve) => (end = resolve));
  async function* body(): AsyncGenerator<Uint8Array> {
    yield content;
    await isOver;
  }
  return { body: body(), onProgress, isLeased, end };
}

const inodeOf = (path: string): number => statSync(path).ino;

/** The segment of the first session: finished, and in the backup. */
const firstSegment = (): string => join(target, 'segments', '00000002.vs');

describe('a backup', () => {
  test('shares finished files, but never the journal file that its opening writes to', async () => {
    await writeSession(store, 1);
    await writeSession(store, 2);
    const { bytes, sharedBytes, keptBytes } = await backUp(store, target);
    expect(keptBytes).toBe(0);
    expect(sharedBytes).toBeGreaterThan(100_000);
    expect(bytes).toBeGreaterThan(sharedBytes);
    const shared = logFilesOf(target).filter(
      (path) => inodeOf(join(target, path)) === inodeOf(join(store, path)),
    );
    const newest = logFilesOf(store)
      .filter((path) => path.endsWith('.vj'))
      .at(-1);
    expect(shared).toEqual(logFilesOf(store).filter((path) => path !== newest));
    await expectBackupToBeWhole();
  });

  test('copies what is still being written, and what cannot be shared', async () => {
    await writeSession(store, 1);
    const { fileSystem } = nodePlatform();
    const refuse = (): Promise<never> =>
      Promise.reject(Object.assign(new Error('not here'), { code: 'EPERM' }));
    const unlinked: FileSystem = { ...fileSystem, link: refuse, clone: refuse };
    const engine = await openOnDisk(store, { ...nodePlatform(), fileSystem: unlinked });
    await writeBoth(engine, 2);
    expect(await engine.backup(target, {})).toMatchObject({ sharedBytes: 0, keptBytes: 0 });
    await engine.close();
    rmSync(join(store, 'index'), { recursive: true });
    for (const path of logFilesOf(target)) {
      expect(inodeOf(join(target, path))).not.toBe(inodeOf(join(store, path)));
    }
    expect(await stateIn(target)).toBe(await stateIn(store));
  });

  test('shares by a clone where there are no links', async () => {
    await writeSession(store, 1);
    await writeSession(store, 2);
    const { fileSystem } = nodePlatform();
    const clones: string[] = [];
    const cloning: FileSystem = {
      ...fileSystem,
      link: () => Promise.reject(Object.assign(new Error('not here'), { code: 'EMLINK' })),
      clone: async (from, to) => {
        clones.push(to);
        cpSync(from, to);
      },
    };
    const { sharedBytes } = await backUp(store, target, { ...nodePlatform(), fileSystem: cloning });
    expect(sharedBytes).toBeGreaterThan(100_000);
    expect(clones.length).toBeGreaterThan(2);
    await expectBackupToBeWhole();
  });

  test('may be taken again, and then copies only what is new', async () => {
    await writeSession(store, 1);
    const first = await backUp(store, target);
    await writeSession(store, 2);
    const second = await backUp(store, target);
    expect(second.keptBytes).toBeGreaterThan(50_000);
    expect(second.bytes).toBeGreaterThan(first.bytes + 50_000);
    expect(second.bytes - second.sharedBytes).toBeLessThan(20_000);
    await expectBackupToBeWhole();
    const third = await backUp(store, target);
    expect(third).toEqual({ ...second, sharedBytes: third.keptBytes, keptBytes: third.keptBytes });
    await expectBackupToBeWhole();
  });

  test('loses the files that the store has retired, and takes its snapshot', async () => {
    await writeSession(store, 1);
    await writeSession(store, 2);
    await backUp(store, target);
    const before = logFilesOf(target);
    const engine = await openOnDisk(store);
    const notes = await engine.ensureBucket('notes', {});
    for (const { name, version } of await engine.versions.versions(notes.id, {}, 100)) {
      if (name !== 'small-1') await engine.purge(notes, name, version.lsn);
    }
    expect((await engine.compact({})).reclaimedBytes).toBeGreaterThan(100_000);
    const { sharedBytes } = await engine.backup(target, {});
    expect(sharedBytes).toBeGreaterThan(0);
    expect(logFilesOf(target)).toEqual(logFilesOf(store));
    // What is left of the content lies there.
    const stayed = before.filter((path) => existsSync(join(target, path)));
    expect(stayed).toEqual([join('journal', '00000001.vj')]);
    expect(readdirSync(join(target, 'snapshots'))).toEqual(readdirSync(join(store, 'snapshots')));
    await upload(engine, notes, 'later', 'x');
    await engine.compact({});
    await engine.backup(target, {});
    await engine.close();
    expect(readdirSync(join(target, 'snapshots'))).toHaveLength(1);
    await expectBackupToBeWhole();
  });

  test('that was opened and read is still one, and has no old index afterwards', async () => {
    const engine = await openOnDisk(store);
    await writeBoth(engine, 1);
    const notes = engine.bucket('notes');
    if (notes === undefined) throw new Error('the bucket was made');
    // Something dead that is not free yet: somebody is about to upload it again.
    const content = generatedBytes(7, 5000);
    const { lsn } = await upload(engine, notes, 'dead', content);
    const later = held(content);
    const again = engine.upload({ bucket: notes, name: 'dead', durability: 'os', ...later });
    await later.isLeased;
    await engine.purge(notes, 'dead', lsn);
    await engine.backup(target, {});
    later.end();
    await again;
    await engine.close();

    const before = logFilesOf(target);
    const reader = await openOnDisk(target);
    await reader.totals();
    expect(await complaintsAbout(reader)).toEqual([]);
    await reader.close();
    expect(logFilesOf(target)).toEqual(before);
    expect(existsSync(join(target, 'index'))).toBe(true);

    await writeSession(store, 2);
    await backUp(store, target);
    expect(existsSync(join(target, 'index'))).toBe(false);
    await expectBackupToBeWhole();
  });

  test('replaces a file of the backup before that is too short, or ends otherwise', async () => {
    await writeSession(store, 1);
    await backUp(store, target);
    const whole = readFileSync(firstSegment());
    rmSync(firstSegment());
    for (const sizeBytes of [0, 100, 512, whole.length - 1]) {
      writeFileSync(firstSegment(), whole.subarray(0, sizeBytes));
      await backUp(store, target);
      expect(readFileSync(firstSegment()).equals(whole)).toBe(true);
      rmSync(firstSegment());
    }
    writeFileSync(firstSegment(), withFlippedBit(whole, (whole.length - 1) * 8));
    await backUp(store, target);
    expect(readFileSync(firstSegment()).equals(whole)).toBe(true);
    await expectBackupToBeWhole();
  });

  test('that is aborted leaves the one before, and nothing of itself', async () => {
    await writeSession(store, 1);
    await backUp(store, target);
    const state = await stateIn(target);
    const names = readdirSync(target);
    await writeSession(store, 2);
    const engine = await openOnDisk(store);
    const controller = new AbortController();
    const onProgress = (): void => {
      controller.abort();
    };
    const { signal } = controller;
    await expect(engine.backup(target, { signal, onProgress })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    await engine.close();
    expect(readdirSync(target)).toEqual(names);
    expect(await stateIn(target)).toBe(state);
  });

  test('tells how far it is', async () => {
    await writeSession(store, 1);
    const engine = await openOnDisk(store);
    const told: string[] = [];
    const { files } = await engine.backup(target, {
      onProgress: ({ done, total }) => told.push(`${done}/${total}`),
    });
    await engine.close();
    expect(told).toEqual([1, 2, 3].map((done) => `${done}/${files}`));
  });
});
