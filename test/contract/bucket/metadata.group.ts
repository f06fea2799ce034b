/**
 * Metadata: kept as it was given, whatever its keys are called.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { type ContractGroup, expectCode, expectTypeError } from './target.ts';

export const metadata: ContractGroup = {
  name: 'metadata',
  needs: ['metadata'],
  define(target) {
    test.each([
      { a: '1', b: '2' },
      { '': '', 'with space': 'é 日本 \u{1f600}' },
      JSON.parse('{"__proto__": "own", "constructor": "own"}') as Record<string, string>,
    ])('%j comes back as it was', async (given) => {
      const bucket = await target.bucket();
      const uploaded = await bucket.upload('a', 'x', { metadata: given });
      const { metadata: back } = await bucket.attrs('a');
      expect(JSON.stringify(uploaded.metadata)).toBe(JSON.stringify(back));
      expect(new Map(Object.entries(back ?? {}))).toEqual(new Map(Object.entries(given)));
      expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    });

    test('without any entry is no metadata', async () => {
      const bucket = await target.bucket();
      expect('metadata' in (await bucket.upload('a', 'x', { metadata: {} }))).toBe(false);
    });

    test('is taken when upload is called, and given back as a copy', async () => {
      const bucket = await target.bucket();
      const mine = { a: 'before' };
      const upload = bucket.upload('a', 'x', { metadata: mine });
      mine.a = 'after';
      const attrs = await upload;
      expect(attrs.metadata).toEqual({ a: 'before' });
      (attrs.metadata as Record<string, string>)['a'] = 'scribbled';
      expect((await bucket.attrs('a')).metadata).toEqual({ a: 'before' });
    });

    test('belongs to the version', async () => {
      const bucket = await target.bucket({ versioned: true });
      const first = await bucket.upload('a', 'x', { metadata: { n: '1' } });
      await bucket.upload('a', 'x', { metadata: { n: '2' } });
      await bucket.upload('a', 'x');
      expect('metadata' in (await bucket.attrs('a'))).toBe(false);
      const old = await bucket.attrs('a', { version: first.version });
      expect(old.metadata).toEqual({ n: '1' });
    });

    test('has 16 KiB with the content type, and no more', async () => {
      const bucket = await target.bucket();
      const options = { contentType: 'x'.repeat(384), metadata: { k: 'é'.repeat(7999), l: '' } };
      expect(await bucket.upload('a', 'x', options)).toMatchObject(options);
      const more = { ...options, metadata: { ...options.metadata, l: 'x' } };
      await expectCode(target, 'INVALID', bucket.upload('a', 'y', more));
    });

    test('is refused if it is not text', async () => {
      const bucket = await target.bucket();
      const number = { metadata: { n: 5 as unknown as string } };
      await expectTypeError(bucket.upload('a', 'x', number), 'metadata.n');
      const text = { metadata: 'text' as unknown as Record<string, string> };
      await expectTypeError(bucket.upload('a', 'x', text), 'metadata');
      await expectCode(target, 'INVALID', bucket.upload('a', 'x', { metadata: { a: '\ud800' } }));
      await expectCode(target, 'INVALID', bucket.upload('a', 'x', { metadata: { '\ud800': '' } }));
      const type = { contentType: 5 as unknown as string };
      await expectTypeError(bucket.upload('a', 'x', type), 'contentType');
      expect(await bucket.exists('a')).toBe(false);
    });

    test('other options are refused if they make no sense', async () => {
      const bucket = await target.bucket();
      const durability = 'eventually' as 'os';
      await expectCode(target, 'INVALID', bucket.upload('a', 'x', { durability }));
      const notExists = { preconditions: { notExists: 1 as unknown as boolean } };
      await expectTypeError(bucket.upload('a', 'x', notExists), 'preconditions.notExists');
      const ifMatch = { preconditions: { ifMatch: 1 as unknown as string } };
      await expectTypeError(bucket.upload('a', 'x', ifMatch), 'preconditions.ifMatch');
      await expectTypeError(bucket.upload('a', 'x', 'options' as unknown as object), 'options');
      const onProgress = 5 as unknown as () => void;
      await expectTypeError(bucket.upload('a', 'x', { onProgress }), 'onProgress');
    });
  },
};
