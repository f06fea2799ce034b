/**
 * What is stored as a delta: that it is, that it comes back, and that it keeps what it needs.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../../src/index.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { decodeChunkExtension } from '../../../src/engine/log/frame.ts';
import { LogFiles } from '../../../src/engine/log/log-files.ts';
import { firstPosition, walkFrames } from '../../../src/engine/log/walk.ts';
import { deltaReadCostLimit } from '../../../src/base/limits.ts';
import type { BucketRecord, ObjectVersion } from '../../../src/engine/model.ts';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import { systemClock } from '../../../src/engine/platform/clock.ts';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';
import { editedText, generatedBytes, generatedText } from '../../support/content.ts';
import {
  complaintsAbout,
  contentOf,
  openEngine,
  storeFolder,
  testPlatform,
  upload,
} from '../../support/test-engine.ts';

const { crc32 } = nativeHashing;

interface Place {
  readonly disk: MemoryFileSystem;
  readonly engine: Engine;
  readonly kept: BucketRecord;
  readonly plain: BucketRecord;
}

async function openPlace(): Promise<Place> {
  const disk = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem: disk }));
  const kept = await engine.ensureBucket('kept', { versioned: true });
  return { disk, engine, kept, plain: await engine.ensureBucket('plain', {}) };
}

/** The read costs of all chunk frames of content, in the order of files: 1 is no delta. */
async function readCosts(disk: MemoryFileSystem, engine: Engine): Promise<number[]> {
  await engine.sync();
  const file = await disk.open(`${storeFolder}/VARVE`, 'read');
  const storeId = new Uint8Array(16);
  await file.read(storeId, 28);
  const files = await LogFiles.open(disk, crc32, storeFolder, storeId);
  const costs: number[] = [];
  for (const fileId of [...files.ids('segment'), ...files.ids('journal')]) {
    await files.with(fileId, async (opened) => {
      for await (const frame of walkFrames(crc32, opened, firstPosition(opened))) {
        if (frame.header.type !== 'chunk') continue;
        const { delta } = decodeChunkExtension(frame.header, frame.extension);
        costs.push(delta?.readCost ?? 1);
      }
    });
  }
  await files.close();
  return costs;
}

async function expectContents(
  engine: Engine,
  contents: readonly (readonly [ObjectVersion, Uint8Array])[],
): Promise<void> {
  for (const [version, content] of contents) {
    expect(Buffer.compare(await contentOf(engine, version), content)).toBe(0);
  }
  expect(await complaintsAbout(engine)).toEqual([]);
}

