/**
 * What may be said of parity when a store is opened, also by callers without types.
 */

import { expect, test } from 'vitest';
import { openStore, type StoreOptions } from '../../../src/index.ts';

test.each([true, 16, {}, { every: '16' }])('no such option: %j', async (parity) => {
  const options = { parity } as unknown as StoreOptions;
  await expect(openStore({ memory: true }, options)).rejects.toThrow(TypeError);
});

test.each([0, 1, 2.5, 257, -16])('no such number of blocks: %d', async (every) => {
  const opening = openStore({ memory: true }, { parity: { every } });
  await expect(opening).rejects.toMatchObject({ code: 'INVALID' });
});

test.each<StoreOptions['parity']>([undefined, false, { every: 2 }, { every: 256 }])(
  'may be asked for: %j',
  async (parity) => {
    const store = await openStore({ memory: true }, { parity });
    await store.bucket('b').upload('a', 'text');
    await store.compact();
    // The only file is still being written.
    expect((await store.stats()).parityBytes).toBe(0);
    await store.close();
  },
);
