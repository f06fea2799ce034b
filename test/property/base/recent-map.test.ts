/**
 * What a bounded map remembers is what was put last, and never more than there is room for.
 *
 * Few keys and little room, so that entries are replaced, forgotten and put again.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentMap } from '../../../src/base/recent-map.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');

type Step =
  | { readonly kind: 'set'; readonly key: string; readonly bytes: number }
  | { readonly kind: 'get' | 'delete'; readonly key: string }
  | { readonly kind: 'clear' };

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('set'), key, bytes: fc.nat(12) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('get'), key }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete'), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear') }) },
) as fc.Arbitrary<Step>;

const bytesMax = 20;

test('an entry is the last one that was put, or forgotten, and all of them fit', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const map = new RecentMap<{ readonly bytes: number }>(bytesMax, ({ bytes }) => bytes);
      const model = new Map<string, { readonly bytes: number }>();
      for (const made of steps) {
        if (made.kind === 'clear') {
          map.clear();
          model.clear();
          expect(map.bytes).toBe(0);
        } else if (made.kind === 'delete') {
          map.delete(made.key);
          model.delete(made.key);
          expect(map.get(made.key)).toBeUndefined();
        } else if (made.kind === 'set') {
          const value = { bytes: made.bytes };
          map.set(made.key, value);
          model.set(made.key, value);
          // What takes more than half of the room is not kept, and neither is what it replaces.
          expect(map.get(made.key)).toBe(made.bytes * 2 <= bytesMax ? value : undefined);
        } else {
          const found = map.get(made.key);
          if (found !== undefined) expect(found).toBe(model.get(made.key));
        }
        expect(map.bytes).toBeLessThanOrEqual(bytesMax);
      }
    }),
    { numRuns: 500 },
  );
});

test('what is asked for stays, and what is not makes room', () => {
  const map = new RecentMap<string>(8, () => 1);
  map.set('wanted', 'x');
  for (let i = 0; i < 100; i++) {
    map.set(`other ${i}`, 'y');
    expect(map.get('wanted')).toBe('x');
  }
  expect(map.get('other 0')).toBeUndefined();
});

test('all of the room is in use: what fits is there, round after round', () => {
  const entries = 1000;
  const map = new RecentMap<number>(entries, () => 1);
  for (let i = 0; i < 3 * entries; i++) {
    if (map.get(`${i % entries}`) === undefined) map.set(`${i % entries}`, i);
    expect(map.get(`${i % entries}`)).toBe(i % entries);
  }
  expect(map.bytes).toBe(entries);
});

test('what is put once, and never asked for, does not drive out what is', () => {
  const map = new RecentMap<number>(100, () => 1);
  for (let i = 0; i < 50; i++) map.set(`wanted ${i}`, i);
  for (let i = 0; i < 5000; i++) {
    expect(map.get(`wanted ${i % 50}`)).toBe(i % 50);
    map.set(`once ${i}`, i);
  }
});
