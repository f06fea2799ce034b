/**
 * What the arguments of the command line mean.
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parseCount,
  parseFolderAddress,
  parseMetadata,
  parseObjectAddress,
  parsePoint,
  parsePrefixAddress,
  parseRange,
} from '../../src/cli/arguments.ts';
import { UsageError } from '../../src/cli/exit-code.ts';

describe('addresses', () => {
  test('the first slash ends the bucket, the rest is the name as it is', () => {
    expect(parseObjectAddress('b/a/../c//')).toEqual({ bucket: 'b', name: 'a/../c//' });
    expect(parsePrefixAddress('b/pre')).toEqual({ bucket: 'b', prefix: 'pre' });
    expect(parsePrefixAddress('b')).toEqual({ bucket: 'b', prefix: '' });
  });

  test('a folder is the whole bucket or ends in one slash', () => {
    expect(parseFolderAddress('b')).toEqual({ bucket: 'b', prefix: '' });
    expect(parseFolderAddress('b/')).toEqual({ bucket: 'b', prefix: '' });
    expect(parseFolderAddress('b/a/c')).toEqual({ bucket: 'b', prefix: 'a/c/' });
    expect(parseFolderAddress('b/a/c/')).toEqual({ bucket: 'b', prefix: 'a/c/' });
  });

  test.each(['', '/', 'b', 'b/'])('%j is no object', (text) => {
    expect(() => parseObjectAddress(text)).toThrow(UsageError);
  });

  test.each(['', '/', '/a'])('%j has no bucket', (text) => {
    expect(() => parsePrefixAddress(text)).toThrow(UsageError);
  });
});

describe('points in time', () => {
  test.each([
    ['2026-01-31T10:20:30.456Z', '2026-01-31T10:20:30.456Z'],
    ['2026-01-31T10:20:30.456789123Z', '2026-01-31T10:20:30.456Z'],
    ['2026-01-31 10:20:30z', '2026-01-31T10:20:30.000Z'],
    ['2026-01-31T10:20+02:00', '2026-01-31T08:20:00.000Z'],
    ['2026-01-31T23:20-0230', '2026-02-01T01:50:00.000Z'],
    ['2024-02-29T00:00Z', '2024-02-29T00:00:00.000Z'],
  ])('%s is %s', (text, instant) => {
    expect(parsePoint(text)).toEqual(new Date(instant));
  });

  test.each(['2026-01-31', '2026-07-31'])(
    '%s without a zone is local, with or without a time',
    (day) => {
      const [year, month, date] = day.split('-').map(Number) as [number, number, number];
      expect(parsePoint(day)).toEqual(new Date(year, month - 1, date));
      expect(parsePoint(`${day}T12:00`)).toEqual(new Date(year, month - 1, date, 12));
    },
  );

  test('every instant that JavaScript prints is read back', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(parsePoint(date.toISOString())).toEqual(date);
        },
      ),
    );
  });

  test.each(['2026-02-30', '2026-13-01', '2026-01-31T25:00Z', '2025-02-29T10:00'])(
    '%s never was',
    (text) => {
      expect(() => parsePoint(text)).toThrow(UsageError);
    },
  );

  test('anything else is a version id, and no text is none', () => {
    expect(parsePoint('0000000002f')).toBe('0000000002f');
    expect(parsePoint('2026')).toBe('2026');
    expect(() => parsePoint('')).toThrow(UsageError);
  });
});

describe('ranges', () => {
  test.each([
    ['0-10', { start: 0, end: 10 }],
    ['5-', { start: 5 }],
    ['-5', { start: -5 }],
    ['-0', { start: 0, end: 0 }],
    ['0-0', { start: 0, end: 0 }],
  ])('%s is %j', (text, range) => {
    expect(parseRange(text)).toStrictEqual(range);
  });

  test.each(['', '-', '5', 'a-b', '1-2-3', '-1-2', '1.5-2', '0x1-2'])('%j is no range', (text) => {
    expect(() => parseRange(text)).toThrow(UsageError);
  });
});

describe('metadata', () => {
  test('values may hold equals signs and be empty, and pairs add up', () => {
    const first = parseMetadata('a=b=c', undefined);
    expect(parseMetadata('d=', first)).toEqual({ a: 'b=c', d: '' });
    expect(first).toEqual({ a: 'b=c' });
  });

  test('__proto__ is a key like any other', () => {
    const metadata = parseMetadata('b=2', parseMetadata('__proto__=1', undefined));
    expect(Object.entries(metadata)).toEqual([
      ['__proto__', '1'],
      ['b', '2'],
    ]);
  });

  test.each(['', 'a', '=a'])('%j is no pair', (text) => {
    expect(() => parseMetadata(text, undefined)).toThrow(UsageError);
  });
});

describe('counts', () => {
  test('are whole and at least 1', () => {
    expect(parseCount('17')).toBe(17);
    for (const text of ['0', '-1', '1.5', '1e3', '', 'x', '9007199254740993']) {
      expect(() => parseCount(text)).toThrow(UsageError);
    }
  });
});
