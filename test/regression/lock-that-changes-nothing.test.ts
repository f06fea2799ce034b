/**
 * The story: a version that was uploaded with durability `'os'` had a lock already, and somebody
 * asked for one that ends no later. There was nothing to commit, so nothing was synced, and the
 * answer came at once. A power cut then took the version, which was said to be locked. Found by the
 * model of the engine, seed -147104940: one life in a few thousand.
 */

import { expect, test } from 'vitest';
import { FaultyFileSystem } from '../support/faulty-file-system.ts';
import { fileSystemWith } from '../support/stored-files.ts';
import { openEngine, openFrom, storeFolder, testPlatform } from '../support/test-engine.ts';

test('a lock that was there already is as safe as one that is new', async () => {
  const disk = new FaultyFileSystem();
  const platform = testPlatform({ fileSystem: disk });
  const engine = await openEngine(platform);
  const bucket = await engine.ensureBucket('b', { versioned: true });
  const untilMs = platform.clock.nowMs() + 1000;
  const request = { bucket, name: 'a', body: Uint8Array.of(1), lockedUntilMs: untilMs };
  const { lsn } = await engine.upload({ ...request, durability: 'os' });
  await engine.lock(bucket, 'a', lsn, untilMs);
  const left = disk.survivors(storeFolder);
  await engine.close();

  const again = await openFrom(await fileSystemWith(storeFolder, left));
  expect(await again.versions.version(bucket.id, 'a', lsn)).toMatchObject({
    lockedUntilMs: untilMs,
  });
  await again.close();
});
