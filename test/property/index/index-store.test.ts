/**
 * The index is a sorted map, wherever its rows are: in layers, on their way to LevelDB, or there.
 *
 * Few keys, so that rows are put, deleted and put again in different layers; and ranges with small
 * limits, so that what is deleted above has to be made up for from below. All keys lie below `j`,
 * where the index notes its own flushes: the model knows nothing of those.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flushEntriesMin, flushLayersMin } from '../../../src/base/limits.ts';
import type { Cursor } from '../../../src/engine/index/cursor.ts';
import { Database, type KeyRange } from '../../../src/engine/index/database.ts';
import { IndexStore, Layer, type IndexChange } from '../../../src/engine/index/index-store.ts';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';

const group = fc.constantFrom('h\0\0\0\x01a\0\0', 'h\0\0\0\x01b\0\0', 'i\0\0\0\x01a\0\0', 'ca');
const suffix = fc.constantFrom('', '\0', '1', '2', '3', '\xff');
const value = fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined, freq: 2 });
const change: fc.Arbitrary<IndexChange> = fc.record({ group, suffix, value });

const bound = fc.oneof(
  fc.tuple(group, suffix).map(([name, end]) => name + end),
  fc.constantFrom('', 'h', 'i', 'j'),
);
/** What every run begins with in LevelDB, so that there is something to delete above. */
const settled = fc.array(fc.record({ group, suffix, value: fc.uint8Array({ maxLength: 3 }) }), {
  minLength: 12,
  maxLength: 24,
});
const range: fc.Arbitrary<KeyRange> = fc.record({
  gte: fc.oneof(fc.constant('c'), bound),
  lt: fc.oneof(fc.constant('j'), bound),
  reverse: fc.boolean(),
  limit: fc.nat(8),
});

type Step =
  | { readonly kind: 'publish'; readonly changes: readonly IndexChange[] }
  | { readonly kind: 'markDurable'; readonly behind: number }
  | { readonly kind: 'flush'; readonly isAwaited: boolean }
  | { readonly kind: 'range'; readonly range: KeyRange }
  | { readonly kind: 'get'; readonly group: string; readonly suffix: string }
  | { readonly kind: 'under'; readonly group: string; readonly limit: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('publish'), changes: fc.array(change, { maxLength: 12 }) }),
  fc.record({ kind: fc.constant('markDurable'), behind: fc.nat(3) }),
  fc.record({ kind: fc.constant('flush'), isAwaited: fc.boolean() }),
  fc.record({ kind: fc.constant('range'), range }),
  fc.record({ kind: fc.constant('get'), group, suffix }),
  fc.record({ kind: fc.constant('under'), group, limit: fc.nat(5) }),
) as fc.Arbitrary<Step>;

/** What the index must say: a map, and the slow way to look into it. */
class ModelIndex {
  readonly #rows = new Map<string, Uint8Array>();

  apply(changes: readonly IndexChange[]): void {
    for (const { group: name, suffix: end, value: bytes } of changes) {
      if (bytes === undefined) this.#rows.delete(name + end);
      else this.#rows.set(name + end, bytes);
    }
  }

  get(key: string): Uint8Array | undefined {
    return this.#rows.get(key);
  }

