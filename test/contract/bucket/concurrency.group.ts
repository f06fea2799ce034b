/**
 * Many at a time: nothing is lost, mixed up or half visible.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { generatedBytes } from '../../support/content.ts';
import { type ContractGroup, namesOf } from './target.ts';

export const concurrency: ContractGroup = {
  name: 'many operations at a time',
  needs: [],
  define(target) {
    test('64 uploads under different names are all there, each with its own content', async () => {
      const bucket = await target.bucket();
      const contents = Array.from({ length: 64 }, (_, i) => generatedBytes(i, i * 3000));
      const uploads = contents.map((content, i) => bucket.upload(`n${i}`, Buffer.from(content)));
      await Promise.all(uploads);
      const back = await Promise.all(contents.map((_, i) => bucket.download(`n${i}`)));
      expect(back.map((content, i) => Buffer.compare(content, contents[i] as Uint8Array))).toEqual(
        contents.map(() => 0),
      );
    });

    test('an object that is replaced all the time is always one of them, whole', async () => {
      const bucket = await target.bucket();
      const contents = Array.from({ length: 8 }, (_, i) => Buffer.from(generatedBytes(i, 200_000)));
      await bucket.upload('a', contents[0] as Buffer);
      const writes = Promise.all(contents.map((content) => bucket.upload('a', content)));
      for (let i = 0; i < 10; i++) {
        const seen = await bucket.download('a');
        expect(contents.some((content) => content.equals(seen))).toBe(true);
      }
      await writes;
    });

    test('the same new content uploaded many times at once is whole under every name', async () => {
      const bucket = await target.bucket({ versioned: true });
      const content = Buffer.from(generatedBytes(99, 500_000));
      const names = Array.from({ length: 12 }, (_, i) => `n${i}`);
      const uploads = await Promise.all(names.map((name) => bucket.upload(name, content)));
      expect(new Set(uploads.map(({ version }) => version)).size).toBe(12);
      for (const name of names) expect(content.equals(await bucket.download(name))).toBe(true);
      expect((await namesOf(bucket.list({}))).length).toBe(12);
    });
  },
};
