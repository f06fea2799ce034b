/**
 * Sources of content: read in step with whoever asks, and let go of on every way out.
 *
 * @module
 */

import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { BodySource, type Interruption } from '../../../src/api/body.ts';
import { collect } from '../../contract/bucket/target.ts';

const uninterrupted = (): Interruption => ({
  signal: undefined,
  closing: new AbortController().signal,
});

/** An async source that counts what it was asked for. */
function counting(pieceCount: number): {
  readonly source: AsyncIterable<Uint8Array>;
  readonly asked: () => number;
  readonly returned: () => number;
} {
  let asked = 0;
  let returned = 0;
  const steps: AsyncIterator<Uint8Array> = {
    async next() {
      asked++;
      return asked > pieceCount
        ? { done: true, value: undefined }
        : { done: false, value: Uint8Array.of(asked) };
    },
    async return() {
      returned++;
      return { done: true, value: undefined };
    },
  };
  return {
    source: { [Symbol.asyncIterator]: () => steps },
    asked: () => asked,
    returned: () => returned,
  };
}

describe('a source', () => {
  test('is not read ahead of whoever reads it', async () => {
    const { source, asked } = counting(10);
    const chunks = new BodySource(source).chunks(uninterrupted());
    expect(asked()).toBe(0);
    await chunks.next();
    expect(asked()).toBe(1);
    await chunks.next();
    expect(asked()).toBe(2);
    await chunks.return();
  });

  test('that was read to its end is not told to stop', async () => {
    const { source, returned } = counting(3);
    const body = new BodySource(source);
    expect(await collect(body.chunks(uninterrupted()))).toHaveLength(3);
    await body.stop();
    expect([returned(), body.ended, body.bytesRead]).toEqual([0, true, 3]);
  });

  test('that is left early is told to stop, once', async () => {
    const { source, returned } = counting(3);
    const body = new BodySource(source);
    for await (const bytes of body.chunks(uninterrupted())) {
      expect(bytes).toEqual(Uint8Array.of(1));
      break;
    }
    await body.stop();
    expect(returned()).toBe(1);
  });

  test('that was never read is told to stop as well', async () => {
    const { source, returned } = counting(3);
    await new BodySource(source).stop();
    expect(returned()).toBe(1);
    const stream = Readable.from([Buffer.from('x')]);
    await new BodySource(stream).stop();
    expect(stream.destroyed).toBe(true);
  });

  test('that throws is not asked anything afterwards', async () => {
    let returned = 0;
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error('broken')),
        async return() {
          returned++;
          return { done: true, value: undefined };
        },
      }),
    };
    const chunks = collect(new BodySource(source).chunks(uninterrupted()));
    await expect(chunks).rejects.toMatchObject({ code: 'SOURCE_FAILED' });
    expect(returned).toBe(0);
  });

  test('may fail to stop, which is of no interest by then', async () => {
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: Uint8Array.of(1) }),
        return: () => Promise.reject(new Error('cannot stop')),
      }),
    };
    await expect(new BodySource(source).stop()).resolves.toBeUndefined();
  });

  test('may be stopped while it hangs, without waiting for it', async () => {
    async function* hanging(): AsyncGenerator<Uint8Array> {
      yield Uint8Array.of(1);
      await new Promise(() => {});
    }
    const closing = new AbortController();
    const reason = new Error('closing');
    const chunks = new BodySource(hanging()).chunks({
      signal: undefined,
      closing: closing.signal,
    });
    await chunks.next();
    const waiting = chunks.next();
    closing.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test('at hand is read to its end though the store closes; one to wait for is not', async () => {
    const closing = AbortSignal.abort(new Error('closing'));
    const interruption = { signal: undefined, closing };
    const array = new BodySource([Uint8Array.of(1), Uint8Array.of(2)]);
    expect(await collect(array.chunks(interruption))).toHaveLength(2);
    const stream = new BodySource(counting(2).source);
    await expect(collect(stream.chunks(interruption))).rejects.toThrow('closing');
  });

  test('listens to the signals only while it waits, and with one listener for all', async () => {
    const [signal, closing] = [new AbortController().signal, new AbortController().signal];
    const listenerCounts = (): number[] =>
      [signal, closing].map((each) => getEventListeners(each, 'abort').length);
    const waits = Array.from({ length: 20 }, async () => {
      const body = new BodySource(counting(5).source);
      for await (const bytes of body.chunks({ signal, closing })) expect(bytes).toHaveLength(1);
    });
    expect(listenerCounts()).toEqual([1, 1]);
    await Promise.all(waits);
    expect(listenerCounts()).toEqual([0, 0]);
  });
});
