/**
 * Ranges: what they mean for a size, whatever the size.
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkRange, resolveRange } from '../../../src/api/range.ts';

const size = fc.nat(50);
const place = fc.integer({ min: -60, max: 60 });

describe('resolveRange', () => {
  test('gives what subarray gives, or refuses', () => {
    fc.assert(
      fc.property(size, place, fc.option(fc.nat(60), { nil: undefined }), (bytes, start, end) => {
        const content = Uint8Array.from({ length: bytes }, (_, i) => i);
        const from = start < 0 ? Math.max(0, bytes + start) : start;
        const isOutside = from > bytes || (end !== undefined && from > end);
        if (isOutside) {
          expect(() => resolveRange({ start, end }, bytes)).toThrow(`size=${bytes}`);
          return;
        }
        const range = resolveRange({ start, end }, bytes);
        expect(content.subarray(range.start, range.end)).toEqual(content.subarray(start, end));
        expect(range.start).toBeLessThanOrEqual(range.end);
        expect(range.end).toBeLessThanOrEqual(bytes);
      }),
    );
  });

  test('is the whole object without a range', () => {
    expect(resolveRange(undefined, 7)).toEqual({ start: 0, end: 7 });
    expect(resolveRange({}, 0)).toEqual({ start: 0, end: 0 });
  });
});

describe('checkRange', () => {
  test.each([undefined, {}, { start: -5 }, { start: 0, end: 0 }, { start: undefined }])(
    'takes %j',
    (range) => {
      expect(() => {
        checkRange(range);
      }).not.toThrow();
    },
  );

  test.each([{ end: -1 }, { start: 0.5 }, { end: 2 ** 53 }, { start: Number.NaN }])(
    'refuses %j as a value',
    (range) => {
      expect(() => {
        checkRange(range);
      }).toThrow(expect.objectContaining({ code: 'INVALID' }) as Error);
    },
  );

  test.each([null, 5, '0-5', { start: '0' }, { end: null }])('refuses %j as a type', (range) => {
    expect(() => {
      checkRange(range as unknown as object);
    }).toThrow(TypeError);
  });
});
