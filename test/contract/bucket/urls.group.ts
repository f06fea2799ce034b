/**
 * URLs, as long as there is no server: what can never work is told from what needs one.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { type ContractGroup, expectCode } from './target.ts';

export const urls: ContractGroup = {
  name: 'URLs',
  needs: [],
  define(target) {
    test('a bucket that is not public has no public URLs', async () => {
      const bucket = await target.bucket();
      expect(() => bucket.publicUrl('a')).toThrow('bucket is not public');
      await bucket.upload('a', Buffer.from('x'));
      expect(() => bucket.publicUrl('a')).toThrow('bucket is not public');
    });

    test.each([604_801, 0, -1, Number.NaN])('no URL is signed for %d seconds', async (ttl) => {
      const bucket = await target.bucket();
      await expectCode(target, 'INVALID', bucket.signedUploadUrl('a', { ttl }));
      await expectCode(target, 'INVALID', bucket.signedDownloadUrl('a', { ttl }));
    });

    test.each([{}, { ttl: 1 }, { ttl: 604_800 }])('with %j it takes a server', async (options) => {
      const bucket = await target.bucket();
      const message = 'needs a server';
      await expect(bucket.signedUploadUrl('a', options)).rejects.toThrow(message);
      await expect(bucket.signedDownloadUrl('a', options)).rejects.toThrow(message);
    });

    test('a name that cannot be has no URL', async () => {
      const bucket = await target.bucket();
      await expectCode(target, 'INVALID', bucket.signedUploadUrl(''));
      await expectCode(target, 'INVALID', bucket.signedDownloadUrl(''));
    });
  },
};
