/**
 * `optimize` in several runs: each takes about the time that it was given, goes on where the one
 * before it ended, and together they come to what one run does. What is done is not done again.
 */

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { leavesOf } from '../../../src/engine/chunk/manifest-tree.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import type { BucketRecord, ObjectVersion } from '../../../src/engine/model.ts';
import { nodePlatform } from '../../../src/engine/platform/machine.ts';
import { editedText } from '../../support/content.ts';
import {
  complaintsAbout,
  everythingIn,
  openEngine,
  TestClock,
  upload,
} from '../../support/test-engine.ts';

/** A chunk takes ten milliseconds. */
class WorkingClock extends TestClock {
  override yield(): Promise<void> {
    this.timeMs += 10;
    return super.yield();
  }
}

/** A store with its index in a folder, where it stays when the store is closed. */
async function open(folder: string): Promise<[Engine, BucketRecord, TestClock]> {
  const clock = new WorkingClock();
  const engine = await openEngine({ ...nodePlatform(), clock }, folder);
  return [engine, await engine.ensureBucket('kept', { versioned: true }), clock];
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-optimize-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'store');
}

/** Versions of some texts, each with another edit; two of the texts are one chunk. */
async function fill(engine: Engine, bucket: BucketRecord, edits: readonly number[]): Promise<void> {
  for (const edit of edits) {
    for (const [seed, size] of [
      [5, 6000],
      [6, 7000],
      [7, 300],
      [8, 400],
    ] as const) {
      await upload(engine, bucket, `text ${seed}`, editedText(seed, size, edit));
    }
  }
}

interface Run {
  readonly isComplete: boolean;
  readonly movedBytes: number;
  /** Chunks that were taken. */
  readonly taken: number;
}

async function run(engine: Engine, maxMs?: number): Promise<Run> {
  const doneBytes = new Set<number>();
  const total = (await engine.totals()).uniqueBytes;
  const { isComplete, movedBytes } = await engine.compact({
    optimize: true,
    maxMs,
    // Of a compaction the total is another.
    onProgress: (progress) => {
      if (progress.total === total) doneBytes.add(progress.done);
    },
  });
  return { isComplete, movedBytes, taken: doneBytes.size };
}

const edits = [1, 2, 3, 4, 5, 6];

async function optimizedAtOnce(): Promise<{ storedBytes: number; taken: number }> {
  const [engine, kept] = await open(await newFolder());
  await fill(engine, kept, edits);
  const { taken, isComplete } = await run(engine);
  expect(isComplete).toBe(true);
  const { storedBytes } = await engine.totals();
  await engine.close();
  return { storedBytes, taken };
}

/** How many frames are read for a chunk of a version, at most. */
async function readCostMaxOf(engine: Engine, { root, sizeBytes }: ObjectVersion): Promise<number> {
  const stage = engine.chunks.stage();
  const range = { start: 0, end: sizeBytes };
  let most = 0;
  for await (const { id } of leavesOf(root, sizeBytes, range, (node) => engine.chunks.read(node))) {
    await stage.has([id]);
    most = Math.max(most, (await stage.readCostOf(id)) ?? 0);
  }
  stage.release();
  return most;
}

