/**
 * The story: sixteen streams that went up at the same time made Node warn of a possible memory
 * leak: each listens for the closing of the store, and more than ten listeners look like one.
 * Measuring the memory of large streams found it.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openStore } from '../../src/index.ts';

test('many streams may go up at the same time without a warning', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  const store = await openStore({ memory: true });
  const bucket = store.bucket('b');
  async function* slowly(): AsyncGenerator<Uint8Array> {
    await delay(20);
    yield new Uint8Array(10);
  }
  const names = Array.from({ length: 32 }, (_, i) => `name-${i}`);
  await Promise.all(names.map((name) => bucket.upload(name, slowly())));
  await store.close();
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});
