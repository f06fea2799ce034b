/**
 * Ranges of names: what lies between two names, forwards and backwards.
 *
 * @module
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ListOptions } from '../../../src/index.ts';
import {
  compareNames,
  collect,
  type ContractGroup,
  expectCode,
  expectTypeError,
  namesOf,
  uploadNames,
} from './target.ts';

/** Short names in which prefixes, bounds and encodings of all lengths meet. */
export const arbitraryName: fc.Arbitrary<string> = fc
  .array(fc.constantFrom('a', 'b', '/', '\0', 'é', '\uffff', '\u{10000}'), {
    minLength: 1,
    maxLength: 4,
  })
  .map((characters) => characters.join(''));

/** What a listing must show, the obvious way. */
export function expectedNames(names: readonly string[], options: ListOptions): string[] {
  const { prefix = '', startAfter, endBefore, reverse = false, limit } = options;
  const shown = names
    .filter((name) => name.startsWith(prefix))
    .filter((name) => startAfter === undefined || compareNames(name, startAfter) > 0)
    .filter((name) => endBefore === undefined || compareNames(name, endBefore) < 0)
    .sort(compareNames);
  if (reverse) shown.reverse();
  return shown.slice(0, limit);
}

export const nameRanges: ContractGroup = {
  name: 'ranges of names',
  needs: ['nameRanges'],
  define(target) {
    test('any range of names holds what it says, in both directions', async () => {
      const bound = fc.oneof(arbitraryName, fc.constant(''));
      const options = fc.record(
        {
          prefix: bound,
          startAfter: bound,
          endBefore: bound,
          reverse: fc.boolean(),
          limit: fc.nat(5),
        },
        { requiredKeys: [] },
      );
      const bucket = await target.bucket();
      const names = [...new Set(fc.sample(arbitraryName, { numRuns: 120, seed: 7 }))];
      await uploadNames(bucket, names);
      await fc.assert(
        fc.asyncProperty(options, async (asked) => {
          expect(await namesOf(bucket.list(asked))).toEqual(expectedNames(names, asked));
        }),
        { numRuns: 300 },
      );
    });

    test('backwards goes on over many pages', async () => {
      const bucket = await target.bucket();
      const names = Array.from({ length: 1100 }, (_, i) => `n${String(i).padStart(4, '0')}`);
      await uploadNames(bucket, names);
      expect(await namesOf(bucket.list({ reverse: true }))).toEqual([...names].reverse());
    });

    test.each([{ limit: -1 }, { limit: 1.5 }, { limit: Number.NaN }, { prefix: '\ud800' }])(
      '%o is refused',
      async (options) => {
        const bucket = await target.bucket();
        await expectCode(target, 'INVALID', collect(bucket.list(options)));
        await expectCode(target, 'INVALID', bucket.listPage(options));
        await expectCode(target, 'INVALID', collect(bucket.versions(options)));
      },
    );

    test.each(['prefix', 'startAfter', 'endBefore', 'reverse'])(
      '%s of 5 is refused',
      async (key) => {
        const bucket = await target.bucket();
        await expectTypeError(collect(bucket.list({ [key]: 5 })), key);
      },
    );
  },
};
