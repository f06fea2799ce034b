/**
 * The story: freeing went through the oldest 256 candidates, and stopped when none of them could be
 * freed. An upload that held leases on more chunks than that stood, as long as it lasted, before
 * everything that was dead behind them, and totals that promise to be exact counted dead chunks.
 */

import { expect, test } from 'vitest';
import { chunksOf } from '../../src/engine/chunk/chunker.ts';
import { generatedBytes } from '../support/content.ts';
import {
  complaintsAbout,
  openEngine,
  smallChunking,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

test('what is dead is freed, though many chunks before it are leased', async () => {
  const engine = await openEngine(testPlatform());
  const bucket = await engine.ensureBucket('b', {});
  const content = generatedBytes(1, 250_000);
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf([content], smallChunking)) chunks.push(chunk.slice());
  expect(chunks.length).toBeGreaterThan(400);
  const names = chunks.map((_, i) => `${i}`);
  await Promise.all(chunks.map((chunk, i) => upload(engine, bucket, `${i}`, chunk, 'os')));
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
  await Promise.all(names.map((name) => engine.remove(bucket, name)));
  const before = await engine.totals();
  await engine.remove(bucket, 'small');
  expect((await engine.totals()).chunks).toBe(before.chunks - 1);

  end();
  await slow;
  expect(await complaintsAbout(engine)).toEqual([]);
  await engine.close();
});
