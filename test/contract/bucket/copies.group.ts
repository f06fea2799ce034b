/**
 * Copies: another name for the same content.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { openStore } from '../../../src/index.ts';
import { generatedBytes } from '../../support/content.ts';
import { type ContractGroup, expectCode, expectTypeError, textOf } from './target.ts';

export const copies: ContractGroup = {
  name: 'copies',
  needs: ['copy'],
  define(target) {
    test('have the content, type and metadata of what they copy', async () => {
      const bucket = await target.bucket();
      const options = { contentType: 'text/plain', metadata: { by: 'me' } };
      const original = await bucket.upload('a', generatedBytes(1, 500_000), options);
      const copy = await bucket.copy('a', 'b');
      const { size, etag, contentType, metadata } = original;
      expect(copy).toMatchObject({ name: 'b', size, etag, contentType, metadata });
      expect(await bucket.attrs('b')).toEqual(copy);
      expect((await bucket.download('b')).equals(await bucket.download('a'))).toBe(true);
    });

    test('live on when the original is replaced or removed', async () => {
      const bucket = await target.bucket();
      await bucket.upload('a', generatedBytes(2, 500_000));
      await bucket.copy('a', 'b');
      await bucket.upload('a', 'replaced');
      await bucket.remove('a');
      expect((await bucket.download('b')).equals(generatedBytes(2, 500_000))).toBe(true);
    });

    test('may go to another bucket of the store, which is made for it', async () => {
      const [from, to] = [await target.bucket(), await target.bucket()];
      await from.upload('a', 'x');
      expect(await from.copy('a', 'b', { toBucket: to })).toMatchObject({ name: 'b', size: 1 });
      expect(await textOf(to.download('b'))).toBe('x');
      expect(await from.exists('b')).toBe(false);
    });

    test('may be made of an old version, and are versions of their own', async () => {
      const bucket = await target.bucket({ versioned: true });
      const first = await bucket.upload('a', 'one');
      await bucket.upload('a', 'two');
      const copy = await bucket.copy('a', 'a', { version: first.version });
      expect(await textOf(bucket.download('a'))).toBe('one');
      expect((copy.version as string) > (first.version as string)).toBe(true);
    });

    test('keep the preconditions of their new name', async () => {
      const bucket = await target.bucket();
      await bucket.upload('a', 'x');
      const { etag } = await bucket.upload('b', 'y');
      const notExists = { preconditions: { notExists: true } };
      await expectCode(target, 'PRECONDITION_FAILED', bucket.copy('a', 'b', notExists));
      expect(await textOf(bucket.download('b'))).toBe('y');
      await bucket.copy('a', 'c', notExists);
      await bucket.copy('a', 'b', { preconditions: { ifMatch: etag } });
      expect(await textOf(bucket.download('b'))).toBe('x');
    });

    test('of what is not there fail', async () => {
      const bucket = await target.bucket({ versioned: true });
      await expectCode(target, 'NOT_FOUND', bucket.copy('a', 'b'));
      await bucket.upload('a', 'x');
      await expectCode(target, 'NOT_FOUND', bucket.copy('a', 'b', { version: 'nonsense' }));
      await bucket.remove('a');
      await expectCode(target, 'NOT_FOUND', bucket.copy('a', 'b'));
      expect(await bucket.exists('b')).toBe(false);
    });

    test('do not go to another store', async () => {
      const bucket = await target.bucket();
      await bucket.upload('a', 'x');
      const store = await openStore({ memory: true });
      const toBucket = store.bucket('elsewhere');
      await expectCode(target, 'INVALID', bucket.copy('a', 'b', { toBucket }));
      await store.close();
    });

    test('refuse what is no name and no bucket', async () => {
      const bucket = await target.bucket();
      await bucket.upload('a', 'x');
      await expectCode(target, 'INVALID', bucket.copy('', 'b'));
      await expectCode(target, 'INVALID', bucket.copy('a', ''));
      await expectTypeError(bucket.copy('a', 5 as unknown as string), 'to');
      const toBucket = {} as unknown as typeof bucket;
      await expectTypeError(bucket.copy('a', 'b', { toBucket }), 'toBucket');
    });
  },
};
