/**
 * Preconditions: decided at the commit, so that of many racing writers exactly one passes.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { generatedBytes } from '../../support/content.ts';
import { type ContractGroup, type ContractTarget, expectCode, textOf } from './target.ts';

const notExists = { preconditions: { notExists: true } };

/** How many of the uploads were stored; the others must have failed their precondition. */
async function winnersOf(
  target: ContractTarget,
  uploads: readonly Promise<unknown>[],
): Promise<number> {
  const results = await Promise.allSettled(uploads);
  const codes = results.map((result) =>
    result.status === 'fulfilled' ? 'stored' : target.codeOf(result.reason),
  );
  const winners = codes.filter((code) => code === 'stored').length;
  expect(codes.filter((code) => code === 'PRECONDITION_FAILED')).toHaveLength(
    codes.length - winners,
  );
  return winners;
}

export const preconditions: ContractGroup = {
  name: 'preconditions',
  needs: [],
  define(target) {
    test.each([false, true])(
      'notExists stores only what was not there (versioned: %j)',
      async (versioned) => {
        const bucket = await target.bucket({ versioned });
        await bucket.upload('a', Buffer.from('first'), notExists);
        const error = await expectCode(
          target,
          'PRECONDITION_FAILED',
          bucket.upload('a', Buffer.from('second'), notExists),
        );
        expect(error.message).toMatch(/^precondition failed/);
        expect(await textOf(bucket.download('a'))).toBe('first');
        await bucket.remove('a');
        await bucket.upload('a', Buffer.from('third'), notExists);
        expect(await textOf(bucket.download('a'))).toBe('third');
      },
    );

    test('notExists: false asks for nothing', async () => {
      const bucket = await target.bucket();
      await bucket.upload('a', Buffer.from('first'));
      await bucket.upload('a', Buffer.from('second'), { preconditions: { notExists: false } });
      expect(await textOf(bucket.download('a'))).toBe('second');
    });

    test.each([10, 300_000])(
      'of 16 racing uploads of %i bytes exactly one is stored',
      async (byteCount) => {
        const bucket = await target.bucket();
        const contents = Array.from({ length: 16 }, (_, seed) => generatedBytes(seed, byteCount));
        const uploads = contents.map((content) =>
          bucket.upload('a', Buffer.from(content), notExists),
        );
        expect(await winnersOf(target, uploads)).toBe(1);
        const stored = await bucket.download('a');
        expect(contents.filter((content) => Buffer.compare(stored, content) === 0)).toHaveLength(1);
      },
    );
  },
};

export const matches: ContractGroup = {
  name: 'matching an etag',
  needs: ['ifMatch'],
  define(target) {
    test('stores only over the content that the caller has seen', async () => {
      const bucket = await target.bucket();
      const { etag } = await bucket.upload('a', 'one');
      const second = await bucket.upload('a', 'two', { preconditions: { ifMatch: etag } });
      await expectCode(
        target,
        'PRECONDITION_FAILED',
        bucket.upload('a', 'three', { preconditions: { ifMatch: etag } }),
      );
      expect(await textOf(bucket.download('a'))).toBe('two');
      expect((await bucket.attrs('a')).etag).toBe(second.etag);
    });

    test('fails where nothing is', async () => {
      const bucket = await target.bucket();
      const { etag } = await bucket.upload('b', 'x');
      const upload = bucket.upload('a', 'x', { preconditions: { ifMatch: etag } });
      await expectCode(target, 'PRECONDITION_FAILED', upload);
      expect(await bucket.exists('a')).toBe(false);
    });

    test('of 16 writers that have seen the same content exactly one passes', async () => {
      const bucket = await target.bucket({ versioned: true });
      const { etag: ifMatch } = await bucket.upload('a', 'base');
      const uploads = Array.from({ length: 16 }, (_, writer) =>
        bucket.upload('a', `writer ${writer}`, { preconditions: { ifMatch } }),
      );
      expect(await winnersOf(target, uploads)).toBe(1);
    });

    test('two preconditions must both hold', async () => {
      const bucket = await target.bucket();
      const { etag } = await bucket.upload('a', 'x');
      const both = { preconditions: { notExists: true, ifMatch: etag } };
      await expectCode(target, 'PRECONDITION_FAILED', bucket.upload('a', 'y', both));
      await expectCode(target, 'PRECONDITION_FAILED', bucket.upload('b', 'y', both));
    });
  },
};
