/**
 * Listings as Encore has them: all objects in bytewise order, under a prefix, up to a limit.
 *
 * @module
 */

import { expect, test } from 'vitest';
import {
  compareNames,
  collect,
  type ContractGroup,
  namesOf,
  textOf,
  uploadNames,
} from './target.ts';

/** In order. UTF-16 would put the last two the other way round, and a locale most of the rest. */
const ordered = [
  'B',
  'Z/',
  'a',
  'a!c.txt',
  'a-b.txt',
  'a.txt',
  'a/',
  'a/.aa/deep.txt',
  'a/z.txt',
  'a0',
  'foo',
  'foo/bar',
  'foo0',
  'zz.txt',
  'zz/deep/x.txt',
  'é',
  '日本',
  '\uffff',
  '\u{10000}',
];

export const listing: ContractGroup = {
  name: 'listing',
  needs: [],
  define(target) {
    test('is in the order of the names as UTF-8 bytes', async () => {
      const bucket = await target.bucket();
      await uploadNames(bucket, [...ordered].reverse());
      expect(await namesOf(bucket.list({}))).toEqual(ordered);
      expect([...ordered].sort(compareNames)).toEqual(ordered);
      expect([...ordered].sort()).not.toEqual(ordered);
    });

    test('shows what an object is', async () => {
      const bucket = await target.bucket({ versioned: true });
      const { name, size, etag, version, lastModified } = await bucket.upload(
        'a',
        Buffer.from('xy'),
      );
      const listed = await collect(bucket.list({}));
      expect(listed).toEqual([{ name, size, etag, version, lastModified }]);
    });

    test.each([
      ['a', ['a', 'a!c.txt', 'a-b.txt', 'a.txt', 'a/', 'a/.aa/deep.txt', 'a/z.txt', 'a0']],
      ['a/', ['a/', 'a/.aa/deep.txt', 'a/z.txt']],
      ['foo', ['foo', 'foo/bar', 'foo0']],
      ['foo/bar', ['foo/bar']],
      ['foo/bar/', []],
      ['\u{10000}', ['\u{10000}']],
      ['x', []],
      ['', ordered],
    ])('under the prefix %j shows the names that begin with it', async (prefix, expected) => {
      const bucket = await target.bucket();
      await uploadNames(bucket, ordered);
      expect(await namesOf(bucket.list({ prefix }))).toEqual(expected);
    });

    test.each([0, 1, 3, ordered.length, ordered.length + 1])('stops after %i', async (limit) => {
      const bucket = await target.bucket();
      await uploadNames(bucket, ordered);
      expect(await namesOf(bucket.list({ limit }))).toEqual(ordered.slice(0, limit));
      const limited = await namesOf(bucket.list({ prefix: 'a', limit }));
      expect(limited).toEqual(ordered.slice(2, 10).slice(0, limit));
    });

    test('goes on over many pages', async () => {
      const bucket = await target.bucket();
      const names = Array.from({ length: 2100 }, (_, i) => `n${String(i).padStart(5, '0')}`);
      await uploadNames(bucket, names);
      expect(await namesOf(bucket.list({}))).toEqual(names);
      expect(await namesOf(bucket.list({ limit: 1001 }))).toEqual(names.slice(0, 1001));
      expect(await namesOf(bucket.list({ limit: 2000 }))).toEqual(names.slice(0, 2000));
    });

    test('may be left early, and holds nothing up', async () => {
      const bucket = await target.bucket();
      await uploadNames(bucket, ordered);
      for await (const { name } of bucket.list({})) {
        expect(name).toBe('B');
        break;
      }
      await bucket.remove('B');
      expect(await namesOf(bucket.list({ limit: 1 }))).toEqual(['Z/']);
    });

    test('shows each name that stays exactly once while others come and go', async () => {
      const bucket = await target.bucket();
      const staying = Array.from({ length: 2500 }, (_, i) => `s${String(i).padStart(4, '0')}`);
      await uploadNames(bucket, staying);
      const seen: string[] = [];
      for await (const { name } of bucket.list({})) {
        if (name.endsWith('!')) continue;
        seen.push(name);
        if (seen.length % 100 === 0) {
          // One before the place of the listing, one behind it, and one that is replaced.
          await uploadNames(bucket, [`${seen[0] as string}!`, `s9${seen.length}!`, name]);
          if (seen.length % 200 === 0) await bucket.remove(`s9${seen.length}!`);
        }
      }
      expect(seen).toEqual(staying);
    });

    test('is empty again when everything was removed', async () => {
      const bucket = await target.bucket({ versioned: true });
      await uploadNames(bucket, ['a', 'b']);
      await bucket.remove('a');
      expect(await namesOf(bucket.list({}))).toEqual(['b']);
      await bucket.remove('b');
      expect(await namesOf(bucket.list({}))).toEqual([]);
      await uploadNames(bucket, ['a']);
      expect(await textOf(bucket.download('a'))).toBe('a');
      expect(await namesOf(bucket.list({}))).toEqual(['a']);
    });
  },
};
