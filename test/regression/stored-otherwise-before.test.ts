/**
 * The story: a chunk was stored plain, kept at hand as a base, and freed. When it came again it was
 * stored as a delta, and what was at hand still said that it was plain. The next delta of it said
 * that it cost two frames to read, as many as its base did: reading the version after a restart
 * ended in `CORRUPT`. Found by the model, once in a thousand lives: seed 1798574044.
 */

import { expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { generatedText } from '../support/content.ts';
import {
  complaintsAbout,
  contentOf,
  openEngine,
  openFrom,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

test('a base that was freed and came back as a delta is counted as one', async () => {
  const fileSystem = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem }));
  const bucket = await engine.ensureBucket('b', {});
  const base = generatedText(5, 800);
  await upload(engine, bucket, 'base', base);
  await engine.remove(bucket, 'base');
  await engine.totals();

  // A part of it, so that what comes then is made a delta of the base and not of this.
  await upload(engine, bucket, 'resembles it', base.subarray(0, 400));
  await upload(engine, bucket, 'base', base);
  const content = concatBytes([new TextEncoder().encode('more '), base]);
  const version = await upload(engine, bucket, 'like the base', content);
  await engine.close();

  const again = await openFrom(fileSystem);
  expect(await complaintsAbout(again)).toEqual([]);
  expect(Buffer.compare(await contentOf(again, version), content)).toBe(0);
  await again.close();
});