/** Versions of a text, each with another edit. */
async function versionsOf(
  { engine }: Place,
  bucket: BucketRecord,
  count: number,
  byteCount = 6000,
): Promise<[ObjectVersion, Uint8Array][]> {
  const versions: [ObjectVersion, Uint8Array][] = [];
  for (let edit = 1; edit <= count; edit++) {
    const content = editedText(5, byteCount, edit);
    versions.push([await upload(engine, bucket, 'text', content), content]);
  }
  return versions;
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

describe('a new version of a text', () => {
  test('takes a tenth of what the text takes, and comes back', async () => {
    const place = await openPlace();
    const { engine, kept, disk } = place;
    const first = await upload(engine, kept, 'text', editedText(5, 6000, 0));
    const before = (await engine.totals()).storedBytes;
    const second = await upload(engine, kept, 'text', editedText(5, 6000, 1));
    const added = (await engine.totals()).storedBytes - before;
    expect(added).toBeLessThan(before / 5);
    expect(await readCosts(disk, engine)).toContain(2);
    await expectContents(engine, [
      [first, editedText(5, 6000, 0)],
      [second, editedText(5, 6000, 1)],
    ]);
    await engine.close();
  });

  test('costs no more to read than the limit, however many there are', async () => {
    const place = await openPlace();
    const versions = await versionsOf(place, place.kept, 40, 1500);
    const costs = await readCosts(place.disk, place.engine);
    expect(Math.max(...costs)).toBeLessThanOrEqual(deltaReadCostLimit);
    expect(Math.max(...costs)).toBeGreaterThan(3);
    expect(costs.filter((cost) => cost > 1).length).toBeGreaterThan(30);
    await expectContents(place.engine, versions);
    await place.engine.close();
  });

  test('keeps nothing alive that it replaces', async () => {
    const place = await openPlace();
    await versionsOf(place, place.plain, 10, 110);
    expect((await place.engine.totals()).chunks).toBe(1);
    expect((await readCosts(place.disk, place.engine)).filter((cost) => cost > 1)).toEqual([]);
    await place.engine.close();
  });

  test('is found to resemble what has another name', async () => {
    const { engine, plain, disk } = await openPlace();
    const a = await upload(engine, plain, 'a', editedText(6, 1500, 1));
    const b = await upload(engine, plain, 'b', editedText(6, 1500, 2));
    expect(await readCosts(disk, engine)).toContain(2);
    await expectContents(engine, [
      [a, editedText(6, 1500, 1)],
      [b, editedText(6, 1500, 2)],
    ]);
    await engine.close();
  });

  test('takes as much, whether its place tells the name of its base or the index', async () => {
    const takes: number[] = [];
    for (const name of ['text', 'another']) {
      const folder = mkdtempSync(join(tmpdir(), 'varve-deltas-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const first = await openStore(folder);
      const bucket = await first.createBucket('b', { versioned: true });
      await bucket.upload('text', editedText(3, 60_000, 1));
      const { storedBytes: plain } = await first.stats();
      await first.close();
      // Of what is read back from a file, only the beginnings of names are known.
      const store = await openStore(folder);
      await store.bucket('b').upload(name, editedText(3, 60_000, 2));
      takes.push((await store.stats()).storedBytes - plain);
      await store.close();
      expect(takes.at(-1)).toBeLessThan(plain / 20);
    }
    expect(takes[0]).toBe(takes[1]);
  });

  test('is a delta of what was edited, where nothing compresses', async () => {
    const { engine, kept, plain, disk } = await openPlace();
    const [before, after] = [generatedBytes(7, 60_000), generatedBytes(7, 60_000)];
    for (let at = 100; at < after.length; at += 1000) after[at] = (after[at] as number) ^ 1;
    for (const bucket of [kept, plain]) await upload(engine, bucket, 'a', before);
    const { storedBytes } = await engine.totals();
    const second = await upload(engine, kept, 'a', after);
    expect((await engine.totals()).storedBytes - storedBytes).toBeLessThan(before.length / 4);
    expect(await readCosts(disk, engine)).toContain(2);
    await expectContents(engine, [[second, after]]);
    await engine.close();
  });

  test('is seldom compared once so much was replaced that does not compress', async () => {
    const { engine, kept, disk } = await openPlace();
    const chunksOf = async (content: Uint8Array): Promise<{ deltas: number; plain: number }> => {
      const before = (await readCosts(disk, engine)).length;
      await upload(engine, kept, 'a', content);
      const costs = (await readCosts(disk, engine)).slice(before);
      const deltas = costs.filter((cost) => cost > 1).length;
      return { deltas, plain: costs.length - deltas };
    };
    const edited = (content: Uint8Array): Uint8Array =>
      content.map((byte, at) => (at % 1000 === 500 ? byte ^ 1 : byte));
    const [first, other] = [generatedBytes(9, 90_000), generatedBytes(8, 90_000)];
    await upload(engine, kept, 'a', first);
    const { deltas } = await chunksOf(edited(first));
    expect(deltas).toBeGreaterThan(50);
    expect(await chunksOf(other)).toMatchObject({ deltas: 0 });
    // The look that finds an edit all the same brings the others back.
    const again = await chunksOf(edited(other));
    expect(again.plain).toBeGreaterThan(0);
    expect(again.deltas).toBeGreaterThan(deltas - 20);
    await engine.close();
  });

  test('is no delta where that is not smaller', async () => {
    const { engine, kept, disk } = await openPlace();
    await upload(engine, kept, 'a', generatedText(1, 3000));
    await upload(engine, kept, 'a', generatedText(2, 3000));
    await upload(engine, kept, 'b', generatedBytes(3, 3000));
    await upload(engine, kept, 'b', generatedBytes(4, 3000));
    expect((await readCosts(disk, engine)).filter((cost) => cost > 1)).toEqual([]);
    await engine.close();
  });
});

/** Content that stops in its middle until it is told to go on, or to fail. */
function haltingBody(content: Uint8Array): {
  readonly body: AsyncGenerator<Uint8Array>;
  readonly end: (error?: Error) => void;
} {
  let end: (error?: Error) => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => {
      if (error === undefined) resolve();
      else reject(error);
    };
  });
  async function* body(): AsyncGenerator<Uint8Array> {
    yield content.subarray(0, content.length - 100);
    await ended;
    yield content.subarray(content.length - 100);
  }
  return { body: body(), end };
}

/** Long enough for everything that does not wait for somebody. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await systemClock.yield();
}

describe('the bases of a delta', () => {
  test('stay for an upload that joined it, though whoever made the delta is gone', async () => {
    const { engine, plain, kept } = await openPlace();
    await upload(engine, plain, 'base', editedText(5, 6000, 1));
    const content = editedText(5, 6000, 2);
    const [first, second] = [haltingBody(content), haltingBody(content)];
    const failing = engine.upload({ bucket: kept, name: 'a', body: first.body, durability: 'os' });
    await turns();
    const joining = engine.upload({ bucket: kept, name: 'b', body: second.body, durability: 'os' });
    await turns();
    first.end(new Error('the source is gone'));
    await expect(failing).rejects.toThrow('the source is gone');
    await engine.remove(plain, 'base');
    await engine.totals();
    second.end();
    await expectContents(engine, [[await joining, content]]);
    await engine.close();
  });

  test('stay as long as it is there, and go with it', async () => {
    const place = await openPlace();
    const { engine, kept } = place;
    const versions = await versionsOf(place, kept, 6, 1500);
    const last = versions.at(-1) as [ObjectVersion, Uint8Array];
    for (const [version] of versions.slice(0, -1)) await engine.purge(kept, 'text', version.lsn);
    expect((await engine.totals()).versions).toBe(1);
    await expectContents(engine, [last]);
    await engine.purge(kept, 'text', last[0].lsn);
    expect(await engine.totals()).toMatchObject({ chunks: 0, uniqueBytes: 0, storedBytes: 0 });
    await engine.close();
  });

  test('stay when the index is made again from the log, before and after', async () => {
    const place = await openPlace();
    const versions = await versionsOf(place, place.kept, 6, 5000);
    for (const [version] of versions.slice(0, 3)) {
      await place.engine.purge(place.kept, 'text', version.lsn);
    }
    const totals = await place.engine.totals();
    await place.engine.close();
    const again = await openEngine(testPlatform({ fileSystem: place.disk }));
    expect(await again.totals()).toEqual(totals);
    await expectContents(again, versions.slice(3));
    for (const [version] of versions.slice(3)) {
      await again.purge(again.bucket('kept') as BucketRecord, 'text', version.lsn);
    }
    expect(await again.totals()).toMatchObject({ chunks: 0, storedBytes: 0 });
    await again.close();
  });

  test('stay when compaction moves them, or what is a delta of them', async () => {
    const place = await openPlace();
    const { engine, kept, plain } = place;
    const versions = await versionsOf(place, kept, 3, 30_000);
    await upload(engine, plain, 'waste', generatedBytes(1, 200_000));
    versions.push(...(await versionsOf(place, kept, 5, 30_000)));
    await engine.remove(plain, 'waste');
    expect((await engine.compact({})).movedBytes).toBeGreaterThan(0);
    const stored = [...versions.values()];
    await expectContents(engine, stored);
    await engine.close();
    const again = await openEngine(testPlatform({ fileSystem: place.disk }));
    await expectContents(again, stored);
    await again.close();
  });

  test('are counted by what a removal would free', async () => {
    const place = await openPlace();
    const { engine, kept } = place;
    const versions = await versionsOf(place, kept, 4, 3000);
    const { storedBytes } = await engine.totals();
    const wouldFree = await engine.pruner.wouldFree(each(versions.map(([version]) => version)));
    expect(wouldFree.storedBytes).toBe(storedBytes);
    const [[first]] = versions as [[ObjectVersion, unknown]];
    const ofFirst = await engine.pruner.wouldFree(each([first]));
    await engine.purge(kept, 'text', first.lsn);
    expect(storedBytes - (await engine.totals()).storedBytes).toBe(ofFirst.storedBytes);
    await engine.close();
  });
});
