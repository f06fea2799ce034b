/**
 * Pages: with groups, of any size, in both directions, nothing is shown twice or left out.
 *
 * @module
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Bucket, ListPageOptions } from '../../../src/index.ts';
import { arbitraryName, expectedNames } from './name-ranges.group.ts';
import { type ContractGroup, expectCode, expectTypeError, uploadNames } from './target.ts';

/** Names and groups of all pages, in order, each page's names before its groups. */
async function allPages(
  bucket: Bucket,
  options: ListPageOptions,
): Promise<{ readonly items: string[]; readonly sizes: number[] }> {
  const items: string[] = [];
  const sizes: number[] = [];
  let pageToken: string | undefined;
  do {
    if (sizes.length > 2000) throw new Error('the pages have no end');
    const page = await bucket.listPage({
      ...options,
      ...(pageToken === undefined ? {} : { pageToken }),
    });
    items.push(
      ...page.entries.map(({ name }) => name),
      ...page.prefixes.map((text) => `group ${text}`),
    );
    sizes.push(page.entries.length + page.prefixes.length);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return { items, sizes };
}

/** What the pages must show together, the obvious way. */
function expectedItems(names: readonly string[], options: ListPageOptions): string[] {
  const { prefix = '', delimiter = '', limit, ...range } = options;
  const items = expectedNames(names, { prefix, ...range }).map((name) => {
    const at = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length);
    return at < 0 ? name : `group ${name.slice(0, at + delimiter.length)}`;
  });
  return [...new Set(items)].slice(0, limit);
}

export const pages: ContractGroup = {
  name: 'pages',
  needs: ['pages'],
  define(target) {
    test('of any size together show every name or its group exactly once', async () => {
      const bucket = await target.bucket();
      const names = [...new Set(fc.sample(arbitraryName, { numRuns: 90, seed: 11 }))];
      await uploadNames(bucket, names);
      const options = fc.record(
        {
          prefix: fc.oneof(fc.constant(''), arbitraryName),
          delimiter: fc.constantFrom('/', '', 'b', 'a/', '\u{10000}', '\uffff', '//'),
          startAfter: arbitraryName,
          endBefore: arbitraryName,
          reverse: fc.boolean(),
          limit: fc.nat(12),
          pageSize: fc.integer({ min: 1, max: 7 }),
        },
        { requiredKeys: ['pageSize'] },
      );
      await fc.assert(
        fc.asyncProperty(options, async ({ pageSize, ...asked }) => {
          const { items, sizes } = await allPages(bucket, { ...asked, pageSize });
          expect([...items].sort()).toEqual(expectedItems(names, asked).sort());
          // Every page but the last is full, and the last one only is empty if all are.
          expect(sizes.slice(0, -1).every((size) => size === pageSize)).toBe(true);
          expect(sizes.length > 1 ? sizes.at(-1) : 1).toBeGreaterThan(0);
        }),
        { numRuns: 300 },
      );
    });

    test('of one entry come in order', async () => {
      const bucket = await target.bucket();
      const names = ['a', 'a/1', 'a/2', 'a0', 'b/1/2', 'b/2', 'c', '\uffff/', '\u{10000}/x'];
      await uploadNames(bucket, names);
      const forwards = [
        'a',
        'group a/',
        'a0',
        'group b/',
        'c',
        'group \uffff/',
        'group \u{10000}/',
      ];
      const options = { delimiter: '/', pageSize: 1 };
      expect((await allPages(bucket, options)).items).toEqual(forwards);
      const backwards = (await allPages(bucket, { ...options, reverse: true })).items;
      expect(backwards).toEqual([...forwards].reverse());
    });

    test('behind a token follow the place, not the entry that was there', async () => {
      const bucket = await target.bucket();
      await uploadNames(bucket, ['a', 'b', 'c', 'd']);
      const { nextPageToken } = await bucket.listPage({ pageSize: 2 });
      await bucket.remove('b');
      await uploadNames(bucket, ['aa', 'bb']);
      const page = await bucket.listPage({ pageToken: nextPageToken as string });
      expect(page.entries.map(({ name }) => name)).toEqual(['bb', 'c', 'd']);
      expect('nextPageToken' in page).toBe(false);
    });

    test('are 1000 at most, and 1000 if nothing is said', async () => {
      const bucket = await target.bucket();
      await uploadNames(
        bucket,
        Array.from({ length: 1001 }, (_, i) => `n${i}`),
      );
      const page = await bucket.listPage();
      expect(page.entries).toHaveLength(1000);
      expect(page.nextPageToken).toMatch(/^[-_A-Za-z0-9]+$/);
      expect((await allPages(bucket, {})).sizes).toEqual([1000, 1]);
      for (const pageSize of [0, -1, 1001, 2.5]) {
        await expectCode(target, 'INVALID', bucket.listPage({ pageSize }));
      }
    });

    test.each(['', 'nonsense', '!!!', 'W10', 'e30', 'WyJuYW1lIl0', 'WyJuYW1lIiw1XQ', 'bnVsbA=='])(
      'do not begin at the token %j, which no page has given',
      async (pageToken) => {
        const bucket = await target.bucket();
        await expectCode(target, 'INVALID', bucket.listPage({ pageToken }));
      },
    );

    test('do not begin at what is no text', async () => {
      const bucket = await target.bucket();
      const wrong = 5 as unknown as string;
      await expectTypeError(bucket.listPage({ pageToken: wrong }), 'pageToken');
      await expectTypeError(bucket.listPage({ delimiter: wrong }), 'delimiter');
    });

    test('of a bucket that is not there are empty', async () => {
      const bucket = await target.bucket();
      expect(await bucket.listPage({ delimiter: '/' })).toEqual({ entries: [], prefixes: [] });
    });
  },
};
