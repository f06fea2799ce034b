/**
 * Uploads that run side by side and bring the same content.
 *
 * What one of them has staged the others join, so each of these tests stops uploads in the middle
 * and lets them end in every order: the content must be there for whoever committed, stored once,
 * and the totals must be those of a recount (which `verify` makes).
 *
 * @module
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Engine } from '../../../src/engine/engine.ts';
import type { BucketRecord, ObjectVersion } from '../../../src/engine/model.ts';
import { memoryPlatform } from '../../../src/engine/platform/machine.ts';
import { generatedBytes } from '../../support/content.ts';

const large = generatedBytes(1, 3_000_000);
const small = large.subarray(0, 100_000);

let engine: Engine;
let bucket: BucketRecord;

beforeEach(async () => {
  engine = await Engine.open({
    platform: memoryPlatform(),
    directory: '/store',
    createIfMissing: true,
  });
  bucket = await engine.ensureBucket('shared', {});
});

afterEach(async () => {
  const { damaged, problems } = await engine.verify({});
  await engine.close();
  expect({ damaged, problems }).toEqual({ damaged: [], problems: [] });
});

/** A body that gives all but its last byte, and waits. */
function held(content: Uint8Array): {
  body: AsyncIterable<Uint8Array>;
  reached: Promise<void>;
  release: () => void;
  fail: () => void;
} {
  const reached = deferred();
  const gate = deferred();
  async function* body(): AsyncGenerator<Uint8Array> {
    yield content.subarray(0, content.length - 1);
    reached.resolve();
    await gate.promise;
    yield content.subarray(content.length - 1);
  }
  return {
    body: body(),
    reached: reached.promise,
    release: gate.resolve,
    fail: () => {
      gate.reject(new Error('the source failed'));
    },
  };
}

function deferred(): {
  promise: Promise<void>;
  resolve: () => void;
  reject: (error: Error) => void;
} {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

function upload(name: string, body: AsyncIterable<Uint8Array>): Promise<ObjectVersion> {
  return engine.upload({ bucket, name, body, durability: 'power' });
}

/** Whether a name has this content. Comparing by `toEqual` would take seconds for each. */
async function has(name: string, content: Uint8Array): Promise<boolean> {
  const version = await engine.versions.current(bucket.id, name);
  if (version === undefined) throw new Error(`${name} is not there`);
  const parts: Uint8Array[] = [];
  const range = { start: 0, end: version.sizeBytes };
  for await (const part of engine.read(version, range)) parts.push(part);
  return Buffer.concat(parts).equals(content);
}

describe.each([
  { size: 'large', content: large },
  { size: 'small', content: small },
])('$size content that several uploads bring at once', ({ content }) => {
  test('is stored once', async () => {
    const uploads = ['a', 'b', 'c', 'd'].map((name) => ({ name, ...held(content) }));
    const done = uploads.map(({ name, body }) => upload(name, body));
    await Promise.all(uploads.map(({ reached }) => reached));
    for (const { release } of uploads) release();
    await Promise.all(done);
    for (const { name } of uploads) expect(await has(name, content)).toBe(true);
    const totals = await engine.totals();
    expect(totals.uniqueBytes).toBe(content.length);
    expect(await engine.reclaimableBytes()).toBe(0);
  });

  test('is whole for one when the other fails', async () => {
    const [first, second] = [held(content), held(content)];
    const failing = upload('first', first.body);
    const passing = upload('second', second.body);
    await Promise.all([first.reached, second.reached]);
    first.fail();
    await expect(failing).rejects.toThrow('the source failed');
    second.release();
    await passing;
    expect(await has('second', content)).toBe(true);
    expect(await engine.reclaimableBytes()).toBe(0);
  });

  test('is whole for one when the other commits and is removed before', async () => {
    const [first, second] = [held(content), held(content)];
    const early = upload('first', first.body);
    const late = upload('second', second.body);
    await Promise.all([first.reached, second.reached]);
    first.release();
    await early;
    await engine.remove(bucket, 'first');
    await engine.totals(); // Frees what nothing holds.
    second.release();
    await late;
    expect(await has('second', content)).toBe(true);
    expect((await engine.totals()).uniqueBytes).toBe(content.length);
  });

  test('leaves nothing but dead bytes when all fail', async () => {
    const [first, second] = [held(content), held(content)];
    const uploads = [upload('first', first.body), upload('second', second.body)];
    await Promise.all([first.reached, second.reached]);
    first.fail();
    second.fail();
    await Promise.allSettled(uploads);
    const totals = await engine.totals();
    expect(totals.chunks).toBe(0);
    expect((await engine.reclaimableBytes()) > 0).toBe(content === large);
  });
});

test('a small upload that shares with a large one is whole, whichever commits first', async () => {
  for (const order of [
    ['small', 'large'],
    ['large', 'small'],
  ] as const) {
    const uploads = { small: held(small), large: held(large) };
    const done = {
      small: upload(`small ${order[0]}`, uploads.small.body),
      large: upload(`large ${order[0]}`, uploads.large.body),
    };
    await Promise.all([uploads.small.reached, uploads.large.reached]);
    for (const size of order) {
      uploads[size].release();
      await done[size];
    }
    expect(await has(`small ${order[0]}`, small)).toBe(true);
    expect(await has(`large ${order[0]}`, large)).toBe(true);
  }
});
