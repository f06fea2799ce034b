/**
 * What versions take, where the index says another place by the time a chunk is read: compaction
 * has moved it, and then the new place counts; or the index leads nowhere, which is damage.
 *
 * @module
 */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { locate, locationChange } from '../../../src/engine/index/chunk-index.ts';
import { Layer } from '../../../src/engine/index/index-store.ts';
import { footprintOf, type Footprint } from '../../../src/engine/maintenance/footprint.ts';
import type { ChunkLocation, ObjectVersion } from '../../../src/engine/model.ts';
import { openFiles, type OpenedStore } from '../../../src/engine/opening.ts';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import type { Platform } from '../../../src/engine/platform/platform.ts';
import { generatedBytes } from '../../support/content.ts';
import {
  openEngine,
  smallChunking,
  storeFolder,
  testPlatform,
  upload,
} from '../../support/test-engine.ts';

let platform: Platform;
let opened: OpenedStore;
let [one, other]: ObjectVersion[] = [];
let expected: Footprint;

async function* each(version: ObjectVersion | undefined): AsyncGenerator<ObjectVersion> {
  if (version !== undefined) yield await Promise.resolve(version);
}

beforeEach(async () => {
  platform = testPlatform({ fileSystem: new MemoryFileSystem() });
  const engine = await openEngine(platform);
  const bucket = await engine.ensureBucket('b', {});
  one = await upload(engine, bucket, 'one', generatedBytes(1, 100));
  other = await upload(engine, bucket, 'other', generatedBytes(2, 200));
  expected = await engine.footprint(each(one), {});
  await engine.close();
  opened = await openFiles({
    platform,
    directory: storeFolder,
    createIfMissing: false,
    chunking: smallChunking,
  });
});

afterEach(async () => {
  await Promise.all([opened.files.close(), opened.database.close()]);
  await opened.lock.release();
});

/** What the one version takes, if the index says for so many looks that its chunk is elsewhere. */
async function footprintWith(elsewhere: ChunkLocation, looks: number): Promise<Footprint> {
  const { files, index, damage } = opened;
  const stale = new Layer();
  if (one !== undefined) stale.add([locationChange(one.root.id, elsewhere)]);
  const reader = index.reader.bind(index);
  let left = looks;
  index.reader = () => (left-- > 0 ? reader(stale) : reader());
  const chunks = { hold: () => Promise.resolve({ release: () => undefined }) };
  return footprintOf({ platform, files, index, damage, chunks }, each(one), {});
}

async function placeOf(version: ObjectVersion | undefined): Promise<ChunkLocation> {
  const place = version && (await locate(opened.index.reader(), version.root.id));
  if (place === undefined) throw new Error('the version has a chunk');
  return place;
}

test('a chunk that was moved counts where it lies now', async () => {
  expect(await footprintWith(await placeOf(other), 1)).toEqual(expected);
  expect(await footprintWith({ ...(await placeOf(one)), fileId: 99 }, 1)).toEqual(expected);
});

test('a place with another chunk, or with none, is damage', async () => {
  const corrupt = { code: 'CORRUPT' };
  const place = await placeOf(one);
  await expect(footprintWith(await placeOf(other), 9)).rejects.toMatchObject(corrupt);
  await expect(footprintWith({ ...place, fileId: 99 }, 9)).rejects.toMatchObject(corrupt);
  await expect(footprintWith({ ...place, offset: 8 }, 9)).rejects.toMatchObject(corrupt);
});
