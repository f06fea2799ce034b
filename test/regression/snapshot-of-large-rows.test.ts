/**
 * The story: a block of a snapshot had a fixed number of rows. With some kilobytes of metadata for
 * each object it was larger than what is believed of a block, so that no snapshot could be read
 * back after it was written: compaction failed, and the index was distrusted for nothing.
 */

import { expect, test } from 'vitest';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { generatedBytes } from '../support/content.ts';
import { fileSystemWith, readFiles } from '../support/stored-files.ts';
import {
  complaintsAbout,
  everythingIn,
  openEngine,
  openFrom,
  storeFolder,
  testPlatform,
} from '../support/test-engine.ts';

async function* content(n: number): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(generatedBytes(n, 4000));
}

test('a snapshot may have rows of any size', async () => {
  const disk = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem: disk }));
  const bucket = await engine.ensureBucket('drafts', {});
  for (let n = 0; n < 600; n++) {
    const metadata = { note: `${n} `.repeat(1200) };
    const body = content(n);
    await engine.upload({ bucket, name: `object ${n % 300}`, metadata, durability: 'os', body });
  }
  await engine.compact({});
  const before = await everythingIn(engine);
  await engine.close();

  const files = await readFiles(disk, storeFolder);
  expect([...files.keys()].filter((path) => path.startsWith('snapshots/'))).toHaveLength(1);
  const again = await openFrom(await fileSystemWith(storeFolder, files));
  expect(await everythingIn(again)).toEqual(before);
  expect(await complaintsAbout(again)).toEqual([]);
  await again.close();
});
