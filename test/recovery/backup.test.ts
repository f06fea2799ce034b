/**
 * What a backup is made of, what it does with a folder that is there already, and which folders it
 * must not touch. On a real disk, with real links and a real index.
 */

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import type { BackupResult } from '../../src/engine/maintenance/backup.ts';
import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';
import type { Platform } from '../../src/engine/platform/platform.ts';
import type { UploadRequest } from '../../src/engine/requests.ts';
import { generatedBytes } from '../support/content.ts';
import { stateOf } from '../support/recorded-life.ts';
import { withFlippedBit } from '../support/stored-files.ts';
import { complaintsAbout, smallChunking, upload } from '../support/test-engine.ts';

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

async function open(directory: string, platform: Platform = nodePlatform()): Promise<Engine> {
  const inlineBytesMax = 8192;
  const how = { createIfMissing: true, chunking: smallChunking, inlineBytesMax };
  return Engine.open({ platform, directory, ...how });
}

/** A session: small content, which goes to the journal, and large, which goes to a segment. */
async function write(engine: Engine, seed: number): Promise<void> {
  const bucket = await engine.ensureBucket('notes', { versioned: true });
  await upload(engine, bucket, `small-${seed}`, generatedBytes(seed, 600));
  await upload(engine, bucket, `large-${seed}`, generatedBytes(seed + 1000, 50_000));
}

async function session(seed: number): Promise<void> {
  const engine = await open(store);
  await write(engine, seed);
  await engine.close();
}

async function backUp(platform?: Platform): Promise<BackupResult> {
  const engine = await open(store, platform);
  try {
    return await engine.backup(target, {});
  } finally {
    await engine.close();
  }
}

/** Opens a folder, looks at everything, and closes it. */
async function stateIn(directory: string): Promise<string> {
  const engine = await open(directory);
  const state = await stateOf(engine);
  expect(await complaintsAbout(engine)).toEqual([]);
  await engine.close();
  return state;
}

async function expectBackupToBeWhole(): Promise<void> {
  expect(await stateIn(target)).toBe(await stateIn(store));
}

const logFilesOf = (directory: string): string[] =>
  ['journal', 'segments'].flatMap((kind) =>
    readdirSync(join(directory, kind)).map((name) => join(kind, name)),
  );

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
    await session(1);
    await session(2);
    const { bytes, sharedBytes, keptBytes } = await backUp();
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
    await session(1);
    const { fileSystem } = nodePlatform();
    const refuse = (): Promise<never> =>
      Promise.reject(Object.assign(new Error('not here'), { code: 'EPERM' }));
    const unlinked: FileSystem = { ...fileSystem, link: refuse, clone: refuse };
    const engine = await open(store, { ...nodePlatform(), fileSystem: unlinked });
    await write(engine, 2);
    expect(await engine.backup(target, {})).toMatchObject({ sharedBytes: 0, keptBytes: 0 });
    await engine.close();
    rmSync(join(store, 'index'), { recursive: true });
    for (const path of logFilesOf(target)) {
      expect(inodeOf(join(target, path))).not.toBe(inodeOf(join(store, path)));
    }
    expect(await stateIn(target)).toBe(await stateIn(store));
  });

  test('shares by a clone where there are no links', async () => {
    await session(1);
    await session(2);
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
    const { sharedBytes } = await backUp({ ...nodePlatform(), fileSystem: cloning });
    expect(sharedBytes).toBeGreaterThan(100_000);
    expect(clones.length).toBeGreaterThan(2);
    await expectBackupToBeWhole();
  });

  test('may be taken again, and then copies only what is new', async () => {
    await session(1);
    const first = await backUp();
    await session(2);
    const second = await backUp();
    expect(second.keptBytes).toBeGreaterThan(50_000);
    expect(second.bytes).toBeGreaterThan(first.bytes + 50_000);
    expect(second.bytes - second.sharedBytes).toBeLessThan(20_000);
    await expectBackupToBeWhole();
    const third = await backUp();
    expect(third).toEqual({ ...second, sharedBytes: third.keptBytes, keptBytes: third.keptBytes });
    await expectBackupToBeWhole();
  });

  test('loses the files that the store has retired, and takes its snapshot', async () => {
    await session(1);
    await session(2);
    await backUp();
    const before = logFilesOf(target);
    const engine = await open(store);
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
    const engine = await open(store);
    await write(engine, 1);
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
    const reader = await open(target);
    await reader.totals();
    expect(await complaintsAbout(reader)).toEqual([]);
    await reader.close();
    expect(logFilesOf(target)).toEqual(before);
    expect(existsSync(join(target, 'index'))).toBe(true);

    await session(2);
    await backUp();
    expect(existsSync(join(target, 'index'))).toBe(false);
    await expectBackupToBeWhole();
  });

  test('replaces a file of the backup before that is too short, or ends otherwise', async () => {
    await session(1);
    await backUp();
    const whole = readFileSync(firstSegment());
    rmSync(firstSegment());
    for (const sizeBytes of [0, 100, 512, whole.length - 1]) {
      writeFileSync(firstSegment(), whole.subarray(0, sizeBytes));
      await backUp();
      expect(readFileSync(firstSegment()).equals(whole)).toBe(true);
      rmSync(firstSegment());
    }
    writeFileSync(firstSegment(), withFlippedBit(whole, (whole.length - 1) * 8));
    await backUp();
    expect(readFileSync(firstSegment()).equals(whole)).toBe(true);
    await expectBackupToBeWhole();
  });

  test('that is aborted leaves the one before, and nothing of itself', async () => {
    await session(1);
    await backUp();
    const state = await stateIn(target);
    const names = readdirSync(target);
    await session(2);
    const engine = await open(store);
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
    await session(1);
    const engine = await open(store);
    const told: string[] = [];
    const { files } = await engine.backup(target, {
      onProgress: ({ done, total }) => told.push(`${done}/${total}`),
    });
    await engine.close();
    expect(told).toEqual([1, 2, 3].map((done) => `${done}/${files}`));
  });
});

