/**
 * The story: the committer looked at its queue, found it empty, and was done; but it was marked as
 * running for one more turn. A commit that was queued in that turn started nothing, and nobody ever
 * came for it: its upload hung.
 */

import { expect, test } from 'vitest';
import { openEngine, testPlatform } from '../support/test-engine.ts';

test('a commit is taken up however few turns after the one before it comes', async () => {
  const engine = await openEngine(testPlatform());
  const { id: bucketId } = await engine.ensureBucket('b', {});
  const change = { kind: 'remove', bucketId, name: 'missing' } as const;
  for (let turns = 0; turns < 20; turns++) {
    const first = engine.versions.commit(change, undefined, 'os');
    const second = first.then(async () => {
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      return engine.versions.commit(change, undefined, 'os');
    });
    expect(await second).toEqual({ outcome: 'conflict', reason: 'notFound' });
  }
  await engine.close();
});
