/**
 * The story: an upload asked whether a chunk was there, and while it waited for the answer asked
 * again, as a chunk may be wanted both for itself and as the base of a delta. The lease that the
 * first question had taken was taken for an answer: the chunk counted as there, was not stored, and
 * the version that named it could not be read.
 */

import { expect, test } from 'vitest';
import type { ChunkId } from '../../src/engine/model.ts';
import { openEngine, testPlatform, upload } from '../support/test-engine.ts';

test('a chunk that is asked for twice at once is there or not, both times', async () => {
  const engine = await openEngine(testPlatform());
  const bucket = await engine.ensureBucket('b', {});
  const { root } = await upload(engine, bucket, 'a', 'here');
  const absent: ChunkId = { domain: 0, kind: 'data', digest: new Uint8Array(32) };
  const stage = engine.chunks.stage();
  const answers = await Promise.all(
    [absent, absent, root.id, root.id].map((id) => stage.has([id])),
  );
  expect(answers).toEqual([[false], [false], [true], [true]]);
  stage.release();

  // Each lease that was taken was given back: what is not needed any more can be freed.
  await engine.remove(bucket, 'a');
  expect((await engine.totals()).chunks).toBe(0);
  await engine.close();
});
