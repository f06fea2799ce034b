/**
 * Ranges: the bytes that `subarray` would give, and a refusal outside the object.
 *
 * @module
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { generatedBytes } from '../../support/content.ts';
import { type ContractGroup, expectCode, expectTypeError, textOf } from './target.ts';

export const ranges: ContractGroup = {
  name: 'ranges',
  needs: ['ranges'],
  define(target) {
    test.each([
      [{}, '0123456789'],
      [{ start: 0 }, '0123456789'],
      [{ start: 4 }, '456789'],
      [{ end: 4 }, '0123'],
      [{ start: 2, end: 5 }, '234'],
      [{ start: 9, end: 10 }, '9'],
      [{ start: 3, end: 3 }, ''],
      [{ start: 10 }, ''],
      [{ start: 10, end: 20 }, ''],
      [{ start: 8, end: 1000 }, '89'],
      [{ start: -3 }, '789'],
      [{ start: -3, end: 8 }, '7'],
      [{ start: -10 }, '0123456789'],
      [{ start: -1000 }, '0123456789'],
      [{ start: -0 }, '0123456789'],
      [{ start: 0, end: 0 }, ''],
    ])('%j of ten digits is %j', async (range, expected) => {
      const bucket = await target.bucket();
      await bucket.upload('a', '0123456789');
      expect(await textOf(bucket.download('a', { range }))).toBe(expected);
    });

    test.each([{ start: 11 }, { start: 5, end: 4 }, { start: -1, end: 3 }, { start: 20, end: 30 }])(
      '%j lies outside ten digits, which the error tells',
      async (range) => {
        const bucket = await target.bucket();
        await bucket.upload('a', '0123456789');
        const error = await expectCode(target, 'INVALID', bucket.download('a', { range }));
        expect(error.message).toContain('size=10');
      },
    );

    test.each([
      { start: 1.5 },
      { end: -1 },
      { start: Number.NaN },
      { end: Number.POSITIVE_INFINITY },
    ])('%o is no range of anything', async (range) => {
      const bucket = await target.bucket();
      await bucket.upload('a', '0123456789');
      await expectCode(target, 'INVALID', bucket.download('a', { range }));
    });

    test('what is no number is told by its name', async () => {
      const bucket = await target.bucket();
      await bucket.upload('a', 'x');
      const range = { start: '1' as unknown as number };
      await expectTypeError(bucket.download('a', { range }), 'range.start');
      await expectTypeError(bucket.download('a', { range: 5 as unknown as object }), 'range');
    });

    test('of an object without bytes only the empty range is inside', async () => {
      const bucket = await target.bucket();
      await bucket.upload('a', '');
      for (const range of [{}, { start: 0 }, { end: 5 }, { start: -5 }]) {
        expect((await bucket.download('a', { range })).length).toBe(0);
      }
      await expectCode(target, 'INVALID', bucket.download('a', { range: { start: 1 } }));
    });

    test('any range of an object of many chunks is what subarray gives', async () => {
      const bucket = await target.bucket();
      const content = generatedBytes(5, 1_500_000);
      await bucket.upload('a', content);
      const place = fc.nat(content.length);
      await fc.assert(
        fc.asyncProperty(place, place, fc.boolean(), async (a, b, fromEnd) => {
          const [start, end] = [Math.min(a, b), Math.max(a, b)];
          const range = { start: fromEnd && start > 0 ? start - content.length : start, end };
          if (range.start === 0 && start > 0) return;
          const part = await bucket.download('a', { range });
          expect(part.equals(content.subarray(start, end))).toBe(true);
        }),
        { numRuns: 40 },
      );
    });
  },
};
