/**
 * What may be uploaded, what may not, and what becomes of a source that fails.
 *
 * @module
 */

import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Body } from '../../../src/index.ts';
import { generatedBytes } from '../../support/content.ts';
import { type ContractGroup, expectCode, expectTypeError, namesOf, textOf } from './target.ts';

/** Every kind of body, made from the same bytes. */
const kinds: Readonly<Record<string, (bytes: Uint8Array) => Body>> = {
  Uint8Array: (bytes) => bytes,
  Buffer: (bytes) => Buffer.from(bytes),
  'a view into other memory': (bytes) => Buffer.concat([new Uint8Array(3), bytes]).subarray(3),
  'a DataView': (bytes) => new DataView(bytes.buffer) as unknown as Body,
  ArrayBuffer: (bytes) => Uint8Array.from(bytes).buffer,
  Blob: (bytes) => new Blob([Uint8Array.from(bytes)]),
  'a web stream': (bytes) => new Blob([Uint8Array.from(bytes)]).stream(),
  'a Node stream': (bytes) => Readable.from(pieces(bytes)),
  'an array of pieces': (bytes) => pieces(bytes),
  'a generator': (bytes) => pieces(bytes).values(),
  'an async generator': async function* (bytes) {
    for (const piece of pieces(bytes)) {
      await Promise.resolve();
      yield piece;
    }
  },
};

/** Pieces of uneven sizes, some of them empty. */
function pieces(bytes: Uint8Array): Uint8Array[] {
  const all: Uint8Array[] = [new Uint8Array(0)];
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 50_021) {
    all.push(bytes.subarray(at, at + size), new Uint8Array(0));
  }
  return all;
}

/** A source that yields once and then does as it is told; says whether it was cleaned up. */
function failing(then: () => unknown): {
  body: AsyncGenerator<Uint8Array>;
  cleanedUp: () => boolean;
} {
  let cleanedUp = false;
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      yield generatedBytes(1, 200_000);
      yield (await then()) as Uint8Array;
      yield generatedBytes(2, 200_000);
    } finally {
      cleanedUp = true;
    }
  }
  return { body: body(), cleanedUp: () => cleanedUp };
}

export const bodies: ContractGroup = {
  name: 'bodies',
  needs: ['bodies'],
  define(target) {
    describe('content', () => {
      test.each(Object.keys(kinds))('may be %s', async (kind) => {
        const bucket = await target.bucket();
        const bytes = generatedBytes(3, 333_333);
        const plain = await bucket.upload('plain', bytes);
        const { size, etag } = await bucket.upload(
          'a',
          (kinds[kind] as (b: Uint8Array) => Body)(bytes),
        );
        expect({ size, etag }).toEqual({ size: plain.size, etag: plain.etag });
        expect(Buffer.compare(await bucket.download('a'), bytes)).toBe(0);
      });

      test.each(Object.keys(kinds))('may be %s without any bytes', async (kind) => {
        const bucket = await target.bucket();
        const empty = (kinds[kind] as (b: Uint8Array) => Body)(new Uint8Array(0));
        expect(await bucket.upload('a', empty)).toMatchObject({ size: 0 });
        expect((await bucket.download('a')).length).toBe(0);
      });

      test('may be a string, which is stored as UTF-8', async () => {
        const bucket = await target.bucket();
        const { size } = await bucket.upload('a', 'naïve 日本 \u{1f600}');
        expect(size).toBe(18);
        expect(await textOf(bucket.download('a'))).toBe('naïve 日本 \u{1f600}');
      });

      test.each([undefined, null, 5, true, {}, () => 'x', Symbol('x'), new Date()])(
        'may not be %s',
        async (value) => {
          const bucket = await target.bucket();
          await expectTypeError(bucket.upload('a', value as unknown as Body), 'data');
          expect(await bucket.exists('a')).toBe(false);
        },
      );
    });

    describe('a source that fails', () => {
      test('rejects with its error as the cause, and leaves the object as it was', async () => {
        const bucket = await target.bucket();
        await bucket.upload('a', 'before');
        const cause = new Error('the network is down');
        const { body, cleanedUp } = failing(() => Promise.reject(cause));
        const error = await expectCode(target, 'SOURCE_FAILED', bucket.upload('a', body));
        expect(error.cause).toBe(cause);
        expect(error.message).toContain('the network is down');
        expect(cleanedUp()).toBe(true);
        expect(await textOf(bucket.download('a'))).toBe('before');
      });

      test('may be a Node stream that is destroyed half way', async () => {
        const bucket = await target.bucket();
        for (const reason of [undefined, new Error('cut off')]) {
          const stream = new Readable({ read() {} });
          stream.push(generatedBytes(1, 100_000));
          setTimeout(() => stream.destroy(reason), 5);
          await expectCode(target, 'SOURCE_FAILED', bucket.upload('a', stream));
        }
        expect(await namesOf(bucket.list())).toEqual([]);
      });

      test('may be a Node stream that was destroyed before', async () => {
        const bucket = await target.bucket();
        const stream = Readable.from([Buffer.from('x')]);
        stream.destroy();
        await expectCode(target, 'SOURCE_FAILED', bucket.upload('a', stream));
      });

      test('may be a web stream that errors', async () => {
        const bucket = await target.bucket();
        const cause = new Error('cut off');
        let pulls = 0;
        const stream = new ReadableStream<Uint8Array>({
          pull(controller) {
            if (++pulls > 2) controller.error(cause);
            else controller.enqueue(generatedBytes(pulls, 100_000));
          },
        });
        const error = await expectCode(target, 'SOURCE_FAILED', bucket.upload('a', stream));
        expect(error.cause).toBe(cause);
        expect(await bucket.exists('a')).toBe(false);
      });

      test('may yield what is no bytes, and is cleaned up then', async () => {
        const bucket = await target.bucket();
        for (const piece of ['text', 5, null, undefined, [1, 2]]) {
          const { body, cleanedUp } = failing(() => piece);
          await expectTypeError(bucket.upload('a', body), 'data');
          expect(cleanedUp()).toBe(true);
        }
        expect(await bucket.exists('a')).toBe(false);
      });
    });

    describe('a stream that cannot be read', () => {
      test('because it was read before is refused, and replaces nothing', async () => {
        const bucket = await target.bucket();
        const stream = Readable.from([Buffer.from('content')]);
        await bucket.upload('a', stream);
        await expectCode(target, 'INVALID', bucket.upload('a', stream));
        expect(await textOf(bucket.download('a'))).toBe('content');
      });

      test('because something else reads it is refused', async () => {
        const bucket = await target.bucket();
        const stream = new Blob(['content']).stream();
        stream.getReader();
        await expectCode(target, 'INVALID', bucket.upload('a', stream));
      });
    });

    test('a source is stopped when the upload is refused before it is read', async () => {
      const bucket = await target.bucket();
      const stream = Readable.from([Buffer.from('x')]);
      let cancelled = false;
      const web = new ReadableStream<Uint8Array>({
        cancel() {
          cancelled = true;
        },
      });
      const signal = AbortSignal.abort();
      await expectCode(target, 'ABORTED', bucket.upload('a', stream, { signal }));
      await expectCode(target, 'ABORTED', bucket.upload('a', web, { signal }));
      expect(stream.destroyed).toBe(true);
      expect(cancelled).toBe(true);
    });
  },
};
