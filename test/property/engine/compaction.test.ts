/**
 * Compaction changes where things lie, and nothing else: whatever life a store has had, what it
 * holds is the same afterwards, and after any way of opening it again; and the space is given back.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import { generatedBytes } from '../../support/content.ts';
import { arbitraryLife, live } from '../../support/random-life.ts';
import { stateOf } from '../../support/recorded-life.ts';
import {
  fileSystemWith,
  mustGetFile,
  pathsIn,
  readFiles,
  withFile,
  withFlippedBit,
  type StoredFiles,
} from '../../support/stored-files.ts';
import {
  complaintsAbout,
  openEngine,
  openFrom,
  storeFolder,
  testPlatform,
  upload,
} from '../../support/test-engine.ts';

function logBytes(files: StoredFiles): number {
  return [...pathsIn(files, 'journal'), ...pathsIn(files, 'segments')]
    .map((path) => files.get(path)?.length ?? 0)
    .reduce((sum, size) => sum + size, 0);
}

async function restarted(fileSystem: MemoryFileSystem): Promise<Engine> {
  return openFrom(await fileSystemWith(storeFolder, await readFiles(fileSystem, storeFolder)));
}

describe('compaction', () => {
  test('changes nothing that can be asked, before and after reopening', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryLife, arbitraryLife, fc.boolean(), async (life, later, close) => {
        const fileSystem = new MemoryFileSystem();
        const engine = await openEngine(testPlatform({ fileSystem }));
        await live(engine, life);
        await engine.totals();
        const [before, totals] = [await stateOf(engine), await engine.totals()];
        await engine.compact({});
        expect(await stateOf(engine)).toBe(before);
        expect(await engine.totals()).toEqual(totals);
        expect(await complaintsAbout(engine)).toEqual([]);
        const reopened = await restarted(fileSystem);
        expect(await stateOf(reopened)).toBe(before);
        expect(await reopened.totals()).toEqual(totals);
        expect(await complaintsAbout(reopened)).toEqual([]);

        await live(reopened, later);
        await reopened.compact({});
        const after = await stateOf(reopened);
        if (close) await reopened.close();
        expect(await complaintsAbout(engine)).toEqual([]);
        await engine.close();
        if (!close) expect(await stateOf(reopened)).toBe(after);
      }),
      { numRuns: 60 },
    );
  });

  test('while others write and read, loses nothing of either', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryLife, arbitraryLife, async (life, meanwhile) => {
        const fileSystem = new MemoryFileSystem();
        const engine = await openEngine(testPlatform({ fileSystem }));
        await live(engine, life);
        await Promise.all([engine.compact({}), live(engine, meanwhile), engine.compact({})]);
        expect(await complaintsAbout(engine)).toEqual([]);
        const state = await stateOf(engine);
        const totals = await engine.totals();
        const reopened = await restarted(fileSystem);
        expect(await stateOf(reopened)).toBe(state);
        expect(await reopened.totals()).toEqual(totals);
        expect(await complaintsAbout(reopened)).toEqual([]);
        await engine.close();
        await reopened.close();
      }),
      { numRuns: 60 },
    );
  });

  test('gives back what it says is reclaimable', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await openEngine(testPlatform({ fileSystem }));
    const bucket = await engine.ensureBucket('b', {});
    for (let i = 0; i < 30; i++) {
      await upload(engine, bucket, `large ${i}`, generatedBytes(i, 40_000));
      await upload(engine, bucket, `small ${i}`, generatedBytes(1000 + i, 3000));
    }
    for (let i = 0; i < 30; i += 2) {
      await engine.remove(bucket, `large ${i}`);
      await engine.remove(bucket, `small ${i}`);
    }
    const reclaimable = await engine.reclaimableBytes();
    expect(reclaimable).toBeGreaterThan(15 * 43_000);
    const before = logBytes(await readFiles(fileSystem, storeFolder));
    const { reclaimedBytes } = await engine.compact({});
    const after = logBytes(await readFiles(fileSystem, storeFolder));
    expect(reclaimedBytes).toBeGreaterThanOrEqual(reclaimable);
    // The commits of compaction itself, and what fills sectors.
    expect(before - after).toBeGreaterThan(reclaimable * 0.97);
    const { storedBytes } = await engine.totals();
    expect(after).toBeLessThan(storedBytes * 1.05);
    expect(await engine.reclaimableBytes()).toBeLessThan(storedBytes * 0.02);
    await engine.close();
  });

  test.each([
    ['small', 3000],
    ['large', 40_000],
  ])('needs the snapshot only without an index, once %s content was moved', async (_, size) => {
    const fileSystem = new MemoryFileSystem();
    const engine = await openEngine(testPlatform({ fileSystem }));
    const bucket = await engine.ensureBucket('b', {});
    for (let i = 0; i < 4; i++) await upload(engine, bucket, 'a', generatedBytes(i, size));
    await engine.compact({});
    const state = await stateOf(engine);
    await engine.close();
    const files = await readFiles(fileSystem, storeFolder);
    const [snapshot = ''] = pathsIn(files, 'snapshots');
    const without = await fileSystemWith(storeFolder, withFile(files, snapshot, undefined));
    if (pathsIn(files, 'journal').includes('journal/00000001.vj')) {
      // The journal is whole: it still says where everything went.
      const rebuilt = await openFrom(without);
      expect(await stateOf(rebuilt)).toBe(state);
      await rebuilt.close();
    } else {
      await expect(openFrom(without)).rejects.toMatchObject({ code: 'CORRUPT' });
    }
    expect(pathsIn(files, 'journal').includes('journal/00000001.vj')).toBe(size > 8192);
  });

  test('writes a snapshot anew that has rotted; verify says that it has', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await openEngine(testPlatform({ fileSystem }));
    const bucket = await engine.ensureBucket('b', {});
    for (let i = 0; i < 4; i++) await upload(engine, bucket, 'a', generatedBytes(i, 3000));
    await engine.compact({});
    await engine.close();
    const files = await readFiles(fileSystem, storeFolder);
    const [path = ''] = pathsIn(files, 'snapshots');
    const rotten = withFlippedBit(mustGetFile(files, path), 8 * 600);

    const whole = await fileSystemWith(storeFolder, files);
    const opened = await openFrom(whole);
    expect(await complaintsAbout(opened)).toEqual([]);
    const file = await whole.open(`${storeFolder}/${path}`, 'update');
    await file.write([rotten], 0);
    await file.close();
    expect(await complaintsAbout(opened)).toEqual([expect.stringContaining('snapshot is damaged')]);
    await opened.compact({});
    expect(await complaintsAbout(opened)).toEqual([]);
    await opened.close();
  });
});
