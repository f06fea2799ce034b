/**
 * A chunk is damaged, and somebody uploads the same content again. Once the damage is known, the
 * upload does not rely on the bad bytes but brings good ones, and every version that shares the
 * chunk is whole again: now, after opening again, and with an index made anew.
 */

import { describe, expect, test } from 'vitest';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { generatedBytes } from '../support/content.ts';
import { fileSystemWith, readFiles } from '../support/stored-files.ts';
import {
  complaintsAbout,
  contentOf,
  openEngine,
  openFrom,
  storeFolder,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

const content = generatedBytes(3, 20_000);

interface DamagedStore {
  readonly fileSystem: MemoryFileSystem;
  readonly engine: Engine;
}

/** Versions in two buckets share content whose frames are zeros in part. */
async function damagedStore(from: number, byteCount: number): Promise<DamagedStore> {
  const fileSystem = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem }));
  const bucket = await engine.ensureBucket('b', { versioned: true });
  await upload(engine, bucket, 'first', content);
  await upload(engine, await engine.ensureBucket('other', {}), 'second', content);
  await upload(engine, bucket, 'part', content.subarray(0, 14_000));
  await engine.sync();
  const segment = await fileSystem.open(`${storeFolder}/segments/00000002.vs`, 'update');
  await segment.write([new Uint8Array(byteCount)], from);
  await segment.close();
  return { fileSystem, engine };
}

async function expectWhole(engine: Engine): Promise<void> {
  expect(await complaintsAbout(engine)).toEqual([]);
  for (const bucket of engine.buckets()) {
    for (const { name, version } of await engine.versions.versions(bucket.id, {}, 100)) {
      if (version.kind !== 'object') continue;
      const whole = name === 'part' ? content.subarray(0, 14_000) : content;
      expect(Buffer.compare(await contentOf(engine, version), whole)).toBe(0);
    }
  }
}

/** As it is, after a close, and as it comes out of the log alone. */
async function expectWholeForGood({ engine, fileSystem }: DamagedStore): Promise<void> {
  await expectWhole(engine);
  const killed = await openFrom(
    await fileSystemWith(storeFolder, await readFiles(fileSystem, storeFolder)),
  );
  await expectWhole(killed);
  await killed.close();
  await engine.close();
  const reopened = await openFrom(fileSystem);
  await expectWhole(reopened);
  await reopened.close();
}

/** A byte in the payload of one chunk, and so much that heads, chunks and nodes are all gone. */
const damages = [
  { what: 'a byte of a chunk', from: 3000, byteCount: 1 },
  { what: 'a page', from: 4096, byteCount: 4096 },
  { what: 'everything but the header', from: 512, byteCount: 21_000 },
];

describe.each(damages)('with $what damaged, content that is uploaded again', (damage) => {
  test('heals all that shares it, when verify has found the damage', async () => {
    const store = await damagedStore(damage.from, damage.byteCount);
    const findings = await store.engine.verify({});
    expect(findings.damaged.map(({ name }) => name)).toContain('first');
    const bucket = await store.engine.ensureBucket('b', {});
    await upload(store.engine, bucket, 'again', content);
    await expectWholeForGood(store);
  });

  test('heals all that shares it, when reads have found the damage', async () => {
    const store = await damagedStore(damage.from, damage.byteCount);
    const bucket = await store.engine.ensureBucket('b', {});
    const first = await store.engine.versions.current(bucket.id, 'first');
    for (let round = 1; round <= 100; round++) {
      // One read ends at the first bad chunk, so it takes as many as there are.
      const read = await contentOf(store.engine, first!).catch(() => undefined);
      if (read !== undefined) break;
      await upload(store.engine, bucket, 'again', content);
    }
    await expectWholeForGood(store);
  });

  test('heals it when the index was made again over the damage', async () => {
    const { fileSystem, engine } = await damagedStore(damage.from, damage.byteCount);
    await engine.close();
    const rebuilt = await openFrom(fileSystem);
    expect(await complaintsAbout(rebuilt)).not.toEqual([]);
    await upload(rebuilt, await rebuilt.ensureBucket('b', {}), 'again', content);
    await expectWholeForGood({ fileSystem, engine: rebuilt });
  });
});

test('damage that verify found is known to the next process', async () => {
  const { fileSystem, engine } = await damagedStore(3000, 1);
  await engine.verify({});
  const before = (await engine.totals()).storedBytes;
  const bucket = await engine.ensureBucket('b', {});
  // The same engine stands for the next process: what counts is in the index.
  await upload(engine, bucket, 'again', content);
  expect((await engine.totals()).storedBytes).toBe(before);
  expect(await engine.reclaimableBytes()).toBeGreaterThan(0);
  await expectWholeForGood({ fileSystem, engine });
});

test('nothing is freed while the index lacks the edges of a node that is damaged', async () => {
  const { fileSystem, engine } = await damagedStore(512, 21_000);
  await engine.close();
  const rebuilt = await openFrom(fileSystem);
  const bucket = await rebuilt.ensureBucket('b', {});
  await upload(rebuilt, bucket, 'small', 'small');
  const { chunks } = await rebuilt.totals();
  await rebuilt.purge(bucket, 'small', (await rebuilt.versions.current(bucket.id, 'small'))!.lsn);
  expect((await rebuilt.totals()).chunks).toBe(chunks);
  await rebuilt.close();
});
