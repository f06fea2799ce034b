/**
 * A damaged journal: how far it is whole, and what behind the damage proves itself.
 */

import { beforeEach, describe, expect, test } from 'vitest';
import { commitExtension, frameHeaderBytes } from '../../../../src/engine/log/frame.ts';
import type { LogFiles } from '../../../../src/engine/log/log-files.ts';
import { findBeginning, provableGroups } from '../../../../src/engine/log/salvage.ts';
import { nativeHashing } from '../../../../src/engine/platform/native-hashing.ts';
import { FaultyFileSystem } from '../../../support/faulty-file-system.ts';
import { commit, logFilesOn, lsnsOf, makeJournal } from '../../../support/journal-files.ts';

const { crc32 } = nativeHashing;
const perFile = 5;

let disk: FaultyFileSystem;
let files: LogFiles;
/** Where each commit lies: the first file has LSNs 1 to 5, the next 6 to 10, the last 11 to 15. */
let places: { fileId: number; offset: number }[];
let ends: number[];

async function overwrite(fileId: number, at: number, bytes: Uint8Array): Promise<void> {
  const file = await disk.open(files.path(fileId), 'update');
  await file.write([bytes], at);
  await file.close();
}

/** Damages the commit of an LSN: its head, so that it cannot be found, or what it holds. */
async function damage(lsn: number, what: 'head' | 'payload'): Promise<void> {
  const { fileId, offset } = places[lsn - 1] as { fileId: number; offset: number };
  const within =
    what === 'head' ? commitExtension.firstLsn.offset : commitExtension.selfCheck.offset + 12;
  await overwrite(fileId, offset + frameHeaderBytes + within, Uint8Array.of(0xee, 0xee));
}

const beginning = (from?: number): ReturnType<typeof findBeginning> =>
  findBeginning(
    files,
    crc32,
    from === undefined
      ? undefined
      : { position: places[from - 1] as (typeof places)[0], lsn: from },
  );

beforeEach(async () => {
  disk = new FaultyFileSystem();
  files = await logFilesOn(disk);
  [places, ends] = [[], []];
  let before: Awaited<ReturnType<typeof makeJournal>> | undefined;
  for (const fileId of [1, 2, 3]) {
    const firstLsn = (fileId - 1) * perFile + 1;
    const writer = await makeJournal(files, fileId, firstLsn, before);
    for (let at = 0; at < perFile; at++) {
      places.push(commit(writer, firstLsn + at));
      await writer.sync();
    }
    ends.push(writer.end);
    await writer.close();
    before = writer;
  }
});

describe('the whole beginning', () => {
  test('is all of it where nothing is damaged, with and without a snapshot', async () => {
    const end = { fileId: 3, end: ends[2] };
    expect(await beginning()).toMatchObject({ end, lastLsn: 15, damage: undefined });
    expect(await beginning(7)).toMatchObject({ end, lastLsn: 15, damage: undefined });
    expect(await beginning(15)).toMatchObject({ end, lastLsn: 15, damage: undefined });
  });

  test('needs nothing before the commit of a snapshot, and that', async () => {
    await files.discard(1);
    expect(await beginning(7)).toMatchObject({ lastLsn: 15, damage: undefined });
    expect((await beginning()).damage).toMatch(/journal file 1 is missing/);
    await damage(7, 'head');
    expect((await beginning(7)).damage).toMatch(/journal file 2 is damaged at/);
    await files.discard(2);
    const found = await beginning(7);
    expect(found).toMatchObject({ end: { fileId: 0 }, lastLsn: 7 });
    expect(found.damage).toMatch(/journal file 2, which the snapshot needs, is missing/);
  });

  test('ends with the last commit before damage', async () => {
    await damage(8, 'payload');
    const found = await beginning();
    expect(found).toMatchObject({ end: { fileId: 2, end: places[7]?.offset }, lastLsn: 7 });
    expect(found.damage).toMatch(/journal file 2 is damaged at/);
  });

  test.each([
    ['a torn beginning is what a crash leaves of the newest file', 3, undefined],
    ['a torn beginning of any other is damage', 2, /the header of journal file 2 is damaged/],
  ])('%s', async (_, fileId, expected) => {
    const path = files.path(fileId);
    await disk.remove(path);
    const file = await disk.open(path, 'create');
    await file.write([new Uint8Array(100)], 0);
    await file.close();
    const { damage: found, lastLsn } = await beginning();
    expect(lastLsn).toBe((fileId - 1) * perFile);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(expected);
  });
});

describe('behind damage', () => {
  const provable = (
    fileId: number,
    range: Parameters<typeof provableGroups>[3],
  ): Promise<number[]> => lsnsOf(provableGroups(files, crc32, fileId, range));
  const offsetOf = (lsn: number): number => places[lsn - 1]?.offset as number;

  test('every whole commit is found, over one hole and another', async () => {
    await damage(7, 'head');
    await damage(9, 'head');
    expect(await provable(2, { damagedAt: offsetOf(7) })).toEqual([8, 10]);
    // At first nothing is known to be damaged.
    expect(await provable(2, {})).toEqual([6, 8, 10]);
  });

  test('a commit whose payload is damaged is passed over', async () => {
    await damage(7, 'payload');
    expect(await provable(2, { damagedAt: offsetOf(7) })).toEqual([8, 9, 10]);
    await damage(10, 'payload');
    expect(await provable(2, { damagedAt: offsetOf(7) })).toEqual([8, 9]);
  });

  test('nothing counts that ends behind where the next file says that this one did', async () => {
    await damage(7, 'head');
    await damage(9, 'head');
    expect(await provable(2, { damagedAt: offsetOf(7), end: offsetOf(10) + 20 })).toEqual([8]);
    expect(await provable(2, { damagedAt: offsetOf(7), end: offsetOf(7) })).toEqual([]);
  });

  test('a commit that says what cannot be is passed over', async () => {
    const writer = await makeJournal(files, 4, 16);
    commit(writer, 16);
    const head = { firstLsn: 17, operationCount: 1, durableEnd: writer.durableEnd };
    writer.appendCommit(head, new Uint8Array(20).fill(0xff));
    commit(writer, 18);
    await writer.sync();
    expect(await provable(4, {})).toEqual([16, 18]);
  });

  test('a file without a header proves nothing, and says so', async () => {
    await overwrite(2, 0, new Uint8Array(64));
    await expect(provable(2, {})).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  test('a read that fails is no damage', async () => {
    await damage(7, 'payload');
    await damage(9, 'head');
    const all = async (): Promise<void> => {
      const found = await beginning();
      await provable(2, { damagedAt: found.end.end });
    };
    const before = disk.countOf('read');
    await all();
    const reads = disk.countOf('read') - before;
    await files.close();
    for (let after = 0; after < reads; after++) {
      disk.failOn({ call: 'read', after, code: 'EIO' });
      await expect(all()).rejects.toMatchObject({ code: 'IO' });
      disk.heal();
      await files.close();
    }
    expect(reads).toBeGreaterThan(5);
  });
});
