/**
 * Whatever happens in a store, in whatever order: its totals are exact, its references keep what is
 * used and nothing else, and what is rebuilt from its log is what it was.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import { arbitraryLife, everyLockIsOverMs, live } from '../../support/random-life.ts';
import { stateOf } from '../../support/recorded-life.ts';
import { fileSystemWith, readFiles } from '../../support/stored-files.ts';
import {
  complaintsAbout,
  everythingIn,
  openEngine,
  openFrom,
  storeFolder,
  TestClock,
  testPlatform,
} from '../../support/test-engine.ts';

describe('any life of a store', () => {
  test('leaves totals that count out, and no version without its content', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryLife, async (life) => {
        const engine = await openEngine(testPlatform());
        await live(engine, life);
        expect(await complaintsAbout(engine)).toEqual([]);
        await engine.close();
      }),
      { numRuns: 60 },
    );
  });

  test('is the same when it is rebuilt from the log, after a close or without one', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryLife, fc.boolean(), async (life, isClosed) => {
        const fileSystem = new MemoryFileSystem();
        const engine = await openEngine(testPlatform({ fileSystem }));
        await live(engine, life);
        const totals = await engine.totals();
        const state = await stateOf(engine);
        if (isClosed) await engine.close();
        const files = await readFiles(fileSystem, storeFolder);
        const rebuilt = await openFrom(await fileSystemWith(storeFolder, files));
        expect(await stateOf(rebuilt)).toBe(state);
        expect(await rebuilt.totals()).toEqual(totals);
        expect(await complaintsAbout(rebuilt)).toEqual([]);
        await rebuilt.close();
      }),
      { numRuns: 40 },
    );
  });

  test('holds nothing any more once every version has been purged', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryLife, async (life) => {
        const clock = new TestClock();
        const engine = await openEngine(testPlatform({ clock }));
        await live(engine, life);
        clock.timeMs = everyLockIsOverMs;
        const before = await engine.totals();
        const reclaimableBefore = await engine.reclaimableBytes();
        for (const { bucket, name, lsn } of await everythingIn(engine)) {
          const record = engine.bucket(bucket);
          if (record !== undefined) await engine.purge(record, name, lsn);
        }
        const after = await engine.totals();
        expect(Object.values(after)).toEqual(Object.values(after).map(() => 0));
        const reclaimable = await engine.reclaimableBytes();
        expect(reclaimable).toBe(reclaimableBefore + before.storedBytes);
        for (const { name } of engine.buckets()) await engine.deleteBucket(name);
        await engine.close();
      }),
      { numRuns: 40 },
    );
  });
});