describe('optimize', () => {
  test('has nothing to do where nothing has changed', async () => {
    const disk = await newFolder();
    const [engine, kept] = await open(disk);
    await fill(engine, kept, edits);
    expect((await run(engine)).taken).toBeGreaterThan(10);
    const nothing = { isComplete: true, movedBytes: 0, taken: 0 };
    expect(await run(engine)).toEqual(nothing);
    await engine.close();
    const [again] = await open(disk);
    expect(await run(again)).toEqual(nothing);
    await again.close();
  });

  test('ends when its time is up, and goes on there', async () => {
    const whole = await optimizedAtOnce();
    const disk = await newFolder();
    let [engine, kept, clock] = await open(disk);
    await fill(engine, kept, edits);
    const before = await everythingIn(engine);
    let [runs, taken, isComplete] = [0, 0, false];
    while (!isComplete) {
      const beganMs = clock.timeMs;
      const result = await run(engine, 100);
      ({ isComplete } = result);
      // One chunk is under way when time is up, and what depends on that goes before it.
      expect(result.taken).toBeGreaterThan(0);
      if (!isComplete) expect(clock.timeMs - beganMs).toBeGreaterThanOrEqual(100);
      expect(result.taken).toBeLessThan(whole.taken / 2);
      taken += result.taken;
      runs++;
      expect(await everythingIn(engine)).toEqual(before);
      // Every other time in another life.
      if (runs % 2 === 0) continue;
      await engine.close();
      [engine, kept, clock] = await open(disk);
    }
    expect(runs).toBeGreaterThan(3);
    expect(taken).toBeLessThanOrEqual(whole.taken * 1.1);
    expect((await engine.totals()).storedBytes).toBeLessThan(whole.storedBytes * 1.05);
    expect(await complaintsAbout(engine)).toEqual([]);
    await engine.close();
  });

  test('goes on after a crash, and begins anew without an index', async () => {
    const whole = await optimizedAtOnce();
    const disk = await newFolder();
    const [engine, kept] = await open(disk);
    await fill(engine, kept, edits);
    const before = await everythingIn(engine);
    const first = await run(engine, 150);
    expect(first.isComplete).toBe(false);
    const [crash, withoutIndex] = [await newFolder(), await newFolder()];
    for (const copy of [crash, withoutIndex]) await cp(disk, copy, { recursive: true });
    await rm(join(withoutIndex, 'index'), { recursive: true });
    await engine.close();

    const [crashed] = await open(crash);
    const second = await run(crashed);
    expect(second.isComplete).toBe(true);
    expect(first.taken + second.taken).toBeLessThanOrEqual(whole.taken * 1.1);
    const [rebuilt] = await open(withoutIndex);
    expect((await run(rebuilt)).taken).toBeGreaterThan(whole.taken * 0.9);
    for (const each of [crashed, rebuilt]) {
      expect(await everythingIn(each)).toEqual(before);
      expect((await each.totals()).storedBytes).toBeLessThan(whole.storedBytes * 1.05);
      expect(await complaintsAbout(each)).toEqual([]);
      await each.close();
    }
  });

  test('takes what is new, and what is no longer current', async () => {
    const whole = await optimizedAtOnce();
    const [engine, kept] = await open(await newFolder());
    await fill(engine, kept, edits);
    await run(engine);
    await upload(engine, kept, 'text 7', editedText(7, 300, 20));
    await upload(engine, kept, 'text 9', editedText(9, 300, 20));
    const { taken, isComplete } = await run(engine);
    expect(isComplete).toBe(true);
    expect(taken).toBeGreaterThanOrEqual(3);
    expect(taken).toBeLessThan(whole.taken / 2);
    expect(await complaintsAbout(engine)).toEqual([]);
    await engine.close();
  });

  test('after each of several imports comes to what one run does', async () => {
    const whole = await optimizedAtOnce();
    const [engine, kept] = await open(await newFolder());
    for (const edit of edits) {
      await fill(engine, kept, [edit]);
      expect(await run(engine)).toMatchObject({ isComplete: true });
    }
    expect((await engine.totals()).storedBytes).toBeLessThan(whole.storedBytes * 1.05);
    expect(await complaintsAbout(engine)).toEqual([]);
    await engine.close();
  });

  test('takes what comes between two parts', async () => {
    const [engine, kept] = await open(await newFolder());
    await fill(engine, kept, edits);
    expect(await run(engine, 150)).toMatchObject({ isComplete: false });
    await fill(engine, kept, [20]);
    await upload(engine, kept, 'a text before all others', editedText(9, 300, 20));
    const before = await everythingIn(engine);
    expect(await run(engine)).toMatchObject({ isComplete: true });
    const current = await engine.versions.list(kept.id, {}, 100);
    expect(current).toHaveLength(5);
    for (const { version } of current) {
      expect(await readCostMaxOf(engine, version)).toBeLessThanOrEqual(3);
    }
    expect(await everythingIn(engine)).toEqual(before);
    expect(await complaintsAbout(engine)).toEqual([]);
    await engine.close();
  });

  test('makes cheap to read what is current again', async () => {
    const [engine, kept] = await open(await newFolder());
    await fill(engine, kept, [...edits, 7, 8, 9, 10, 11, 12]);
    await run(engine);
    const versions = await engine.versions.versions(kept.id, {}, 100);
    // Newest first: the last one is dear because of all that came after it.
    let dear: { readonly name: string; readonly version: ObjectVersion } | undefined;
    for (const { name, version } of versions) {
      if (version.kind !== 'object' || (await readCostMaxOf(engine, version)) <= 3) continue;
      dear = { name, version };
    }
    if (dear === undefined) throw new Error('no version costs much to read');
    const { name, version: oldest } = dear;
    for (const each of versions) {
      if (each.name !== name || each.version.lsn <= oldest.lsn) continue;
      await engine.purge(kept, name, each.version.lsn);
    }
    // Something is new; else no run looks.
    await upload(engine, kept, 'text 9', 'something');
    await run(engine);
    expect(await readCostMaxOf(engine, oldest)).toBeLessThanOrEqual(3);
    expect(await complaintsAbout(engine)).toEqual([]);
    await engine.close();
  });
});
