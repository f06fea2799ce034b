/**
 * Rows that the database keeps are the rows that LevelDB has, whatever is written meanwhile.
 *
 * The oracle is an iterator over one key: it keeps nothing. A batch reaches the store when the run
 * says so, so that look-ups come before, while it is on its way, and after; or it fails.
 */

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Database, type DatabaseChange } from '../../../src/engine/index/database.ts';
import type {
  KeyValueBatch,
  KeyValueIterator,
  KeyValueRange,
  KeyValueStore,
} from '../../../src/engine/platform/key-value-store.ts';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';

const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Rows in a map, and batches that wait until they are let through. */
class SlowStore implements KeyValueStore {
  readonly supports: { readonly getSync: boolean };
  readonly #rows = new Map<string, Uint8Array>();
  readonly #waiting: ((isFailing: boolean) => void)[] = [];
  gets = 0;

  constructor(getSync: boolean) {
    this.supports = { getSync };
  }

  async open(): Promise<void> {}
  async close(): Promise<void> {}

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const value = this.getSync(key);
    await Promise.resolve();
    return value;
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    this.gets++;
    return this.#rows.get(binary(key));
  }

  batch(): KeyValueBatch {
    const changes: [string, Uint8Array | undefined][] = [];
    return {
      put: (key, value) => changes.push([binary(key), value.slice()]),
      del: (key) => changes.push([binary(key), undefined]),
      write: () =>
        new Promise((resolve, reject) => {
          this.#waiting.push((isFailing) => {
            if (isFailing) {
              reject(new Error('the disk is full'));
              return;
            }
            for (const [key, value] of changes) {
              if (value === undefined) this.#rows.delete(key);
              else this.#rows.set(key, value);
            }
            resolve();
          });
        }),
    };
  }

  iterator({ gte, lt }: KeyValueRange): KeyValueIterator {
    const rows = [...this.#rows]
      .filter(([key]) => key >= binary(gte) && key < binary(lt))
      .map(([key, value]): [Uint8Array, Uint8Array] => [Buffer.from(key, 'latin1'), value]);
    return {
      nextv: async (size) => rows.splice(0, size),
      // Nothing here reads more than one row.
      seek: () => assert.fail('not asked for'),
      close: async () => undefined,
    };
  }

  /** Lets the batch through that waits longest. */
  finish(isFailing: boolean): void {
    this.#waiting.shift()?.(isFailing);
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }
}

const key = fc.constantFrom('pa', 'pb', 'ha', 'hb', 'ca');
const change = fc.record({
  key,
  value: fc.option(fc.uint8Array({ maxLength: 2 }), { nil: undefined, freq: 3 }),
});

type Step =
  | { readonly kind: 'write'; readonly changes: readonly DatabaseChange[] }
  | { readonly kind: 'finish'; readonly isFailing: boolean }
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'wait' };

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('write'), changes: fc.array(change) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('finish'),
      isFailing: fc.constantFrom(...Array.from({ length: 20 }, (_, i) => i === 0)),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('get'), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait') }) },
) as fc.Arbitrary<Step>;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test.each([true, false])('a row that is kept is never an old one (getSync: %s)', async (sync) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const store = new SlowStore(sync);
      const database = await Database.open(nativeHashing.crc32, '/index', () => store);
      const isAsTheIteratorSays = async (wanted: string): Promise<void> => {
        const [found, rows] = await Promise.all([
          database.get(wanted),
          database.range({ gte: wanted, lt: `${wanted}\0`, limit: 1 }),
        ]);
        expect(found).toEqual(rows[0]?.value);
      };
      for (const made of steps) {
        if (made.kind === 'write') {
          database.write(made.changes).catch(() => {});
        } else if (made.kind === 'finish') store.finish(made.isFailing);
        else if (made.kind === 'get') await isAsTheIteratorSays(made.key);
        else await turn();
      }
      while (!store.isIdle) store.finish(false);
      await turn();
      for (const wanted of ['pa', 'pb', 'ha', 'hb', 'ca']) await isAsTheIteratorSays(wanted);
    }),
    { numRuns: 500 },
  );
});

test('a row that was read is not asked for again', async () => {
  const store = new SlowStore(true);
  const database = await Database.open(nativeHashing.crc32, '/index', () => store);
  const writing = database.write([{ key: 'pa', value: Uint8Array.of(1) }]);
  store.finish(false);
  await writing;
  for (let i = 0; i < 3; i++) expect(await database.get('pa')).toEqual(Uint8Array.of(1));
  expect(store.gets).toBe(1);
});
