/**
 * A store is verified in several runs: each goes on where the last one ended, whatever ended it and
 * whichever process it was, and together they look at everything.
 */

import { describe, expect, test } from 'vitest';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { Findings, VerifyOptions } from '../../src/engine/maintenance/findings.ts';
import { generatedBytes } from '../support/content.ts';
import {
  openEngine,
  smallChunking,
  storeFolder,
  testPlatform,
  TestClock,
  upload,
} from '../support/test-engine.ts';

const objectCount = 40;

async function makeStore(clock: TestClock = new TestClock()): Promise<{
  engine: Engine;
  fileSystem: MemoryFileSystem;
}> {
  const fileSystem = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem, clock }));
  const bucket = await engine.ensureBucket('b', { versioned: true });
  await upload(engine, bucket, 'large', generatedBytes(1, 30_000));
  for (let i = 1; i < objectCount; i++) await upload(engine, bucket, `${i}`, `content ${i}`);
  await engine.remove(bucket, '7');
  return { engine, fileSystem };
}

/** Runs until one comes to the end. */
async function runAll(engine: Engine, options: VerifyOptions): Promise<Findings[]> {
  const runs: Findings[] = [];
  do runs.push(await engine.verify(options));
  while (runs.at(-1)?.isComplete !== true && runs.length < 1000);
  return runs;
}

const sum = (runs: readonly Findings[], field: 'chunks' | 'versions' | 'percent'): number =>
  runs.reduce((total, run) => total + run[field], 0);

/** Files of every kind, each with parity, and a snapshot behind which the journal counts. */
async function makeLongStore(): Promise<Engine> {
  const fileSystem = new MemoryFileSystem();
  const open = (): Promise<Engine> =>
    Engine.open({
      platform: testPlatform({ fileSystem }),
      directory: storeFolder,
      createIfMissing: true,
      chunking: smallChunking,
      inlineBytesMax: 4096,
      compaction: 'manual',
      parity: { every: 4 },
    });
  for (const session of [1, 2, 3]) {
    const engine = await open();
    const bucket = await engine.ensureBucket('b', { versioned: true });
    for (let i = 0; i < 5; i++) await upload(engine, bucket, `${i}`, `content ${session} ${i}`);
    const gone = await upload(engine, bucket, 'large', generatedBytes(session, 30_000));
    if (session === 2) {
      await engine.purge(bucket, 'large', gone.lsn);
      await engine.compact({});
    }
    await engine.close();
  }
  return open();
}

describe('runs with a budget', () => {
  test.each([3, 10, 40])(
    'of %i per cent come to parity, and behind a snapshot',
    async (percent) => {
      const engine = await makeLongStore();
      const whole = await engine.verify({});
      const parityFiles = await engine.parity.protectedFiles();
      expect(parityFiles.length).toBeGreaterThan(2);
      for (let round = 0; round < 2; round++) {
        const runs = await runAll(engine, { percent });
        expect(sum(runs, 'chunks')).toBe(whole.chunks);
        expect(sum(runs, 'versions')).toBe(whole.versions);
        expect(runs.flatMap(({ problems }) => problems)).toEqual([]);
      }
      await engine.close();
    },
  );

  test('look at the parity of each file once', async () => {
    const engine = await makeLongStore();
    const asked: number[] = [];
    const { problemsOf } = engine.parity;
    engine.parity.problemsOf = async (fileId) => {
      asked.push(fileId);
      return problemsOf.call(engine.parity, fileId);
    };
    await runAll(engine, { percent: 3 });
    const ids = (await engine.parity.protectedFiles()).map(({ fileId }) => fileId);
    expect(asked).toEqual(ids);
    await engine.close();
  });

  test.each([7, 33, 100])('of %i per cent look at everything once', async (percent) => {
    const { engine } = await makeStore();
    const whole = await engine.verify({});
    for (let round = 0; round < 2; round++) {
      const runs = await runAll(engine, { percent });
      expect(runs.length).toBeGreaterThanOrEqual(Math.floor(100 / percent));
      expect(runs.length).toBeLessThanOrEqual(Math.ceil(100 / percent) + 2);
      expect(sum(runs, 'chunks')).toBe(whole.chunks);
      expect(sum(runs, 'versions')).toBe(whole.versions);
      expect(sum(runs, 'percent')).toBeGreaterThan(90);
      expect(runs.flatMap(({ problems }) => problems)).toEqual([]);
    }
    await engine.close();
  });

  test('of no time at all get on all the same', async () => {
    const { engine } = await makeStore();
    const whole = await engine.verify({});
    const runs = await runAll(engine, { maxMs: 0 });
    expect(runs.length).toBeGreaterThan(whole.chunks);
    expect(sum(runs, 'chunks')).toBe(whole.chunks);
    expect(sum(runs, 'versions')).toBe(whole.versions);
    await engine.close();
  });

  test('go on after one that was aborted', async () => {
    const { engine } = await makeStore();
    const whole = await engine.verify({});
    const stop = new AbortController();
    let seen = 0;
    const onProgress = (): void => {
      if (++seen === 20) stop.abort();
    };
    const aborted = engine.verify({ percent: 100, signal: stop.signal, onProgress });
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
    const rest = await engine.verify({ percent: 100 });
    expect(rest.isComplete).toBe(true);
    expect(rest.chunks).toBe(whole.chunks - 20);
    await engine.close();
  });

  test('end when the time is over', async () => {
    const clock = new TestClock();
    const { engine } = await makeStore(clock);
    const onProgress = (): void => {
      clock.timeMs += 1000;
    };
    const { chunks, isComplete } = await engine.verify({ maxMs: 5000, onProgress });
    expect([chunks, isComplete]).toEqual([5, false]);
    await engine.close();
  });

  test('name a version for a chunk that an earlier run found', async () => {
    const { engine, fileSystem } = await makeStore();
    const segment = await fileSystem.open(`${storeFolder}/segments/00000002.vs`, 'update');
    await segment.write([new Uint8Array(10)], 3000);
    await segment.close();
    const runs = await runAll(engine, { percent: 10 });
    expect(runs.flatMap(({ damaged }) => damaged.map(({ name }) => name))).toEqual(['large']);
    expect(runs.flatMap(({ problems }) => problems)).toHaveLength(1);
    await engine.close();
  });
});

test('a run without a budget always looks at everything', async () => {
  const { engine } = await makeStore();
  const whole = await engine.verify({});
  await engine.verify({ percent: 50 });
  const again = await engine.verify({});
  expect(again).toEqual(whole);
  expect(again.percent).toBe(100);
  await engine.close();
});
