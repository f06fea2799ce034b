/**
 * Versions, by the methods that Encore has: read, described and removed by their ids.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { type ContractGroup, expectCode, namesOf, textOf } from './target.ts';

/** Ids that no version has: of no shape that ids have, too large, and not given out. */
const unknownIds = [
  '',
  'nonsense',
  '0'.repeat(11),
  'z'.repeat(11),
  '7zzzzzzzzzz',
  '12345',
  'OOOOOOOOOOO',
];

export const versions: ContractGroup = {
  name: 'versions',
  needs: [],
  define(target) {
    test('every upload is a version, and ids sort in commit order', async () => {
      const bucket = await target.bucket({ versioned: true });
      const ids: string[] = [];
      for (let i = 0; i < 40; i++) {
        const { version } = await bucket.upload(`n${i % 3}`, Buffer.from(`${i}`));
        ids.push(version as string);
      }
      expect(new Set(ids).size).toBe(ids.length);
      expect([...ids].sort()).toEqual(ids);
    });

    test('old versions stay as they were', async () => {
      const bucket = await target.bucket({ versioned: true });
      const first = await bucket.upload('a', Buffer.from('one'), { contentType: 'text/plain' });
      const second = await bucket.upload('a', Buffer.from('second'));
      const { version } = first;
      expect(await textOf(bucket.download('a'))).toBe('second');
      expect(await textOf(bucket.download('a', { version }))).toBe('one');
      expect(await bucket.attrs('a', { version })).toEqual(first);
      expect(await bucket.attrs('a')).toEqual(second);
      expect(await bucket.exists('a', { version })).toBe(true);
    });

    test.each(unknownIds)('%j is no version', async (version) => {
      const bucket = await target.bucket({ versioned: true });
      await bucket.upload('a', Buffer.from('x'));
      expect(await bucket.exists('a', { version })).toBe(false);
      await expectCode(target, 'NOT_FOUND', bucket.attrs('a', { version }));
      await expectCode(target, 'NOT_FOUND', bucket.download('a', { version }));
      await expectCode(target, 'NOT_FOUND', bucket.remove('a', { version }));
      expect(await textOf(bucket.download('a'))).toBe('x');
    });

    test('a version of one name is none of another, nor of another bucket', async () => {
      const bucket = await target.bucket({ versioned: true });
      const other = await target.bucket({ versioned: true });
      const { version } = await bucket.upload('a', Buffer.from('x'));
      await bucket.upload('b', Buffer.from('y'));
      await other.upload('a', Buffer.from('z'));
      const options = { version };
      expect(await bucket.exists('b', options)).toBe(false);
      expect(await other.exists('a', options)).toBe(false);
      await expectCode(target, 'NOT_FOUND', other.download('a', options));
      await expectCode(target, 'NOT_FOUND', other.remove('a', options));
      expect(await bucket.exists('a', options)).toBe(true);
    });

    test('remove hides the object and leaves its history', async () => {
      const bucket = await target.bucket({ versioned: true });
      const { version } = await bucket.upload('a', Buffer.from('x'));
      await bucket.remove('a');
      expect(await bucket.exists('a')).toBe(false);
      await expectCode(target, 'NOT_FOUND', bucket.download('a'));
      await expectCode(target, 'NOT_FOUND', bucket.remove('a'));
      expect(await textOf(bucket.download('a', { version }))).toBe('x');
      expect(await namesOf(bucket.list({}))).toEqual([]);
    });

    test('a version that is removed is gone for good', async () => {
      const bucket = await target.bucket({ versioned: true });
      const first = await bucket.upload('a', Buffer.from('first'));
      await bucket.upload('a', Buffer.from('second'));
      const { version } = first;
      await bucket.remove('a', { version });
      expect(await bucket.exists('a', { version })).toBe(false);
      await expectCode(target, 'NOT_FOUND', bucket.download('a', { version }));
      await expectCode(target, 'NOT_FOUND', bucket.remove('a', { version }));
      expect(await textOf(bucket.download('a'))).toBe('second');
    });

    test('removing the newest version reveals the one before it', async () => {
      const bucket = await target.bucket({ versioned: true });
      const first = await bucket.upload('a', Buffer.from('first'), { contentType: 'text/plain' });
      const second = await bucket.upload('a', Buffer.from('second'));
      await bucket.remove('a', { version: second.version });
      expect(await textOf(bucket.download('a'))).toBe('first');
      expect(await bucket.attrs('a')).toEqual(first);
      expect(await namesOf(bucket.list({}))).toEqual(['a']);
      await bucket.remove('a', { version: first.version });
      expect(await bucket.exists('a')).toBe(false);
      expect(await namesOf(bucket.list({}))).toEqual([]);
    });
  },
};
