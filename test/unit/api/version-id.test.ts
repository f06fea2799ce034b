/**
 * Version ids: opaque, of fixed width, in commit order, and none but ours.
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeVersionId, encodeVersionId } from '../../../src/api/version-id.ts';

const lsn = fc.oneof(fc.maxSafeNat(), fc.nat(1000));

describe('encodeVersionId', () => {
  test('keeps these ids, in every release', () => {
    expect(encodeVersionId(0)).toBe('00000000000');
    expect(encodeVersionId(1)).toBe('00000000001');
    expect(encodeVersionId(31)).toBe('0000000000z');
    expect(encodeVersionId(2 ** 20)).toBe('00000010000');
    expect(encodeVersionId(Number.MAX_SAFE_INTEGER)).toBe('7zzzzzzzzzz');
  });

  test('gives ids that sort as the numbers do, also byte by byte', () => {
    fc.assert(
      fc.property(lsn, lsn, (a, b) => {
        const [idOfA, idOfB] = [encodeVersionId(a), encodeVersionId(b)];
        expect(idOfA < idOfB).toBe(a < b);
        expect(Buffer.compare(Buffer.from(idOfA), Buffer.from(idOfB))).toBe(Math.sign(a - b));
      }),
    );
  });

  test('uses no letter that is mistaken for a digit or another letter', () => {
    fc.assert(
      fc.property(lsn, (number) => {
        expect(encodeVersionId(number)).toMatch(/^[0-9a-hjkmnp-tv-z]{11}$/);
      }),
    );
  });
});

describe('decodeVersionId', () => {
  test('gives back what was encoded', () => {
    fc.assert(
      fc.property(lsn, (number) => {
        expect(decodeVersionId(encodeVersionId(number))).toBe(number);
      }),
    );
  });

  test.each([
    '',
    '0',
    '0000000000',
    '000000000000',
    '0000000000Z',
    '0000000000i',
    '0000000000l',
    '0000000000o',
    '0000000000u',
    '0000000000-',
    ' 0000000001',
    '80000000000',
    'zzzzzzzzzzz',
    '0000000000\u{1f600}',
  ])('knows that %j is no id', (id) => {
    expect(decodeVersionId(id)).toBeUndefined();
  });

  test('reads any text, and one text only for each number', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 11, maxLength: 11 }), (text) => {
        const number = decodeVersionId(text);
        expect(number === undefined || encodeVersionId(number) === text).toBe(true);
      }),
    );
  });
});
