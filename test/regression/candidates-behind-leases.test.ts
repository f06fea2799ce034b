/**
 * The story: freeing went through the oldest 256 candidates, and stopped when none of them could be
 * freed. An upload that held leases on more chunks than that stood, as long as it lasted, before
 * everything that was dead behind them, and totals that promise to be exact counted dead chunks.
 */

import { expect, test } from 'vitest';
import { generatedBytes } from '../support/content.ts';
import { complaintsAbout, openEngine, testPlatform, upload } from '../support/test-engine.ts';

test('what is dead is freed, though many chunks before it are leased', async () => {
  const engine = await openEngine(testPlatform());
  const bucket = await engine.ensureBucket('b', {});
  const content = generatedBytes(1, 300_000);
  await upload(engine, bucket, 'large', content);
  const { chunks } = await engine.totals();
  expect(chunks).toBeGreaterThan(400);
  await upload(engine, bucket, 'small', 'small');

  // Found in the store, and held until the upload ends.
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let isHeld: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    isHeld = resolve;
  });
  async function* slowly(): AsyncGenerator<Uint8Array> {
    yield content;
    isHeld();
    await ended;
    yield Uint8Array.of(1);
  }
  const slow = engine.upload({ bucket, name: 'slow', body: slowly(), durability: 'os' });
  await held;
  await engine.remove(bucket, 'large');
  const before = await engine.totals();
  await engine.remove(bucket, 'small');
  expect((await engine.totals()).chunks).toBe(before.chunks - 1);

  end();
  await slow;
  expect(await complaintsAbout(engine)).toEqual([]);
  await engine.close();
});
