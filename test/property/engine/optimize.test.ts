/**
 * What `optimize` may change, and what it must not: bytes on the disk become fewer, and content
 * stays what it was, whatever else happens meanwhile.
 */

import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import type { BucketRecord, ObjectVersion } from '../../../src/engine/model.ts';
import { leavesOf } from '../../../src/engine/chunk/manifest-tree.ts';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import { editedText, generatedBytes, generatedText } from '../../support/content.ts';
import { readFiles } from '../../support/stored-files.ts';
import {
  complaintsAbout,
  contentOf,
  openEngine,
  storeFolder,
  testPlatform,
  upload,
} from '../../support/test-engine.ts';

type Stored = readonly [ObjectVersion, Uint8Array];

async function openKept(disk: MemoryFileSystem): Promise<[Engine, BucketRecord]> {
  const engine = await openEngine(testPlatform({ fileSystem: disk }));
  return [engine, await engine.ensureBucket('kept', { versioned: true })];
}

/** Versions of some texts, each with another edit; the last of each is its current version. */
async function versionsOf(
  engine: Engine,
  bucket: BucketRecord,
  edits: readonly number[],
): Promise<Stored[]> {
  const stored: Stored[] = [];
  for (const edit of edits) {
    for (const seed of [5, 6]) {
      const content = editedText(seed, 6000, edit);
      stored.push([await upload(engine, bucket, `text ${seed}`, content), content]);
    }
  }
  return stored;
}

async function expectContents(engine: Engine, stored: readonly Stored[]): Promise<void> {
  for (const [version, content] of stored) {
    expect(Buffer.compare(await contentOf(engine, version), content)).toBe(0);
  }
  expect(await complaintsAbout(engine)).toEqual([]);
}

/** How many frames a read of each chunk takes. */
async function readCostsOf(engine: Engine, { root, sizeBytes }: ObjectVersion): Promise<number[]> {
  const costs: number[] = [];
  const range = { start: 0, end: sizeBytes };
  for await (const { id } of leavesOf(root, sizeBytes, range, (node) => engine.chunks.read(node))) {
    const stage = engine.chunks.stage();
    await stage.has([id]);
    costs.push((await stage.readCostOf(id)) ?? 0);
    stage.release();
  }
  return costs;
}

const twelve = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

describe('optimize', () => {
  test('stores less, reads what is current at once, and keeps every byte', async () => {
    const disk = new MemoryFileSystem();
    const [engine, kept] = await openKept(disk);
    const stored = await versionsOf(engine, kept, twelve);
    const before = await engine.totals();
    const newest = stored.slice(-2).map(([version]) => version);
    const costsBefore = await Promise.all(newest.map((version) => readCostsOf(engine, version)));
    expect(Math.max(...costsBefore.flat())).toBeGreaterThan(3);

    await engine.compact({ optimize: true });

    const after = await engine.totals();
    expect(after).toMatchObject({ versions: before.versions, uniqueBytes: before.uniqueBytes });
    expect(after.storedBytes).toBeLessThan(before.storedBytes);
    const costs = await Promise.all(newest.map((version) => readCostsOf(engine, version)));
    expect(Math.max(...costs.flat())).toBeLessThanOrEqual(3);
    await expectContents(engine, stored);
    await engine.close();

    const [again] = await openKept(disk);
    expect(await again.totals()).toEqual(after);
    await expectContents(again, stored);
    await again.close();
  });

  test('after each of several imports leaves a store that is whole', async () => {
    const [engine, kept] = await openKept(new MemoryFileSystem());
    const stored: Stored[] = [];
    for (const edit of [1, 7, 13, 19, 25]) {
      for (let next = edit; next < edit + 6; next++) {
        for (const [seed, words] of [
          [5, 6000],
          [6, 7000],
          [7, 300],
          [8, 400],
        ] as const) {
          const content = editedText(seed, words, next);
          stored.push([await upload(engine, kept, `text ${seed}`, content), content]);
        }
      }
      await engine.compact({ optimize: true });
      await expectContents(engine, stored);
    }
    await engine.close();
  });

  test('after each upload, in one session, leaves no garbage', async () => {
    const disk = new MemoryFileSystem();
    const [engine, kept] = await openKept(disk);
    const text = generatedText(5, 6000);
    for (let edit = 1; edit <= 12; edit++) {
      // In each chunk, so that each is stored anew.
      const content = text.map((byte, at) => (at % 500 === 7 * edit ? 35 : byte));
      await upload(engine, kept, 'text', content);
      await engine.compact({ optimize: true });
    }
    const segments = await readFiles(disk, `${storeFolder}/segments`);
    const sizeBytes = [...segments.values()].reduce((sum, { length }) => sum + length, 0);
    // Padding is a quarter of so small a store. With garbage it was five times as much.
    expect(sizeBytes).toBeLessThan((await engine.totals()).storedBytes * 2);
    await engine.close();
  });

  test('frees what was only a base', async () => {
    const [engine, kept] = await openKept(new MemoryFileSystem());
    const stored = await versionsOf(engine, kept, twelve);
    const last = stored.at(-1) as Stored;
    for (const { name, version } of await engine.versions.versions(kept.id, {}, 100)) {
      if (version.lsn !== last[0].lsn) await engine.purge(kept, name, version.lsn);
    }
    const before = await engine.totals();
    await engine.compact({ optimize: true });
    const after = await engine.totals();
    expect(after.chunks).toBeLessThan(before.chunks);
    await expectContents(engine, [last]);
    await engine.close();
  });

  test('loses no upload that comes meanwhile, nor what is removed', async () => {
    const disk = new MemoryFileSystem();
    const [engine, kept] = await openKept(disk);
    const stored = await versionsOf(engine, kept, twelve);
    const optimizing = engine.compact({ optimize: true });
    const uploading = versionsOf(engine, kept, [20, 3, 21, 12]);
    // The two oldest, of each name one.
    for (const [at, [version]] of stored.splice(0, 2).entries()) {
      await engine.purge(kept, `text ${5 + at}`, version.lsn);
    }
    stored.push(...(await uploading));
    await optimizing;
    await expectContents(engine, stored);
    await engine.close();
    const [again] = await openKept(disk);
    await expectContents(again, stored);
    await again.close();
  });

  test('that is aborted leaves everything as it was or better', async () => {
    const disk = new MemoryFileSystem();
    const [engine, kept] = await openKept(disk);
    const stored = await versionsOf(engine, kept, twelve);
    const raw = generatedBytes(1, 9000);
    stored.push([await upload(engine, kept, 'raw', raw), raw]);
    const stop = new AbortController();
    const options = {
      optimize: true,
      signal: stop.signal,
      onProgress: ({ done, total }: { done: number; total: number }): void => {
        if (done > total / 2) stop.abort();
      },
    };
    await expect(engine.compact(options)).rejects.toMatchObject({ code: 'ABORTED' });
    await expectContents(engine, stored);
    await engine.compact({ optimize: true });
    await expectContents(engine, stored);
    await engine.close();
  });
});
