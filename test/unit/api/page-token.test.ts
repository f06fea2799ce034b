/**
 * Page tokens: they come back as they were, pass through URLs, and cannot be made up by chance.
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodePageToken,
  encodePageToken,
  type PagePosition,
} from '../../../src/api/page-token.ts';

const position: fc.Arbitrary<PagePosition> = fc.record(
  {
    kind: fc.constantFrom('name', 'group'),
    text: fc.string({ unit: 'binary' }),
    remaining: fc.nat(),
  },
  { requiredKeys: ['kind', 'text'] },
);

describe('page tokens', () => {
  test('give back the place, for any text', () => {
    fc.assert(
      fc.property(position, (place) => {
        expect(decodePageToken(encodePageToken(place))).toEqual(place);
      }),
    );
  });

  test('need no escape in a URL', () => {
    fc.assert(
      fc.property(position, (place) => {
        const token = encodePageToken(place);
        expect(encodeURIComponent(token)).toBe(token);
      }),
    );
  });

  test('that are none are refused, whatever they are', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodePageToken(text)).toThrow(
          expect.objectContaining({ code: 'INVALID' }) as Error,
        );
      }),
    );
  });

  test.each([
    [['name', 'a', -1]],
    [['name', 'a', 1.5]],
    [['name', 'a', '1']],
    [['other', 'a']],
    [['name']],
    [{ kind: 'name', text: 'a' }],
    ['name'],
  ])('that hold %j are refused', (fields) => {
    const token = btoa(JSON.stringify(fields)).replaceAll('=', '');
    expect(() => decodePageToken(token)).toThrow(
      expect.objectContaining({ code: 'INVALID' }) as Error,
    );
  });
});
