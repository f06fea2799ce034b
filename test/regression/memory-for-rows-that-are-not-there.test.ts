/**
 * The story: after some dozens of openings a process could not start another any more (`ENOMEM`),
 * though it used next to no memory.
 *
 * "All rows of a few" was asked for with a limit of ten million, and LevelDB's binding sets aside
 * 64 bytes for each row that is asked for before it looks: 640 MB of addresses at every opening,
 * which it gave back when the garbage collector came by, and which counted when the process forked.
 */

import { expect, test } from 'vitest';
import { Database } from '../../src/engine/index/database.ts';
import type { KeyValueStore } from '../../src/engine/platform/key-value-store.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';

test('however many rows are wanted, LevelDB is asked for a few thousand at a time', async () => {
  const rows = Array.from({ length: 10_000 }, (_, i): [Uint8Array, Uint8Array] => {
    const key = new Uint8Array(4);
    new DataView(key.buffer).setUint32(0, i);
    return [key, new Uint8Array(0)];
  });
  const { crc32 } = nodePlatform().hashing;
  const asked: number[] = [];
  let at = 0;
  const backend = {
    supports: {},
    open: async () => {},
    close: async () => {},
    iterator: () => ({
      nextv: async (count: number) => {
        asked.push(count);
        return rows.slice(at, (at += count)).map(([key, value]) => [key, sealed(key, value)]);
      },
      close: async () => {},
    }),
  } as unknown as KeyValueStore;
  const sealed = (key: Uint8Array, value: Uint8Array): Uint8Array => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, crc32(value, crc32(key, 0)), true);
    return bytes;
  };

  const database = await Database.open(crc32, 'folder', () => backend);
  const found = await database.range({ gte: '\0', lt: '\xff', limit: 10_000_000 });
  expect(found).toHaveLength(rows.length);
  expect(Math.max(...asked)).toBeLessThanOrEqual(4096);
});
