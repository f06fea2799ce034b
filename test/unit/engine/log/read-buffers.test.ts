/**
 * Memory for reading is lent to one at a time, and given back whatever becomes of the read.
 */

import { expect, test } from 'vitest';
import { readBufferBytes, readBuffersMax } from '../../../../src/base/limits.ts';
import { ReadBuffers } from '../../../../src/engine/log/read-buffers.ts';

const same = async (buffer: Uint8Array | undefined): Promise<Uint8Array | undefined> => buffer;

test('is used again by who comes later, also after a failure', async () => {
  const buffers = new ReadBuffers();
  const first = await buffers.with(100, same);
  expect(first).toHaveLength(readBufferBytes);
  await expect(buffers.with(100, () => Promise.reject(new Error('damaged')))).rejects.toThrow(
    'damaged',
  );
  expect(await buffers.with(readBufferBytes, same)).toBe(first);
});

test('is never lent to two, and runs out', async () => {
  const buffers = new ReadBuffers();
  let end: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => {
    end = resolve;
  });
  const lent: (Uint8Array | undefined)[] = [];
  const readers = Array.from({ length: readBuffersMax + 2 }, () =>
    buffers.with(1, async (buffer) => {
      lent.push(buffer);
      await waiting;
    }),
  );
  const mine = lent.filter((buffer) => buffer !== undefined);
  expect(new Set(mine).size).toBe(readBuffersMax);
  expect(lent.slice(readBuffersMax)).toEqual([undefined, undefined]);
  end();
  await Promise.all(readers);
  expect(await buffers.with(1, same)).toBe(mine.at(-1));
});

test('is not lent to a frame that has no room in it', async () => {
  const buffers = new ReadBuffers();
  expect(await buffers.with(readBufferBytes + 1, same)).toBeUndefined();
});