  range({ gte, lt, reverse, limit }: KeyRange): [string, Uint8Array][] {
    const rows = [...this.#rows].filter(([key]) => key >= gte && key < lt);
    rows.sort(([a], [b]) => (a < b ? -1 : 1));
    return (reverse === true ? rows.reverse() : rows).slice(0, limit);
  }

  under(prefix: string, limit: number): [string, Uint8Array][] {
    const rows = this.range({ gte: '', lt: '\uffff', limit: 1000 });
    return rows.filter(([key]) => key.startsWith(prefix)).slice(0, limit);
  }
}

test('reads see what was published, however much of it has reached LevelDB', async () => {
  await fc.assert(
    fc.asyncProperty(settled, fc.array(step, { maxLength: 40 }), async (changes, steps) => {
      const database = await Database.open(nativeHashing.crc32, undefined);
      const index = new IndexStore(database);
      const reader = index.reader();
      const model = new ModelIndex();
      const running: Promise<unknown>[] = [];
      await index.writeDirectly(changes);
      model.apply(changes);
      let lsn = 0;
      for (const made of steps) {
        if (made.kind === 'publish') {
          const layer = new Layer();
          layer.add(made.changes);
          layer.lastLsn = ++lsn;
          index.publish(layer);
          model.apply(made.changes);
        } else if (made.kind === 'markDurable') index.markDurable(lsn - made.behind);
        else if (made.kind === 'flush') {
          const flushing = index.flush();
          running.push(flushing);
          if (made.isAwaited) await flushing;
        } else if (made.kind === 'get') {
          const found = await reader.get(made);
          expect(found).toEqual(model.get(made.group + made.suffix));
        } else {
          const isRange = made.kind === 'range';
          const expected = isRange ? model.range(made.range) : model.under(made.group, made.limit);
          const rows = isRange
            ? await reader.range(made.range)
            : await reader.under(made.group, made.limit);
          expect(rows.map((row) => [row.key, row.value])).toEqual(expected);
        }
      }
      await Promise.all(running);
      index.markDurable(lsn);
      await index.flush();
      const whole = { gte: 'a', lt: 'j', limit: 1000 };
      const stored = await database.range(whole);
      expect(stored.map((row) => [row.key, row.value])).toEqual(model.range(whole));
      await database.close();
    }),
    { numRuns: 400 },
  );
});

test('a layer that is not durable does not reach LevelDB', async () => {
  const database = await Database.open(nativeHashing.crc32, undefined);
  const index = new IndexStore(database);
  for (const lastLsn of [5, 9]) {
    const layer = new Layer();
    layer.add([{ group: 'h', suffix: `${lastLsn}`, value: Uint8Array.of(1) }]);
    layer.lastLsn = lastLsn;
    index.publish(layer);
  }
  index.markDurable(8);
  await index.flush();
  expect(await database.get('h5')).toBeDefined();
  expect(await database.get('h9')).toBeUndefined();
  expect(await index.reader().get({ group: 'h', suffix: '9' })).toBeDefined();
  await database.close();
});

test('what a group is deciding is seen by its own reader only', async () => {
  const database = await Database.open(nativeHashing.crc32, undefined);
  const index = new IndexStore(database);
  const tentative = new Layer();
  const own = index.reader(tentative);
  tentative.add([{ group: 'h', suffix: 'x', value: Uint8Array.of(1) }]);
  expect(await own.get({ group: 'h', suffix: 'x' })).toEqual(Uint8Array.of(1));
  expect(await index.reader().get({ group: 'h', suffix: 'x' })).toBeUndefined();
  await database.close();
});

test('a cursor gives the rows from one bound and then from another', async () => {
  const bounds = fc.uniqueArray(fc.tuple(bound, fc.integer({ min: 1, max: 4 })), {
    maxLength: 6,
    selector: ([from]) => from,
  });
  const layers = fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(settled, layers, range, bounds, async (changes, published, whole, reads) => {
      const database = await Database.open(nativeHashing.crc32, undefined);
      const index = new IndexStore(database);
      const model = new ModelIndex();
      await index.writeDirectly(changes);
      model.apply(changes);
      for (const layerChanges of published) {
        const layer = new Layer();
        layer.add(layerChanges);
        index.publish(layer);
        model.apply(layerChanges);
      }
      const { gte, lt, reverse } = whole;
      const inOrder = reads
        .filter(([from]) => from >= gte && from <= lt)
        .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      if (reverse === true) inOrder.reverse();
      const [cursor] = index.reader().cursors([whole]) as [Cursor];
      for (const [from, limit] of inOrder) {
        cursor.seek(from);
        const rows = await cursor.rows(limit);
        const left = reverse === true ? { gte, lt: from } : { gte: from, lt };
        expect(rows.map((row) => [row.key, row.value])).toEqual(
          model.range({ ...whole, ...left, limit }),
        );
      }
      await cursor.close();
      await database.close();
    }),
    { numRuns: 400 },
  );
});

test('a batch is worth it after some commits, or after some rows of few', async () => {
  const database = await Database.open(nativeHashing.crc32, undefined);
  const publish = (index: IndexStore, lsn: number, rowCount: number): void => {
    const layer = new Layer();
    layer.lastLsn = lsn;
    for (let row = 0; row < rowCount; row++) {
      layer.add([{ group: 'ca', suffix: String(row), value: new Uint8Array(0) }]);
    }
    index.publish(layer);
    index.markDurable(lsn);
  };
  const small = new IndexStore(database);
  for (let lsn = 1; lsn < flushLayersMin; lsn++) {
    publish(small, lsn, 1);
    expect(small.isWorthFlushing()).toBe(false);
  }
  publish(small, flushLayersMin, 1);
  expect(small.isWorthFlushing()).toBe(true);
  await small.flush();
  expect(small.isWorthFlushing()).toBe(false);

  publish(small, flushLayersMin + 1, flushEntriesMin);
  expect(small.isWorthFlushing()).toBe(true);
  await database.close();
});
