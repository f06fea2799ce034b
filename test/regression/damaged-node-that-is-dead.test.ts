/**
 * The story: to free a node one must read what it names. When a node was damaged on the disk, and
 * the object that it belonged to was removed, freeing failed in the background, and with it every
 * write to the store: after each opening again, for ever.
 */

import { expect, test } from 'vitest';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { generatedBytes } from '../support/content.ts';
import { openEngine, storeFolder, testPlatform, upload } from '../support/test-engine.ts';

test('a store whose dead nodes are damaged can be written to', async () => {
  const fileSystem = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem }));
  const bucket = await engine.ensureBucket('b', {});
  await upload(engine, bucket, 'large', generatedBytes(1, 30_000));
  const segment = await fileSystem.open(`${storeFolder}/segments/00000002.vs`, 'update');
  await segment.write([new Uint8Array((await segment.size()) - 600)], 600);
  await segment.close();

  await engine.remove(bucket, 'large');
  await engine.totals();
  await upload(engine, bucket, 'small', 'small');
  expect(await engine.versions.current(bucket.id, 'small')).toBeDefined();
  await engine.close();
});
