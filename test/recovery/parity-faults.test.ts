/**
 * Parity is a help, never a hindrance: whatever the disk refuses it, the store goes on, and parity
 * is made when the disk is well again.
 */

import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import type { BucketRecord } from '../../src/engine/model.ts';
import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { generatedBytes } from '../support/content.ts';
import { FaultyFileSystem, type FaultyCall } from '../support/faulty-file-system.ts';
import { LimitedVolume } from '../support/limited-volume.ts';
import { pathsIn, readFiles } from '../support/stored-files.ts';
import {
  TestClock,
  complaintsAbout,
  contentOf,
  smallChunking,
  storeFolder,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

async function open(
  fileSystem: FileSystem,
  { reserveBytes = 0, clock = new TestClock() } = {},
): Promise<Engine> {
  return Engine.open({
    platform: testPlatform({ fileSystem, clock }),
    directory: storeFolder,
    createIfMissing: true,
    chunking: smallChunking,
    inlineBytesMax: 4096,
    parity: { every: 4 },
    reserveBytes,
  });
}

const large = generatedBytes(1, 12_000);

/** Every way in which parity is written, read, replaced and removed. Nothing in it may fail. */
async function live(fileSystem: FileSystem): Promise<void> {
  for (const session of [1, 2]) {
    const engine = await open(fileSystem);
    const bucket = await engine.ensureBucket('notes', {});
    await upload(engine, bucket, 'a', large.subarray(session));
    await upload(engine, bucket, `b-${session}`, `text ${session}`);
    await upload(engine, bucket, 'a', 'no more');
    await upload(engine, bucket, 'd', 'no more');
    await engine.compact({});
    await upload(engine, bucket, `c-${session}`, large.subarray(500 * session));
    await upload(engine, bucket, 'd', generatedBytes(2, 30_000));
    await engine.close();
  }
}

async function numbersOf(fileSystem: FileSystem): Promise<{ log: string[]; parity: string[] }> {
  const files = await readFiles(fileSystem, storeFolder);
  const numbers = (folder: string): string[] =>
    pathsIn(files, folder).map((path) => path.slice(folder.length + 1));
  const log = [...numbers('journal'), ...numbers('segments')];
  const withoutEnding = (name: string): string => name.replace(/\.\w+$/, '');
  return { log: log.map(withoutEnding).sort(), parity: numbers('parity').map(withoutEnding) };
}

describe('a store with parity', () => {
  test.each<FaultyCall>(['open', 'read', 'write', 'sync', 'syncDirectory', 'rename', 'remove'])(
    'goes on when a call of parity fails: %s',
    async (call) => {
      const path = /parity/;
      const counted = new FaultyFileSystem();
      await live(counted);
      const count = counted.countOf(call, path);
      expect(count).toBeGreaterThan(0);
      for (const isLasting of [false, true]) {
        for (let after = 0; after < count; after++) {
          const fileSystem = new FaultyFileSystem();
          const code = after % 2 === 0 ? 'EIO' : 'ENOSPC';
          fileSystem.failOn({ call, path, after, code, isLasting });
          await live(fileSystem);
          fileSystem.heal();
          const engine = await open(fileSystem);
          await engine.parity.complete();
          expect(await complaintsAbout(engine)).toEqual([]);
          const bucket = engine.bucket('notes') as BucketRecord;
          for (const session of [1, 2]) {
            const version = await engine.versions.current(bucket.id, `c-${session}`);
            const content = version === undefined ? undefined : await contentOf(engine, version);
            expect(content).toEqual(large.slice(500 * session));
          }
          await engine.close();
          const { log, parity } = await numbersOf(fileSystem);
          expect(parity).toEqual(log);
        }
      }
    },
  );

  test('goes on when the log cannot be read for it', async () => {
    const fileSystem = new FaultyFileSystem();
    await live(fileSystem);
    await fileSystem.removeTree(`${storeFolder}/parity`);
    const engine = await open(fileSystem);
    fileSystem.failOn({ call: 'sync', path: /journal|segments/, code: 'EIO', isLasting: true });
    await engine.parity.complete();
    fileSystem.heal();
    expect((await numbersOf(fileSystem)).parity).toEqual([]);
    await upload(engine, await engine.ensureBucket('notes', {}), 'late', 'goes on');
    await engine.parity.complete();
    await engine.close();
    const { log, parity } = await numbersOf(fileSystem);
    expect(parity).toEqual(log);
  });

  test('leaves the reserve of the volume alone, and makes parity when there is room', async () => {
    const reserveBytes = 300_000;
    const volume = new LimitedVolume(2_000_000);
    const engine = await open(volume, { reserveBytes });
    const bucket = await engine.ensureBucket('notes', {});
    await upload(engine, bucket, 'a', generatedBytes(2, 100_000));
    await engine.close();
    await volume.removeTree(`${storeFolder}/parity`);
    volume.othersBytes = (await volume.leftBytes()) - reserveBytes - 10_000;
    const full = await open(volume, { reserveBytes });
    await full.parity.complete();
    const made = (await numbersOf(volume)).parity.length;
    expect(made).toBeLessThan((await numbersOf(volume)).log.length);
    expect(await volume.leftBytes()).toBeGreaterThanOrEqual(reserveBytes);
    await upload(full, bucket, 'small', 'still welcome');
    volume.othersBytes = 0;
    await full.close();
    const again = await open(volume, { reserveBytes });
    await again.parity.complete();
    await again.close();
    const { log, parity } = await numbersOf(volume);
    expect(parity).toEqual(log);
  });

  test('makes parity in the background, with pauses, of files as they are finished', async () => {
    const fileSystem = new MemoryFileSystem();
    await live(fileSystem);
    await fileSystem.removeTree(`${storeFolder}/parity`);
    const clock = new TestClock();
    const engine = await open(fileSystem, { clock });
    const before = (await numbersOf(fileSystem)).log;
    let pauses = 0;
    while ((await numbersOf(fileSystem)).parity.length < before.length) {
      expect(pauses++).toBeLessThan(1000);
      clock.runScheduled();
      await clock.yield();
    }
    expect(pauses).toBeGreaterThan(before.length);
    await engine.close();
  });

  test('is closed at once while parity is made in the background', async () => {
    const fileSystem = new MemoryFileSystem();
    await live(fileSystem);
    await fileSystem.removeTree(`${storeFolder}/parity`);
    const clock = new TestClock();
    const engine = await open(fileSystem, { clock });
    clock.runScheduled();
    await engine.close();
    expect((await numbersOf(fileSystem)).parity).toEqual([]);
  });
});
