/**
 * When retention works by itself, and what the committer refuses it.
 */

import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import type { BucketRecord, RetentionRule } from '../../../src/engine/model.ts';
import { openEngine, TestClock, testPlatform, upload } from '../../support/test-engine.ts';

interface Opened {
  readonly engine: Engine;
  readonly clock: TestClock;
  readonly bucket: BucketRecord;
}

async function openWith(
  retention: RetentionRule | null,
  fileSystem = new MemoryFileSystem(),
): Promise<Opened> {
  const clock = new TestClock();
  const engine = await openEngine(testPlatform({ clock, fileSystem }));
  const bucket = await engine.ensureBucket('b', { versioned: true, retention });
  return { engine, clock, bucket };
}

/** The versions of a name, newest first: their numbers, and `-` for a delete marker. */
async function historyOf({ engine, bucket }: Opened): Promise<(number | '-')[]> {
  const entries = await engine.versions.versions(bucket.id, {}, 100);
  return entries.map(({ version }) => (version.kind === 'object' ? version.sizeBytes : '-'));
}

/** Versions of 1, 2, 3 … bytes under one name. */
async function uploadVersions({ engine, bucket }: Opened, count: number): Promise<void> {
  for (let size = 1; size <= count; size++) await upload(engine, bucket, 'a', 'x'.repeat(size));
}

/** Lets the background work until it waits for a later time. */
async function workInBackground({ engine, clock }: Opened): Promise<void> {
  clock.runScheduled();
  for (let i = 0; i < 200; i++) await clock.yield();
  await engine.sync();
}

describe('in the background', () => {
  test('a version goes when it was superseded, after a moment', async () => {
    const opened = await openWith({ keepLast: 2 });
    await uploadVersions(opened, 4);
    expect(await historyOf(opened)).toEqual([4, 3, 2, 1]);
    await workInBackground(opened);
    expect(await historyOf(opened)).toEqual([4, 3]);
    await uploadVersions(opened, 1);
    await workInBackground(opened);
    expect(await historyOf(opened)).toEqual([1, 4]);
    await opened.engine.close();
  });

  test('a version goes when its time has come, though nothing is committed', async () => {
    const opened = await openWith({ keepForMs: 1000 });
    await uploadVersions(opened, 2);
    await opened.engine.remove(opened.bucket, 'a');
    await workInBackground(opened);
    expect(await historyOf(opened)).toEqual(['-', 2, 1]);
    opened.clock.timeMs += 1000;
    await workInBackground(opened);
    expect(await historyOf(opened)).toEqual([]);
    await opened.engine.close();
  });

  test('nothing goes because the clock went back', async () => {
    const opened = await openWith({ keepForMs: 1000 });
    await uploadVersions(opened, 2);
    opened.clock.timeMs -= 1_000_000;
    await uploadVersions(opened, 3);
    await workInBackground(opened);
    expect(await historyOf(opened)).toEqual([3, 2, 1, 2, 1]);
    await opened.engine.close();
  });

  test('what a rule lets go of when it is set, and when the store is opened', async () => {
    const fileSystem = new MemoryFileSystem();
    const opened = await openWith(null, fileSystem);
    await uploadVersions(opened, 3);
    await workInBackground(opened);
    expect(await historyOf(opened)).toEqual([3, 2, 1]);
    await opened.engine.ensureBucket('b', { retention: { keepLast: 2 } });
    await workInBackground(opened);
    expect(await historyOf(opened)).toEqual([3, 2]);
    await opened.engine.ensureBucket('b', { retention: { keepLast: 1 } });
    await opened.engine.close();

    const clock = new TestClock();
    const engine = await openEngine(testPlatform({ clock, fileSystem }));
    const again = { engine, clock, bucket: engine.bucket('b') as BucketRecord };
    expect(again.bucket.retention).toEqual({ keepLast: 1 });
    expect(await historyOf(again)).toEqual([3, 2]);
    await workInBackground(again);
    expect(await historyOf(again)).toEqual([3]);
    await engine.close();
  });

  test('nothing goes any more once the rule is turned off, or the store is closed', async () => {
    const opened = await openWith({ keepLast: 1 });
    await uploadVersions(opened, 3);
    await opened.engine.ensureBucket('b', { retention: null });
    expect(opened.engine.bucket('b')).not.toHaveProperty('retention');
    await workInBackground(opened);
    expect(await historyOf(opened)).toEqual([3, 2, 1]);
    await opened.engine.ensureBucket('b', { retention: { keepLast: 1 } });
    await opened.engine.close();
    opened.clock.runScheduled();
    for (let i = 0; i < 20; i++) await opened.clock.yield();
  });
});

describe('the committer lets retention remove', () => {
  const prune = async (
    { engine, bucket }: Opened,
    lsn: number,
    rule: RetentionRule | undefined,
  ): Promise<string> => {
    const change = { kind: 'prune', bucketId: bucket.id, name: 'a', lsn, rule } as const;
    const result = await engine.versions.commit(change, undefined, 'os');
    return result.outcome === 'conflict' ? result.reason : result.outcome;
  };

  test('no current version, and no delete marker that hides something', async () => {
    const opened = await openWith({ keepLast: 1 });
    const { engine, bucket } = opened;
    const first = await upload(engine, bucket, 'a', 'x');
    expect(await prune(opened, first.lsn, undefined)).toBe('notFound');
    await engine.remove(bucket, 'a');
    expect(await prune(opened, first.lsn + 1, undefined)).toBe('precondition');
    expect(await prune(opened, first.lsn, undefined)).toBe('done');
    expect(await prune(opened, first.lsn + 1, undefined)).toBe('done');
    expect(await historyOf(opened)).toEqual([]);
    await engine.close();
  });

  test('nothing that is locked, by the clock and not by the times of versions', async () => {
    const opened = await openWith({ keepLast: 1 });
    const { engine, bucket, clock } = opened;
    const first = await upload(engine, bucket, 'a', 'x');
    await upload(engine, bucket, 'a', 'xx');
    const untilMs = clock.timeMs + 1000;
    await engine.lock(bucket, 'a', first.lsn, untilMs);
    // The clock was ahead for a moment, and something was written then.
    clock.timeMs = untilMs + 1;
    await upload(engine, bucket, 'other', 'x');
    clock.timeMs = untilMs - 1;
    expect(await prune(opened, first.lsn, undefined)).toBe('locked');
    await expect(engine.purge(bucket, 'a', first.lsn)).rejects.toMatchObject({
      code: 'VERSION_LOCKED',
    });
    clock.timeMs = untilMs;
    expect(await prune(opened, first.lsn, undefined)).toBe('done');
    await engine.close();
  });

  test('nothing by a rule that has been changed since', async () => {
    const opened = await openWith({ keepLast: 1 });
    const { engine, bucket } = opened;
    const first = await upload(engine, bucket, 'a', 'x');
    await upload(engine, bucket, 'a', 'xx');
    const followed = engine.bucket('b')?.retention;
    await engine.ensureBucket('b', { public: true });
    await engine.ensureBucket('b', { retention: { keepLast: 2 } });
    expect(await prune(opened, first.lsn, followed)).toBe('precondition');
    expect(await prune(opened, first.lsn, engine.bucket('b')?.retention)).toBe('done');
    await engine.close();
  });
});
