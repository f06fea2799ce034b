/**
 * Signals and progress: an operation can be given up at any time, and tells how far it is.
 *
 * @module
 */

import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Body, Bucket, UploadProgress } from '../../../src/index.ts';
import { generatedBytes } from '../../support/content.ts';
import {
  collect,
  type ContractGroup,
  expectCode,
  expectTypeError,
  textOf,
  uploadNames,
} from './target.ts';

/** Sources that yield some bytes and then nothing, for ever; and whether they were told to stop. */
const stalling: Readonly<Record<string, () => { body: Body; stopped: () => boolean }>> = {
  'a Node stream': () => {
    const stream = new Readable({ read() {} });
    stream.push(generatedBytes(1, 100_000));
    return { body: stream, stopped: () => stream.destroyed };
  },
  'a web stream': () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(generatedBytes(1, 100_000));
      },
      cancel() {
        cancelled = true;
      },
    });
    return { body: stream, stopped: () => cancelled };
  },
  'an iterator': () => {
    let returned = false;
    const steps: AsyncIterator<Uint8Array> = {
      next: () => new Promise(() => {}),
      async return() {
        returned = true;
        return { done: true, value: undefined };
      },
    };
    return { body: { [Symbol.asyncIterator]: () => steps }, stopped: () => returned };
  },
};

const reads: readonly (readonly [
  string,
  (bucket: Bucket, signal: AbortSignal) => Promise<unknown>,
])[] = [
  ['download', (bucket, signal) => bucket.download('a', { signal })],
  ['downloadStream', (bucket, signal) => collect(bucket.downloadStream('a', { signal }))],
  ['list', (bucket, signal) => collect(bucket.list({ signal }))],
  ['listPage', (bucket, signal) => bucket.listPage({ signal })],
  ['versions', (bucket, signal) => collect(bucket.versions({ signal }))],
];

export const signals: ContractGroup = {
  name: 'signals and progress',
  needs: ['signals'],
  define(target) {
    describe('a signal that has fired', () => {
      test('before an upload stores nothing', async () => {
        const bucket = await target.bucket();
        const reason = new Error('changed my mind');
        const upload = bucket.upload('a', 'x', { signal: AbortSignal.abort(reason) });
        const error = await expectCode(target, 'ABORTED', upload);
        expect(error.name).toBe('AbortError');
        expect(error.cause).toBe(reason);
        expect(await bucket.exists('a')).toBe(false);
      });

      test.each(reads)('before %s rejects', async (_, read) => {
        const bucket = await target.bucket();
        await bucket.upload('a', 'x');
        await expectCode(target, 'ABORTED', read(bucket, AbortSignal.abort()));
      });

      test('after an upload changes nothing', async () => {
        const bucket = await target.bucket();
        const controller = new AbortController();
        await bucket.upload('a', 'x', { signal: controller.signal });
        controller.abort();
        expect(await textOf(bucket.download('a'))).toBe('x');
      });
    });

    describe('a signal that fires', () => {
      test.each(Object.keys(stalling))(
        'while the upload waits for %s ends the wait',
        async (kind) => {
          const bucket = await target.bucket();
          await bucket.upload('a', 'before');
          const controller = new AbortController();
          const { body, stopped } = (stalling[kind] as (typeof stalling)[string])();
          const upload = bucket.upload('a', body, { signal: controller.signal });
          setTimeout(() => {
            controller.abort();
          }, 10);
          await expectCode(target, 'ABORTED', upload);
          expect(stopped()).toBe(true);
          expect(await textOf(bucket.download('a'))).toBe('before');
        },
      );

      test('during a listing ends it, wherever in a page it is', async () => {
        const bucket = await target.bucket();
        const names = Array.from({ length: 2500 }, (_, i) => `n${i}`);
        await uploadNames(bucket, names);
        for (const last of [1, 999, 1000, 1001, 1500]) {
          const controller = new AbortController();
          let seen = 0;
          const listing = (async () => {
            for await (const _ of bucket.list({ signal: controller.signal })) {
              if (++seen === last) controller.abort();
            }
          })();
          await expectCode(target, 'ABORTED', listing);
          expect(seen).toBe(last);
        }
      });

      test('while a source yields without end stops it, and cleans it up', async () => {
        const bucket = await target.bucket();
        const controller = new AbortController();
        let cleanedUp = false;
        let yielded = 0;
        async function* endless(): AsyncGenerator<Uint8Array> {
          try {
            for (;;) {
              if (++yielded === 5) controller.abort();
              yield generatedBytes(yielded, 50_000);
            }
          } finally {
            cleanedUp = true;
          }
        }
        const upload = bucket.upload('a', endless(), { signal: controller.signal });
        await expectCode(target, 'ABORTED', upload);
        expect(cleanedUp).toBe(true);
        expect(await bucket.exists('a')).toBe(false);
      });

      test('during a download of many chunks ends it', async () => {
        const bucket = await target.bucket();
        await bucket.upload('a', generatedBytes(1, 3_000_000));
        const controller = new AbortController();
        const reader = bucket.downloadStream('a', { signal: controller.signal }).getReader();
        expect((await reader.read()).done).toBe(false);
        controller.abort();
        await expectCode(target, 'ABORTED', reader.read());
      });

      test('between two entries of a listing ends it', async () => {
        const bucket = await target.bucket();
        for (const name of ['a', 'b', 'c']) await bucket.upload(name, name);
        const controller = new AbortController();
        const listing = bucket.list({ signal: controller.signal });
        await listing.next();
        controller.abort();
        await expectCode(target, 'ABORTED', listing.next());
      });
    });

    test('what is no signal is told by its name', async () => {
      const bucket = await target.bucket();
      const signal = { aborted: 'no' } as unknown as AbortSignal;
      await expectTypeError(bucket.upload('a', 'x', { signal }), 'signal');
      for (const [, read] of reads) {
        await expectTypeError((async () => read(bucket, signal))(), 'signal');
      }
    });

    describe('progress', () => {
      test('grows to the size of the content, of which new content is new', async () => {
        const bucket = await target.bucket();
        const content = generatedBytes(7, 3_000_000);
        const events: UploadProgress[] = [];
        const onProgress = (progress: UploadProgress): void => {
          events.push({ ...progress });
        };
        await bucket.upload('a', content, { onProgress });
        expect(events.at(-1)).toEqual({ bytes: 3_000_000, newBytes: 3_000_000 });
        const bytes = events.map((event) => event.bytes);
        expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
        events.length = 0;
        await bucket.upload('b', content, { onProgress });
        expect(events.at(-1)).toEqual({ bytes: 3_000_000, newBytes: 0 });
      });

      test('that throws fails the upload with what it threw', async () => {
        const bucket = await target.bucket();
        const thrown = new Error('my mistake');
        const onProgress = (): void => {
          throw thrown;
        };
        const upload = bucket.upload('a', generatedBytes(8, 300_000), { onProgress });
        await expect(upload).rejects.toBe(thrown);
        expect(await bucket.exists('a')).toBe(false);
      });
    });
  },
};
