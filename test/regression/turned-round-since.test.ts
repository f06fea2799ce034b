/**
 * The story: a base that costs too much to read is exchanged for the chunk at the root of what it
 * is a delta of. The way there went by the bases that the memory of decoded chunks remembered.
 * `optimize` had turned some of these deltas round since, and two chunks that still cost what they
 * had cost named each other: the upload went round and round, and took memory until there was none.
 */

import { expect, test } from 'vitest';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { generatedText } from '../support/content.ts';
import { complaintsAbout, openEngine, testPlatform, upload } from '../support/test-engine.ts';

test('an upload after optimize finds the root of a delta, or none', async () => {
  const engine = await openEngine(testPlatform({ fileSystem: new MemoryFileSystem() }));
  const bucket = await engine.ensureBucket('kept', { versioned: true });
  const text = generatedText(5, 6000);
  for (let edit = 1; edit <= 12; edit++) {
    // In each chunk, so that each is stored anew.
    const content = text.map((byte, at) => (at % 500 === 7 * edit ? 35 : byte));
    await upload(engine, bucket, 'text', content);
    await engine.compact({ optimize: true });
  }
  expect(await complaintsAbout(engine)).toEqual([]);
  await engine.close();
});
