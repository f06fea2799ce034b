/**
 * What was given out once is never given out again: version numbers, file numbers, bucket numbers.
 * And times go forward, whatever the clock does.
 */

import { describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { FaultyFileSystem } from '../support/faulty-file-system.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { fileSystemWith, pathsIn, type StoredFiles } from '../support/stored-files.ts';
import {
  openEngine,
  openFrom,
  storeFolder,
  TestClock,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

/** Opens what a power cut left, with a memory for what will be left the next time. */
async function reopen(left: StoredFiles): Promise<{ engine: Engine; disk: FaultyFileSystem }> {
  const disk = new FaultyFileSystem(await fileSystemWith(storeFolder, left));
  // What survived is on the disk, and so are its names.
  for (const path of left.keys()) {
    const file = await disk.open(`${storeFolder}/${path}`, 'read');
    await file.sync();
    await file.close();
  }
  const folders = left.size === 0 ? [] : ['', '/journal', '/segments'];
  for (const folder of folders) {
    await disk.makeDirectory(storeFolder + folder);
    await disk.syncDirectory(storeFolder + folder);
  }
  return { engine: await openFrom(disk), disk };
}

describe('version numbers', () => {
  test('are never given out twice, though power cuts lose what was not synced', async () => {
    const given = new Set<number>();
    let count = 0;
    const note = (lsn: number): void => {
      expect(given).not.toContain(lsn);
      given.add(lsn);
      count++;
    };
    const first = new FaultyFileSystem();
    const maker = await openEngine(testPlatform({ fileSystem: first }));
    const bucket = await maker.ensureBucket('b', {});
    note((await upload(maker, bucket, 'safe', 'x')).lsn);
    await maker.close();

    let left = first.survivors(storeFolder);
    for (let round = 0; round < 4; round++) {
      const { engine, disk } = await reopen(left);
      for (let i = 0; i < 3; i++) note((await upload(engine, bucket, `${i}`, 'x', 'os')).lsn);
      left = disk.survivors(storeFolder);
    }
    expect(given.size).toBe(count);
  });

  test('follow each other without a gap when the store was closed', async () => {
    const fileSystem = new MemoryFileSystem();
    const lsns: number[] = [];
    for (let round = 0; round < 3; round++) {
      const engine = await openFrom(fileSystem);
      const bucket = await engine.ensureBucket('b', {});
      lsns.push((await upload(engine, bucket, 'name', `${round}`)).lsn);
      await engine.close();
    }
    expect(Math.max(...lsns)).toBeLessThan(20);
  });
});

describe('file numbers', () => {
  test('only rise, over ends of every kind', async () => {
    let left: StoredFiles = new Map();
    let highest = 0;
    for (let round = 0; round < 5; round++) {
      const { engine, disk } = await reopen(left);
      const bucket = await engine.ensureBucket('b', {});
      const before = new Set(left.keys());
      await upload(engine, bucket, `${round}`, 'x');
      if (round % 2 === 0) await engine.close();
      left = disk.survivors(storeFolder);
      const made = pathsIn(left, 'journal').filter((path) => !before.has(path));
      for (const path of made) {
        const id = Number(/(\d+)\.vj$/.exec(path)?.[1]);
        expect(id).toBeGreaterThan(highest);
        highest = id;
      }
      expect(made).toHaveLength(1);
    }
  });
});

describe('bucket numbers', () => {
  test('are not used again when the bucket is gone', async () => {
    const fileSystem = new MemoryFileSystem();
    const ids: number[] = [];
    for (let round = 0; round < 3; round++) {
      const engine = await openFrom(fileSystem);
      ids.push((await engine.ensureBucket('b', {})).id);
      await engine.deleteBucket('b');
      await engine.close();
    }
    expect(ids).toEqual([1, 2, 3]);
  });
});

describe('version times', () => {
  test('never go back, though the clock does, also between openings', async () => {
    const clock = new TestClock();
    const fileSystem = new MemoryFileSystem();
    const times: number[] = [];
    for (const setTo of [1_000, 5_000, 2_000, 0, 6_000, 3_000]) {
      clock.timeMs = setTo;
      const engine = await openEngine(testPlatform({ fileSystem, clock }));
      const bucket = await engine.ensureBucket('b', { versioned: true });
      times.push((await upload(engine, bucket, 'name', `${setTo}`)).timeMs);
      await engine.close();
    }
    expect(times).toEqual([1_000, 5_000, 5_000, 5_000, 6_000, 6_000]);
  });
});
