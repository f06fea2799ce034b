/**
 * Objects: what is uploaded is what is downloaded, described, and gone once it is removed.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { generatedBytes } from '../../support/content.ts';
import { type ContractGroup, expectCode, namesOf, textOf } from './target.ts';

const sizes = [0, 1, 255, 4096, 65_536, 300_000, 2_000_000];

export const objects: ContractGroup = {
  name: 'objects',
  needs: [],
  define(target) {
    describe('content', () => {
      test.each(sizes)('of %i bytes comes back as it was', async (byteCount) => {
        const bucket = await target.bucket();
        const content = generatedBytes(byteCount, byteCount);
        const { size } = await bucket.upload('a', Buffer.from(content));
        const back = await bucket.download('a');
        expect(size).toBe(byteCount);
        expect(back.length).toBe(byteCount);
        expect(Buffer.compare(back, content)).toBe(0);
      });

      test('is taken from a view, and not from the memory around it', async () => {
        const bucket = await target.bucket();
        await bucket.upload('a', Buffer.from('..inner..').subarray(2, 7));
        expect(await textOf(bucket.download('a'))).toBe('inner');
      });

      test('comes back as a Buffer that belongs to the caller', async () => {
        const bucket = await target.bucket();
        await bucket.upload('a', Buffer.from('original'));
        const mine = await bucket.download('a');
        expect(Buffer.isBuffer(mine)).toBe(true);
        mine.fill(0);
        expect(await textOf(bucket.download('a'))).toBe('original');
      });

      test('is untouched when the caller reuses its buffer after the upload', async () => {
        const bucket = await target.bucket();
        const small = Buffer.from('small');
        const large = Buffer.from(generatedBytes(1, 700_000));
        const wanted = Uint8Array.from(large);
        await bucket.upload('small', small);
        await bucket.upload('large', large);
        small.fill(0xff);
        large.fill(0xff);
        expect(await textOf(bucket.download('small'))).toBe('small');
        expect(Buffer.compare(await bucket.download('large'), wanted)).toBe(0);
      });

      test('may come in one memory that is used again for each piece', async () => {
        const bucket = await target.bucket();
        const content = generatedBytes(3, 1_500_000);
        const memory = new Uint8Array(70_000);
        async function* pieces(): AsyncGenerator<Uint8Array> {
          for (let at = 0; at < content.length; at += memory.length) {
            const piece = content.subarray(at, at + memory.length);
            memory.set(piece);
            yield memory.subarray(0, piece.length);
            memory.fill(0xff);
          }
        }
        await bucket.upload('a', pieces());
        expect(Buffer.compare(await bucket.download('a'), content)).toBe(0);
      });

      test('has an etag that depends on nothing else', async () => {
        const [one, other] = [await target.bucket(), await target.bucket({ versioned: true })];
        const content = Buffer.from(generatedBytes(2, 400_000));
        const first = await one.upload('a', content, { contentType: 'text/plain' });
        const second = await other.upload('b', Buffer.from(content));
        const different = await one.upload('c', Buffer.from('something else'));
        expect(second.etag).toBe(first.etag);
        expect(different.etag).not.toBe(first.etag);
        expect(first.etag).not.toContain('"');
      });

      test('is replaced by an upload to the same name', async () => {
        const bucket = await target.bucket();
        const first = await bucket.upload('a', Buffer.from('first'));
        const second = await bucket.upload('a', Buffer.from('the second'));
        expect(second.etag).not.toBe(first.etag);
        expect(await textOf(bucket.download('a'))).toBe('the second');
        expect((await bucket.attrs('a')).size).toBe(10);
        expect(await namesOf(bucket.list({}))).toEqual(['a']);
      });
    });

    describe('attributes', () => {
      test('are the same from upload and from attrs', async () => {
        const bucket = await target.bucket({ versioned: true });
        const uploaded = await bucket.upload('a', Buffer.from('x'), { contentType: 'text/plain' });
        expect(await bucket.attrs('a')).toEqual(uploaded);
        expect(uploaded).toMatchObject({ name: 'a', size: 1, contentType: 'text/plain' });
      });

      test('survive JSON, and what is absent is absent', async () => {
        const bucket = await target.bucket();
        const attrs = await bucket.upload('a', Buffer.from('x'));
        const listed = await bucket.list({}).next();
        expect(Object.keys(attrs).sort()).toEqual(['etag', 'lastModified', 'name', 'size']);
        expect(JSON.parse(JSON.stringify(attrs))).toMatchObject({ name: 'a', size: 1 });
        expect(listed.value).toEqual(attrs);
      });

      test('tell when the object was stored', async () => {
        const bucket = await target.bucket();
        const before = Date.now();
        const { lastModified } = await bucket.upload('a', Buffer.from('x'));
        expect(lastModified.getTime()).toBeGreaterThanOrEqual(before - 1000);
        expect(lastModified.getTime()).toBeLessThanOrEqual(Date.now() + 1000);
      });

      test('show no version in a bucket that keeps none, nor heed one', async () => {
        const bucket = await target.bucket();
        const attrs = await bucket.upload('a', Buffer.from('current'));
        expect('version' in attrs).toBe(false);
        expect(await textOf(bucket.download('a', { version: 'whatever' }))).toBe('current');
        expect(await bucket.exists('a', { version: 'whatever' })).toBe(true);
        expect((await bucket.attrs('a', { version: 'whatever' })).size).toBe(7);
        await bucket.remove('a', { version: 'whatever' });
        expect(await bucket.exists('a')).toBe(false);
      });
    });

    describe('a name that is not there', () => {
      test('is told by its key and bucket', async () => {
        const bucket = await target.bucket();
        await bucket.upload('other', Buffer.from('x'));
        const error = await expectCode(target, 'NOT_FOUND', bucket.download('missing'));
        expect(error.name).toBe('ObjectNotFound');
        expect(error.message).toMatch(/^object not found: key=missing bucket=/);
      });

      test('does not exist for any method', async () => {
        const bucket = await target.bucket();
        await bucket.upload('other', Buffer.from('x'));
        expect(await bucket.exists('missing')).toBe(false);
        await expectCode(target, 'NOT_FOUND', bucket.attrs('missing'));
        await expectCode(target, 'NOT_FOUND', bucket.download('missing'));
        await expectCode(target, 'NOT_FOUND', bucket.remove('missing'));
      });

      test('is no different in a bucket that was never written to', async () => {
        const bucket = await target.bucket();
        expect(await bucket.exists('a')).toBe(false);
        expect(await namesOf(bucket.list({}))).toEqual([]);
        await expectCode(target, 'NOT_FOUND', bucket.attrs('a'));
        await expectCode(target, 'NOT_FOUND', bucket.download('a'));
        await expectCode(target, 'NOT_FOUND', bucket.remove('a'));
      });
    });

    describe('remove', () => {
      test('takes that object away, and no other', async () => {
        const bucket = await target.bucket();
        await bucket.upload('a', Buffer.from('x'));
        await bucket.upload('a/b', Buffer.from('y'));
        await bucket.remove('a');
        expect(await bucket.exists('a')).toBe(false);
        expect(await textOf(bucket.download('a/b'))).toBe('y');
        await expectCode(target, 'NOT_FOUND', bucket.remove('a'));
      });

      test('is followed by an upload as if nothing had been there', async () => {
        const bucket = await target.bucket();
        await bucket.upload('a', Buffer.from('first'), { contentType: 'text/plain' });
        await bucket.remove('a');
        const again = await bucket.upload('a', Buffer.from('again'));
        expect('contentType' in again).toBe(false);
        expect(await textOf(bucket.download('a'))).toBe('again');
      });
    });

    test('buckets do not share names', async () => {
      const [one, other] = [await target.bucket(), await target.bucket()];
      await one.upload('a', Buffer.from('one'));
      expect(await other.exists('a')).toBe(false);
      await other.upload('a', Buffer.from('other'));
      expect(await textOf(one.download('a'))).toBe('one');
    });
  },
};
