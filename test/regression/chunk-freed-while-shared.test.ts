/**
 * The story: two uploads brought the same chunk. The first committed it and was removed, so the chunk
 * was to be freed; the second, which had staged it too, committed it again. When both came in one
 * group, the journal said: this chunk, and then: free it. The running store had it right, but the
 * index that was rebuilt from the journal had not, and the second upload's content was gone.
 */

import { expect, test } from 'vitest';
import { concatBytes, equalBytes } from '../../src/base/bytes.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
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

const shared = generatedBytes(1, 4000);
const rest = generatedBytes(2, 100);

/** Frees the chunks of one upload so many steps after another, that shares them, has gone on. */
async function raceWithDelay(steps: number): Promise<void> {
  const fileSystem = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem }));
  const bucket = await engine.ensureBucket('b', {});
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* slowly(): AsyncGenerator<Uint8Array> {
    yield shared;
    await released;
    yield rest;
  }
  const slow = engine.upload({ bucket, name: 'slow', body: slowly(), durability: 'os' });
  await upload(engine, bucket, 'fast', shared);
  await engine.remove(bucket, 'fast');
  release();
  for (let step = 0; step < steps; step++) await Promise.resolve();
  const [version] = await Promise.all([slow, engine.totals()]);
  expect(await complaintsAbout(engine)).toEqual([]);

  const files = await readFiles(fileSystem, storeFolder);
  const rebuilt = await openFrom(await fileSystemWith(storeFolder, files));
  const content = await contentOf(rebuilt, version);
  expect(equalBytes(content, concatBytes([shared, rest]))).toBe(true);
  expect(await complaintsAbout(rebuilt)).toEqual([]);
}

test('a chunk that is freed while another upload brings it is not lost', async () => {
  for (let steps = 0; steps < 80; steps++) await raceWithDelay(steps);
});
