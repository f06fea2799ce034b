/**
 * The index says something wrong, and the log is right. Whoever meets it gets `CORRUPT`, and the
 * next opening makes the index again: nobody has to delete a folder.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { crc32 } from 'node:zlib';
import { Engine } from '../../src/engine/engine.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';
import { liveAShortLife, stateOf } from '../support/recorded-life.ts';
import { complaintsAbout, smallChunking } from '../support/test-engine.ts';

let folder: string;
let store: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-distrust-'));
  store = join(folder, 'store');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function open(): Promise<Engine> {
  return Engine.open({
    platform: nodePlatform(),
    directory: store,
    createIfMissing: true,
    chunking: smallChunking,
    inlineBytesMax: 2000,
  });
}

async function makeStore(): Promise<string> {
  const engine = await open();
  await liveAShortLife(engine);
  const state = await stateOf(engine);
  await engine.close();
  return state;
}

/** Changes rows of the index behind the store's back; `undefined` deletes one. */
async function changeRows(
  change: (rows: Map<string, Buffer>) => Map<string, Buffer | undefined>,
): Promise<void> {
  const encodings = { keyEncoding: 'buffer', valueEncoding: 'buffer' };
  const level = new Level<Buffer, Buffer>(join(store, 'index'), encodings);
  const entries = await level.iterator().all();
  const rows = new Map(entries.map(([key, value]) => [key.toString('latin1'), value]));
  for (const [name, value] of change(rows)) {
    const key = Buffer.from(name, 'latin1');
    if (value === undefined) await level.del(key);
    else await level.put(key, value);
  }
  await level.close();
}

/** A value with the checksum that a row of this key has. */
function sealed(key: string, value: Buffer): Buffer {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(value, crc32(Buffer.from(key, 'latin1'))));
  return Buffer.concat([checksum, value]);
}

const familyOf = (rows: ReadonlyMap<string, Buffer>, family: string): [string, Buffer][] =>
  [...rows].filter(([key]) => key.startsWith(family));

/** Everything is asked for once, whatever comes of it; then the store is opened again. */
async function expectToHeal(state: string, isNoticedByReads = true): Promise<void> {
  const engine = await open();
  const answer = await stateOf(engine).catch((error: unknown) => error);
  if (answer !== state && isNoticedByReads) expect(answer).toMatchObject({ code: 'CORRUPT' });
  const complaints = await complaintsAbout(engine).catch((error: unknown) => [error]);
  expect(complaints).not.toEqual([]);
  await engine.close().catch(() => undefined);

  const healed = await open();
  expect(await stateOf(healed)).toBe(state);
  expect(await complaintsAbout(healed)).toEqual([]);
  await healed.close();
}

describe('an index that is wrong is rebuilt by the opening after it was found out', () => {
  test.each(['h', 'v', 'c', 'p'])(
    'when a bit of each row in family %s was flipped',
    async (family) => {
      const state = await makeStore();
      await changeRows((rows) => {
        const flipped = familyOf(rows, family).map(([key, value]) => {
          const copy = Buffer.from(value);
          copy[copy.length - 1]! ^= 4;
          return [key, copy] as const;
        });
        expect(flipped).not.toEqual([]);
        return new Map(flipped);
      });
      await expectToHeal(state);
    },
  );

  test('when it leads to the frames of other chunks', async () => {
    const state = await makeStore();
    await changeRows((rows) => {
      const located = familyOf(rows, 'c').filter(([key]) => key.length === 39);
      const values = located.map(([, value]) => value.subarray(4));
      return new Map(
        located.map(([key], i) => [key, sealed(key, values[(i + 1) % values.length] as Buffer)]),
      );
    });
    await expectToHeal(state);
  });

  test('when references are gone', async () => {
    const state = await makeStore();
    await changeRows((rows) => {
      const edges = familyOf(rows, 'c').filter(([key]) => key.slice(38, 40) === 'rv');
      expect(edges).not.toEqual([]);
      return new Map(edges.map(([key]) => [key, undefined]));
    });
    await expectToHeal(state);
  });

  test('when locations are gone', async () => {
    const state = await makeStore();
    await changeRows((rows) => {
      const located = familyOf(rows, 'c').filter(([key]) => key.length === 39);
      return new Map(located.map(([key]) => [key, undefined]));
    });
    await expectToHeal(state);
  });

  test('when names are gone, which verify counts', async () => {
    const state = await makeStore();
    await changeRows((rows) => new Map(familyOf(rows, 'h').map(([key]) => [key, undefined])));
    await expectToHeal(state, false);
  });
});
