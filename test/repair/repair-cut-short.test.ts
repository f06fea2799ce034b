/**
 * A repair that is cut short anywhere, and done again: what it makes of the store is the same, and
 * nobody opens the store in between and finds less.
 *
 * It was not so: once the journal was cut the store opened, and the next repair found nothing to
 * do.
 */

import { describe, expect, test } from 'vitest';
import { ObjectsError } from '../../src/base/errors.ts';
import { repair } from '../../src/engine/maintenance/repair.ts';
import { generatedBytes } from '../support/content.ts';
import { FaultyFileSystem, type FaultyCall } from '../support/faulty-file-system.ts';
import {
  fileSystemWith,
  pathsIn,
  readFiles,
  withHole,
  type StoredFiles,
} from '../support/stored-files.ts';
import {
  everythingIn,
  openFrom,
  storeFolder,
  testPlatform,
  upload,
} from '../support/test-engine.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';

const damagedFile = 'journal/00000003.vj';

/** Four journal files, of which the second has a hole. */
async function makeDamagedStore(): Promise<StoredFiles> {
  const disk = new MemoryFileSystem();
  for (const session of [1, 2, 3, 4]) {
    const engine = await openFrom(disk);
    const kept = await engine.ensureBucket('kept', { versioned: true });
    const plain = await engine.ensureBucket('plain', {});
    for (const bucket of [kept, plain]) {
      await upload(engine, bucket, 'same name', `content of session ${session}`);
      await upload(engine, bucket, `of session ${session}`, generatedBytes(session, 9000));
    }
    await engine.close();
  }
  const files = await readFiles(disk, storeFolder);
  expect(pathsIn(files, 'journal')[1]).toBe(damagedFile);
  return withHole(files, damagedFile, 600, 1100);
}

/** What a store holds, whatever its versions are numbered. */
async function contentsIn(disk: FaultyFileSystem): Promise<string[]> {
  const files = await readFiles(disk, storeFolder);
  const engine = await openFrom(await fileSystemWith(storeFolder, files));
  const lines = await everythingIn(engine);
  await engine.close();
  return lines.map(({ bucket, name, isLatest, content }) =>
    [bucket, name, isLatest, content].join(' '),
  );
}

async function diskWith(files: StoredFiles): Promise<FaultyFileSystem> {
  return new FaultyFileSystem(await fileSystemWith(storeFolder, files));
}

const repairOn = (fileSystem: FaultyFileSystem): ReturnType<typeof repair> =>
  repair(testPlatform({ fileSystem }), storeFolder, {});

const calls: readonly FaultyCall[] = ['read', 'write', 'sync', 'syncDirectory', 'rename', 'remove'];

describe('a repair that is cut short', () => {
  test.each(calls)('at any %s, and done again, has made the same', async (call) => {
    const files = await makeDamagedStore();
    const whole = await diskWith(files);
    const { renewedCount } = await repairOn(whole);
    expect(renewedCount).toBe(8);
    const expected = await contentsIn(whole);
    const count = whole.countOf(call);
    expect(count).toBeGreaterThan(0);
    const step = Math.max(1, Math.floor(count / 24));
    for (let after = 0; after < count; after += step) {
      const disk = await diskWith(files);
      disk.failOn({ call, after, code: 'EIO', isLasting: true });
      disk.assumeSynced(storeFolder, files);
      await repairOn(disk).catch((error: unknown) => error);
      const { files: killed, synced } = await disk.crashed(storeFolder);
      for (const left of [killed, synced]) {
        const place = `${call} ${after}, ${left === killed ? 'killed' : 'power cut'}`;
        const next = await diskWith(left);
        const between = await contentsIn(next).catch((error: unknown) => error);
        if (!(between instanceof ObjectsError)) expect(between, place).toEqual(expected);
        else expect(between.code, place).toBe('CORRUPT');
        await repairOn(next);
        expect(await contentsIn(next), place).toEqual(expected);
        const again = await repairOn(next);
        expect(again).toMatchObject({ renewedCount: 0, lost: [], problems: [] });
      }
    }
  });
});
