/**
 * Which folders a backup must not touch: what is no backup of the store, or is one no more. It
 * would destroy what is there.
 */

import {
  cpSync,
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
import { generatedBytes } from '../support/content.ts';
import { withFlippedBit } from '../support/stored-files.ts';
import {
  backUp,
  logFilesOf,
  openOnDisk,
  writeBoth,
  writeSession,
} from '../support/stores-on-disk.ts';
import { upload } from '../support/test-engine.ts';

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

/** The segment of the first session: finished, and in the backup. */
const firstSegment = (): string => join(target, 'segments', '00000002.vs');

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

  async function expectRefusal(code: string): Promise<void> {
    const before = contentsOf(target);
    await expect(backUp(store, target)).rejects.toMatchObject({ code });
    expect(contentsOf(target)).toEqual(before);
  }

  test('into a folder with something else in it', async () => {
    await writeSession(store, 1);
    mkdirSync(target);
    writeFileSync(join(target, 'letter.txt'), 'dear');
    await expectRefusal('INVALID');
    expect(readdirSync(target)).toEqual(['letter.txt']);
    target = join(target, 'letter.txt');
    await expect(backUp(store, target)).rejects.toMatchObject({ code: 'INVALID' });
  });

  test('into itself', async () => {
    await writeSession(store, 1);
    target = store;
    await expectRefusal('INVALID');
  });

  test('into another store, a copy of this one, and a store that somebody has open', async () => {
    await writeSession(store, 1);
    cpSync(store, target, { recursive: true });
    await expectRefusal('INVALID');
    rmSync(target, { recursive: true });
    await (await openOnDisk(target)).close();
    await expectRefusal('INVALID');
    const other = await openOnDisk(target);
    await expectRefusal('LOCKED');
    await other.close();
  });

  test('into a backup that was written to', async () => {
    await writeSession(store, 1);
    await backUp(store, target);
    const engine = await openOnDisk(target);
    await writeBoth(engine, 5);
    await engine.close();
    await writeSession(store, 2);
    await expectRefusal('INVALID');
  });

  test('into a backup that was written to, though its files could be retired ones', async () => {
    await writeSession(store, 1);
    await backUp(store, target);
    const fork = await openOnDisk(target);
    await fork.ensureBucket('other', {});
    await fork.close();
    expect(logFilesOf(target)).toContain(join('journal', '00000003.vj'));
    const engine = await openOnDisk(store);
    const notes = await engine.ensureBucket('notes', {});
    await upload(engine, notes, 'large', generatedBytes(9, 50_000));
    await engine.close();
    expect(logFilesOf(store)).toContain(join('segments', '00000003.vs'));
    await expectRefusal('INVALID');
  });

  test('into a backup of another store', async () => {
    await writeSession(store, 1);
    await backUp(store, target);
    rmSync(store, { recursive: true });
    await writeSession(store, 1);
    await expectRefusal('INVALID');
  });

  test('into a backup of a backup that was written to', async () => {
    await writeSession(store, 1);
    await backUp(store, target);
    const [original, fork] = [store, target];
    store = fork;
    await writeSession(store, 5);
    target = join(folder, 'backup of the fork');
    await backUp(store, target);
    store = original;
    await expectRefusal('INVALID');
    // As many sessions, as many files, with the same numbers.
    await writeSession(store, 6);
    await expectRefusal('INVALID');
    await writeSession(store, 7);
    await expectRefusal('INVALID');
  });

  test('into a backup that is newer than the store', async () => {
    await writeSession(store, 1);
    const old = join(folder, 'old');
    cpSync(store, old, { recursive: true });
    await writeSession(store, 2);
    await backUp(store, target);
    rmSync(store, { recursive: true });
    cpSync(old, store, { recursive: true });
    await expectRefusal('INVALID');
    await writeSession(store, 3);
    await expectRefusal('INVALID');
  });

  test('into a backup whose last commits the store has lost', async () => {
    const engine = await openOnDisk(store);
    await writeBoth(engine, 1);
    await engine.backup(target, {});
    await engine.close();
    const journal = join(store, 'journal', '00000001.vj');
    truncateSync(journal, statSync(join(target, 'journal', '00000001.vj')).size - 512);
    rmSync(join(store, 'index'), { recursive: true });
    await expectRefusal('INVALID');
  });

  test('into one whose VARVE file, or a header, is damaged', async () => {
    await writeSession(store, 1);
    await backUp(store, target);
    const header = readFileSync(firstSegment());
    rmSync(firstSegment());
    writeFileSync(firstSegment(), withFlippedBit(header, 8 * 60));
    await expectRefusal('CORRUPT');
    writeFileSync(join(target, 'VARVE'), 'no slot');
    await expectRefusal('CORRUPT');
  });
});
