/**
 * Names: any well-formed text of 1 to 1024 bytes is one, and nothing else is.
 *
 * @module
 */

import { expect, test } from 'vitest';
import type { Bucket } from '../../../src/index.ts';
import {
  compareNames,
  type ContractGroup,
  expectCode,
  expectTypeError,
  namesOf,
  textOf,
  uploadNames,
} from './target.ts';

const allowed = [
  '/',
  '//',
  '.',
  '..',
  '../../etc/passwd',
  'a',
  'a/',
  'a//b',
  'a/b',
  'a\\b',
  ' ',
  '\n',
  '\0',
  'a\0',
  'a\0b',
  '\x01',
  '\x7f',
  '%2F',
  '"',
  '__proto__',
  'constructor',
  'é',
  'e\u0301',
  '日本語',
  '\u{1f600}',
  '\u{10ffff}',
  '\ufffe\uffff',
  '\ufeff',
  'x'.repeat(1024),
  'é'.repeat(512),
  '\u{1f600}'.repeat(256),
];

const refused = [
  ['nothing', ''],
  ['1025 bytes', 'x'.repeat(1025)],
  ['513 characters of 1026 bytes', 'é'.repeat(513)],
  ['the first half of a pair', 'a\ud83d'],
  ['the second half of a pair', '\ude00b'],
  ['halves in the wrong order', '\ude00\ud83d'],
] as const;

const methods: readonly (readonly [string, (bucket: Bucket, name: string) => Promise<unknown>])[] =
  [
    ['upload', (bucket, name) => bucket.upload(name, Buffer.from('x'))],
    ['download', (bucket, name) => bucket.download(name)],
    ['attrs', (bucket, name) => bucket.attrs(name)],
    ['exists', (bucket, name) => bucket.exists(name)],
    ['remove', (bucket, name) => bucket.remove(name)],
  ];

export const names: ContractGroup = {
  name: 'names',
  needs: [],
  define(target) {
    test('every well-formed name of 1 to 1024 bytes is an object of its own', async () => {
      const bucket = await target.bucket();
      await uploadNames(bucket, allowed);
      expect(await namesOf(bucket.list({}))).toEqual([...allowed].sort(compareNames));
      for (const name of allowed) {
        expect(await textOf(bucket.download(name))).toBe(name);
        expect((await bucket.attrs(name)).name).toBe(name);
      }
      for (const name of allowed) await bucket.remove(name);
      expect(await namesOf(bucket.list({}))).toEqual([]);
    });

    test.each(refused)('%s is refused by every method, and stores nothing', async (_, name) => {
      const bucket = await target.bucket();
      for (const [method, call] of methods) {
        const error = await expectCode(target, 'INVALID', call(bucket, name));
        expect([method, error.message]).toEqual([
          method,
          expect.stringMatching(/^invalid argument/),
        ]);
      }
      expect(await namesOf(bucket.list({}))).toEqual([]);
    });

    test.each([undefined, null, 5, {}, ['a']])('%j is no name at all', async (value) => {
      const bucket = await target.bucket();
      for (const [, call] of methods) await expectTypeError(call(bucket, value as string), 'name');
    });
  },
};
