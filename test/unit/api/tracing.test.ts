/**
 * Traces: what a tracer sees of each operation, and of one that fails or is left early.
 *
 * @module
 */

import { tracingChannel } from 'node:diagnostics_channel';
import { afterEach, describe, expect, test } from 'vitest';
import type { TraceContext, TracedOperation } from '../../../src/index.ts';
import { type Bucket, openStore, type Store } from '../../../src/index.ts';
import { collect } from '../../contract/bucket/target.ts';

interface Seen {
  readonly event: 'start' | 'asyncEnd' | 'error';
  readonly context: TraceContext;
}

let store: Store | undefined;
let stopListening: (() => void) | undefined;

afterEach(async () => {
  stopListening?.();
  await store?.close();
});

/** Runs an operation with somebody listening. Contexts are copied as they are at each event. */
async function seenOf(
  operation: TracedOperation,
  run: (bucket: Bucket) => Promise<unknown>,
): Promise<Seen[]> {
  store = await openStore({ memory: true });
  const bucket = store.bucket('b', { versioned: true });
  await bucket.upload('a', 'content', { contentType: 'text/plain' });
  await bucket.upload('b', 'x');
  const seen: Seen[] = [];
  const note = (event: Seen['event']) => (context: unknown) => {
    seen.push({ event, context: { ...(context as TraceContext) } });
  };
  const channel = tracingChannel(`varve:${operation}`);
  const listeners = { start: note('start'), asyncEnd: note('asyncEnd'), error: note('error') };
  channel.subscribe(listeners as never);
  stopListening = () => {
    channel.unsubscribe(listeners as never);
  };
  await run(bucket).catch(() => {});
  return seen;
}

const version = expect.stringMatching(/^[0-9a-z]{11}$/) as string;

describe('a traced operation', () => {
  test.each<[TracedOperation, (bucket: Bucket) => Promise<unknown>, object, object]>([
    [
      'upload',
      (bucket) => bucket.upload('c', 'new', { contentType: 'text/plain' }),
      { bucket: 'b', object: 'c', contentType: 'text/plain' },
      { size: 3, version },
    ],
    ['download', (bucket) => bucket.download('a'), { bucket: 'b', object: 'a' }, { size: 7 }],
    [
      'download',
      (bucket) => collect(bucket.downloadStream('a', { range: { end: 4 } })),
      { bucket: 'b', object: 'a' },
      { size: 4 },
    ],
    [
      'attrs',
      (bucket) => bucket.attrs('a'),
      { bucket: 'b', object: 'a' },
      { size: 7, version, etag: expect.any(String) as string, contentType: 'text/plain' },
    ],
    ['exists', (bucket) => bucket.exists('z'), { bucket: 'b', object: 'z' }, { exists: false }],
    [
      'list',
      (bucket) => collect(bucket.list({ prefix: 'a' })),
      { bucket: 'b', prefix: 'a' },
      { observed: 1, hasMore: false },
    ],
    [
      'list',
      async (bucket) => {
        for await (const { name } of bucket.list()) if (name === 'a') break;
      },
      { bucket: 'b' },
      { observed: 1, hasMore: true },
    ],
    [
      'list',
      (bucket) => bucket.listPage({ pageSize: 1 }),
      { bucket: 'b' },
      { observed: 1, hasMore: true },
    ],
    [
      'versions',
      (bucket) => collect(bucket.versions({ name: 'a' })),
      { bucket: 'b', object: 'a' },
      { observed: 1, hasMore: false },
    ],
    ['remove', (bucket) => bucket.remove('a'), { bucket: 'b', object: 'a' }, {}],
    [
      'copy',
      (bucket) => bucket.copy('a', 'c'),
      { bucket: 'b', object: 'a', toBucket: 'b', toObject: 'c' },
      { size: 7, version },
    ],
    [
      'restore',
      async (bucket) => bucket.restore('a', (await bucket.attrs('a')).version as string),
      { bucket: 'b', object: 'a', version },
      { size: 7, version },
    ],
  ])(
    '%s tells what it is about, and what became of it',
    async (operation, run, subject, result) => {
      expect(await seenOf(operation, run)).toEqual([
        { event: 'start', context: subject },
        { event: 'asyncEnd', context: { ...subject, result } },
      ]);
    },
  );

  test.each<[TracedOperation, (bucket: Bucket) => Promise<unknown>]>([
    ['download', (bucket) => bucket.download('missing')],
    ['download', (bucket) => collect(bucket.downloadStream('missing'))],
    ['attrs', (bucket) => bucket.attrs('missing')],
    ['remove', (bucket) => bucket.remove('missing')],
  ])('%s that fails tells the error', async (operation, run) => {
    const seen = await seenOf(operation, run);
    const error = expect.objectContaining({ code: 'NOT_FOUND' }) as Error;
    expect(seen.map(({ event }) => event)).toEqual(['start', 'error', 'asyncEnd']);
    expect(seen[1]?.context).toEqual({ bucket: 'b', object: 'missing', error });
  });

  test('that is aborted in the middle of a listing tells the error', async () => {
    const seen = await seenOf('list', async (bucket) => {
      const controller = new AbortController();
      for await (const { name } of bucket.list({ signal: controller.signal })) {
        expect(name).toBe('a');
        controller.abort();
      }
    });
    expect(seen.map(({ event }) => event)).toEqual(['start', 'error', 'asyncEnd']);
  });

  test('returns what it returns without a tracer, and throws what it throws', async () => {
    await seenOf('attrs', async (bucket) => {
      expect(await bucket.attrs('b')).toMatchObject({ name: 'b', size: 1 });
      await expect(bucket.attrs('missing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });
});