describe('a backup is refused, and changes nothing,', () => {
  /** The whole folder: every file, and what is in it. */
  const contentsOf = (directory: string): string[] =>
    (readdirSync(directory, { recursive: true }) as string[])
      .filter((name) => !name.startsWith('index') && name !== 'OWNER')
      .sort()
      .map((name) => {
        const path = join(directory, name);
        return statSync(path).isDirectory()
          ? name
          : `${name} ${readFileSync(path).toString('hex')}`;
      });

  async function expectRefusal(code: string, refusing = backUp): Promise<void> {
    const before = contentsOf(target);
    await expect(refusing()).rejects.toMatchObject({ code });
    expect(contentsOf(target)).toEqual(before);
  }

  test('into a folder with something else in it', async () => {
    await session(1);
    mkdirSync(target);
    writeFileSync(join(target, 'letter.txt'), 'dear');
    await expectRefusal('INVALID');
    expect(readdirSync(target)).toEqual(['letter.txt']);
    target = join(target, 'letter.txt');
    await expect(backUp()).rejects.toMatchObject({ code: 'INVALID' });
  });

  test('into itself', async () => {
    await session(1);
    target = store;
    await expectRefusal('INVALID');
  });

  test('into another store, a copy of this one, and a store that somebody has open', async () => {
    await session(1);
    cpSync(store, target, { recursive: true });
    await expectRefusal('INVALID');
    rmSync(target, { recursive: true });
    await (await open(target)).close();
    await expectRefusal('INVALID');
    const other = await open(target);
    await expectRefusal('LOCKED');
    await other.close();
  });

  test('into a backup that was written to', async () => {
    await session(1);
    await backUp();
    const engine = await open(target);
    await write(engine, 5);
    await engine.close();
    await session(2);
    await expectRefusal('INVALID');
  });

  test('into a backup that was written to, though its files could be retired ones', async () => {
    await session(1);
    await backUp();
    const fork = await open(target);
    await fork.ensureBucket('other', {});
    await fork.close();
    expect(logFilesOf(target)).toContain(join('journal', '00000003.vj'));
    const engine = await open(store);
    const notes = await engine.ensureBucket('notes', {});
    await upload(engine, notes, 'large', generatedBytes(9, 50_000));
    await engine.close();
    expect(logFilesOf(store)).toContain(join('segments', '00000003.vs'));
    await expectRefusal('INVALID');
  });

  test('into a backup of another store', async () => {
    await session(1);
    await backUp();
    rmSync(store, { recursive: true });
    await session(1);
    await expectRefusal('INVALID');
  });

  test('into a backup of a backup that was written to', async () => {
    await session(1);
    await backUp();
    const [original, fork] = [store, target];
    store = fork;
    await session(5);
    target = join(folder, 'backup of the fork');
    await backUp();
    store = original;
    await expectRefusal('INVALID');
    // As many sessions, as many files, with the same numbers.
    await session(6);
    await expectRefusal('INVALID');
    await session(7);
    await expectRefusal('INVALID');
  });

  test('into a backup that is newer than the store', async () => {
    await session(1);
    const old = join(folder, 'old');
    cpSync(store, old, { recursive: true });
    await session(2);
    await backUp();
    rmSync(store, { recursive: true });
    cpSync(old, store, { recursive: true });
    await expectRefusal('INVALID');
    await session(3);
    await expectRefusal('INVALID');
  });

  test('into a backup whose last commits the store has lost', async () => {
    const engine = await open(store);
    await write(engine, 1);
    await engine.backup(target, {});
    await engine.close();
    const journal = join(store, 'journal', '00000001.vj');
    truncateSync(journal, statSync(join(target, 'journal', '00000001.vj')).size - 512);
    rmSync(join(store, 'index'), { recursive: true });
    await expectRefusal('INVALID');
  });

  test('into one whose VARVE file, or a header, is damaged', async () => {
    await session(1);
    await backUp();
    const header = readFileSync(firstSegment());
    rmSync(firstSegment());
    writeFileSync(firstSegment(), withFlippedBit(header, 8 * 60));
    await expectRefusal('CORRUPT');
    writeFileSync(join(target, 'VARVE'), 'no slot');
    await expectRefusal('CORRUPT');
  });
});
