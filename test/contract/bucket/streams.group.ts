/**
 * Streams out: read when they are read from, and released when they are not.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { generatedBytes } from '../../support/content.ts';
import { collect, type ContractGroup, expectCode, textOf } from './target.ts';

export const streams: ContractGroup = {
  name: 'download streams',
  needs: ['streams'],
  define(target) {
    test.each([0, 1, 70_000, 3_000_000])('carry %i bytes as they are', async (byteCount) => {
      const bucket = await target.bucket();
      const content = generatedBytes(byteCount, byteCount);
      await bucket.upload('a', content);
      const parts = await collect(bucket.downloadStream('a'));
      expect(parts.every((part) => part.length > 0)).toBe(true);
      expect(Buffer.compare(Buffer.concat(parts), content)).toBe(0);
    });

    test('carry a range', async () => {
      const bucket = await target.bucket();
      const content = generatedBytes(1, 1_000_000);
      await bucket.upload('a', content);
      const range = { start: 123_456, end: 876_543 };
      const parts = await collect(bucket.downloadStream('a', { range }));
      expect(Buffer.concat(parts).equals(content.subarray(123_456, 876_543))).toBe(true);
    });

    test('carry an old version', async () => {
      const bucket = await target.bucket({ versioned: true });
      const { version } = await bucket.upload('a', 'old');
      await bucket.upload('a', 'new');
      const parts = await collect(bucket.downloadStream('a', { version }));
      expect(Buffer.concat(parts).toString()).toBe('old');
    });

    test('give bytes that belong to the reader', async () => {
      const bucket = await target.bucket();
      const content = generatedBytes(4, 200_000);
      await bucket.upload('a', content);
      for await (const part of bucket.downloadStream('a')) part.fill(0);
      expect(Buffer.compare(await bucket.download('a'), content)).toBe(0);
    });

    test('may be cancelled, at any time', async () => {
      const bucket = await target.bucket();
      await bucket.upload('a', generatedBytes(2, 3_000_000));
      await bucket.downloadStream('a').cancel();
      const reader = bucket.downloadStream('a').getReader();
      await reader.read();
      await reader.cancel();
      for await (const part of bucket.downloadStream('a')) {
        expect(part.length).toBeGreaterThan(0);
        break;
      }
      await bucket.remove('a');
      expect(await bucket.exists('a')).toBe(false);
    });

    test('look for their object when they are first read from', async () => {
      const bucket = await target.bucket();
      const stream = bucket.downloadStream('a');
      await bucket.upload('a', 'uploaded later');
      expect(Buffer.concat(await collect(stream)).toString()).toBe('uploaded later');
    });

    test('fail where they are read', async () => {
      const bucket = await target.bucket();
      await expectCode(target, 'NOT_FOUND', collect(bucket.downloadStream('missing')));
      await bucket.upload('a', 'x');
      const outside = bucket.downloadStream('a', { range: { start: 2 } });
      await expectCode(target, 'INVALID', collect(outside));
    });

    test('that are asked for wrongly throw at once', async () => {
      const bucket = await target.bucket();
      expect(() => bucket.downloadStream('')).toThrow('name must not be empty');
      expect(() => bucket.downloadStream(5 as unknown as string)).toThrow(TypeError);
    });

    test('may be uploaded again, under another name', async () => {
      const bucket = await target.bucket();
      const { etag } = await bucket.upload('a', generatedBytes(3, 1_000_000));
      expect(await bucket.upload('b', bucket.downloadStream('a'))).toMatchObject({ etag });
      expect(await textOf(bucket.download('b', { range: { end: 0 } }))).toBe('');
    });
  },
};
