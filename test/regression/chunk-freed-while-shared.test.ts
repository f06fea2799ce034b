/**
 * The story: two uploads brought the same chunk. The first committed it and was removed, so the
 * chunk was to be freed; the second, which had staged it too, committed it again. When both came in
 * one group, the journal said: this chunk, and then: free it. The running store had it right, but
 * the index that was rebuilt from the journal had not, and the second upload's content was gone.
 */

import { expect, test } from 'vitest';
import { concatBytes, equalBytes } from '../../src/base/bytes.ts';
import { chunksOf } from '../../src/engine/chunk/chunker.ts';
import { systemClock } from '../../src/engine/platform/clock.ts';
import { generatedBytes } from '../support/content.ts';
import { FaultyFileSystem } from '../support/faulty-file-system.ts';
import { fileSystemWith, readFiles } from '../support/stored-files.ts';
import {
  complaintsAbout,
  contentOf,
  openEngine,
  openFrom,
  smallChunking,
  storeFolder,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

const shared = generatedBytes(1, 4000);
const { value: firstChunk } = await chunksOf([shared], smallChunking).next();
const rest = generatedBytes(2, 100);

test('a chunk that is freed while another upload brings it is not lost', async () => {
  const fileSystem = new FaultyFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem }));
  const bucket = await engine.ensureBucket('b', {});
  let goOn: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  async function* slowly(): AsyncGenerator<Uint8Array> {
    yield shared;
    await released;
    yield rest;
  }
  const slow = engine.upload({ bucket, name: 'slow', body: slowly(), durability: 'os' });
  await upload(engine, bucket, 'fast', firstChunk as Uint8Array);

  // The chunks lose their last reference in one group, and the next group is kept from ending.
  const write = fileSystem.hold('write');
  const replaced = upload(engine, bucket, 'fast', 'small', 'os');
  await turns();
  const between = upload(engine, bucket, 'between', 'between');
  await turns();
  const sync = fileSystem.hold('sync');
  write();
  await replaced;
  // Meanwhile their freeing is queued, and then the upload that shares them.
  await turns();
  goOn();
  await turns();
  sync();
  const [version] = await Promise.all([slow, between]);
  expect(await complaintsAbout(engine)).toEqual([]);

  const files = await readFiles(fileSystem, storeFolder);
  const rebuilt = await openFrom(await fileSystemWith(storeFolder, files));
  const content = await contentOf(rebuilt, version);
  expect(equalBytes(content, concatBytes([shared, rest]))).toBe(true);
  expect(await complaintsAbout(rebuilt)).toEqual([]);
});

/** Long enough for everything that does not wait for the disk. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await systemClock.yield();
}
