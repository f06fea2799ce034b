/**
 * The story: a bucket that did not exist yet was asked for as versioned and as unversioned at the
 * same time. Neither caller saw a bucket to disagree with, the second commit won, and a bucket
 * whose first caller had been promised its history kept none.
 */

import { expect, test } from 'vitest';
import { openEngine, testPlatform } from '../support/test-engine.ts';

test('versioning stays on, and who asked for less is told', async () => {
  const engine = await openEngine(testPlatform());
  const outcomes = await Promise.allSettled([
    engine.ensureBucket('b', { versioned: true }),
    engine.ensureBucket('b', { versioned: false }),
  ]);
  expect(engine.bucket('b')?.versioned).toBe(true);
  expect(outcomes[0]).toMatchObject({ status: 'fulfilled' });
  expect(outcomes[1]).toMatchObject({ status: 'rejected', reason: { code: 'INVALID' } });
  await engine.close();
});
