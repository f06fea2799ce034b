/**
 * Retention as callers write it: what is taken, how it is shown again, what is refused.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bucket, openStore, type Retention, type Store } from '../../../src/index.ts';
import { collect } from '../../contract/bucket/target.ts';

let store: Store;
let bucketCount = 0;

beforeAll(async () => {
  store = await openStore({ memory: true });
});

afterAll(async () => {
  await store.close();
});

function newName(): string {
  return `b${bucketCount++}`;
}

async function shown(name: string): Promise<Retention | undefined> {
  const infos = await collect(store.buckets());
  return infos.find((info) => info.name === name)?.retention;
}

/** Three versions of an object. With a rule, the background may be faster than a test. */
async function bucketWith(retention: Retention, name = newName()): Promise<Bucket> {
  const bucket = store.bucket(name, { versioned: true, retention });
  for (const text of ['one', 'two', 'three']) await bucket.upload('a', text);
  return bucket;
}

describe('a rule', () => {
  test.each<[Retention, Retention | undefined]>([
    [{ keepLast: 5 }, { keepLast: 5 }],
    [{ keepFor: '30d' }, { keepFor: 'P30D' }],
    [{ keepFor: 'P2W' }, { keepFor: 'P14D' }],
    [{ keepFor: 'p1dt12h' }, { keepFor: 'P1DT12H' }],
    [{ keepFor: '36h' }, { keepFor: 'P1DT12H' }],
    [{ keepFor: 12 * 3_600_000 }, { keepFor: 'PT12H' }],
    [{ keepFor: 1500 }, { keepFor: 1500 }],
    [
      { keepLast: 1, keepWithin: { yearly: 2, daily: 7 } },
      { keepLast: 1, keepWithin: { daily: 7, yearly: 2 } },
    ],
    [{}, undefined],
    [{ keepWithin: {}, keepLast: undefined }, undefined],
  ])('%j is shown as %j, which means the same', async (retention, expected) => {
    const name = newName();
    await store.createBucket(name, { versioned: true, retention });
    expect(await shown(name)).toEqual(expected);
    if (expected === undefined) return;
    await store.createBucket(name, { retention: expected });
    expect(await shown(name)).toEqual(expected);
  });

  test.each([
    { keepLast: 0 },
    { keepLast: 1.5 },
    { keepFor: 0 },
    { keepFor: '' },
    { keepFor: 'P' },
    { keepFor: '0d' },
    { keepFor: 'P1M' },
    { keepFor: '1y' },
    { keepFor: '30' },
    { keepFor: '12h1d' },
    { keepFor: '99999999999999999w' },
    { keepWithin: { daily: 0 } },
    { keepWithin: { fortnightly: 2 } },
    { keepDaily: 7 },
  ])('%j is refused at once', (retention) => {
    const invalid = expect.objectContaining({ code: 'INVALID' }) as Error;
    expect(() => store.bucket('b', { versioned: true, retention })).toThrow(invalid);
  });

  test.each([
    5,
    'keepLast',
    { keepLast: '5' },
    { keepFor: new Date() },
    { keepWithin: 5 },
    { keepWithin: { daily: '7' } },
  ])('%j is of the wrong type', (retention) => {
    expect(() => store.bucket('b', { retention: retention as Retention })).toThrow(TypeError);
  });

  test('stays when a handle says nothing of it, changes by another, and goes by null', async () => {
    const name = newName();
    await store.createBucket(name, { versioned: true, retention: { keepLast: 1 } });
    await store.bucket(name, { public: true }).upload('a', 'x');
    expect(await shown(name)).toEqual({ keepLast: 1 });
    await store.bucket(name, { retention: { keepLast: 2 } }).upload('a', 'x');
    expect(await shown(name)).toEqual({ keepLast: 2 });
    await store.bucket(name, { retention: null }).upload('a', 'x');
    expect(await shown(name)).toBeUndefined();
  });

  test('needs a bucket that is versioned, or becomes so', async () => {
    const name = newName();
    const retention = { keepLast: 1 };
    const invalid = { code: 'INVALID' };
    await expect(store.createBucket(name, { retention })).rejects.toMatchObject(invalid);
    await store.createBucket(name);
    const plain = store.bucket(name, { retention });
    await expect(plain.upload('a', 'x')).rejects.toMatchObject(invalid);
    await store.bucket(name, { versioned: true, retention }).upload('a', 'x');
    expect(await shown(name)).toEqual(retention);
    await store.bucket(newName(), { retention: null }).upload('a', 'x');
  });
});

describe('prune', () => {
  test('removes what the rules of the buckets do not keep', async () => {
    const bucket = await bucketWith({ keepLast: 2 });
    const others = await bucketWith({ keepLast: 3 });
    await store.prune();
    expect(await collect(bucket.versions())).toHaveLength(2);
    expect(await collect(others.versions())).toHaveLength(3);
  });

  test('says what it would remove, which is what it then removes', async () => {
    const name = newName();
    const bucket = await bucketWith({}, name);
    await bucket.upload('a', 'four, which no other bucket has');
    const by = { bucket: name, retention: { keepLast: 1 } };
    await bucket.upload('a', 'five');
    const would = await store.prune({ ...by, dryRun: true });
    expect(would).toMatchObject({ versions: 4, deleteMarkers: 0, logicalBytes: 11 + 31 });
    expect(await collect(bucket.versions())).toHaveLength(5);
    const before = await store.stats();
    expect(await store.prune(by)).toEqual(would);
    const { storedBytes } = await store.stats();
    expect(would.freedBytes).toBe(before.storedBytes - storedBytes);
    expect(would.freedBytes).toBeGreaterThan(31);
  });

  test('follows another rule for one bucket, once', async () => {
    const name = newName();
    await bucketWith({}, name);
    const progress: number[] = [];
    const pruned = await store.prune({
      bucket: name,
      retention: { keepLast: 1 },
      onProgress: ({ done }) => progress.push(done),
    });
    expect(pruned.versions).toBe(2);
    expect(progress.at(-1)).toBe(2);
    expect(await shown(name)).toBeUndefined();
  });

  test('refuses what makes no sense', async () => {
    const name = newName();
    await store.createBucket(name);
    const versioned = newName();
    await store.createBucket(versioned, { versioned: true });
    const retention = { keepLast: 1 };
    const cases = [
      [{ bucket: name, retention }, 'INVALID'],
      [{ bucket: versioned }, 'INVALID'],
      [{ bucket: versioned, retention: {} }, 'INVALID'],
      [{ retention }, 'INVALID'],
      [{ bucket: 'missing' }, 'NOT_FOUND'],
      [{ signal: AbortSignal.abort() }, 'ABORTED'],
    ] as const;
    for (const [options, code] of cases) {
      await expect(store.prune(options)).rejects.toMatchObject({ code });
    }
    const wrong = { dryRun: 1 as unknown as boolean };
    await expect(store.prune(wrong)).rejects.toThrow(TypeError);
  });
});

describe('wouldFree', () => {
  test('says what a removal frees: of names, of versions, each once', async () => {
    const bucket = store.bucket(newName(), { versioned: true });
    const first = await bucket.upload('a', 'free me');
    await bucket.upload('a', 'x'.repeat(100));
    await bucket.remove('a');
    await bucket.upload('b', 'free me');
    const one = { name: 'a', version: first.version };
    expect(await bucket.wouldFree([one])).toEqual({
      versions: 1,
      logicalBytes: 7,
      storedBytes: 0,
    });
    const a = await bucket.wouldFree('a');
    expect(a).toMatchObject({ versions: 2, logicalBytes: 107 });
    const all = await bucket.wouldFree([one, 'a', 'b', { name: 'a' }]);
    expect(all).toMatchObject({ versions: 3, logicalBytes: 114 });
    expect(all.storedBytes).toBeGreaterThan(a.storedBytes);

    const before = await store.stats();
    const entries = await collect(bucket.versions());
    expect(await bucket.wouldFree(entries)).toEqual(all);
    for (const { name, version } of entries) await bucket.remove(name, { version });
    const after = await store.stats();
    expect(before.storedBytes - after.storedBytes).toBe(all.storedBytes);
  });

  test('is about the only version of an object in a bucket that keeps one', async () => {
    const bucket = store.bucket(newName());
    await bucket.upload('a', 'only once');
    const expected = await bucket.wouldFree('a');
    expect(expected).toMatchObject({ versions: 1, logicalBytes: 9 });
    expect(await bucket.wouldFree([{ name: 'a', version: 'ignored' }])).toEqual(expected);
  });

  test('refuses what is not there, and what is no name', async () => {
    const bucket = store.bucket(newName(), { versioned: true });
    await expect(bucket.wouldFree('a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await bucket.upload('a', 'x');
    const missing = [{ name: 'a', version: 'nonsense' }];
    await expect(bucket.wouldFree(missing)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(bucket.wouldFree('')).rejects.toMatchObject({ code: 'INVALID' });
    await expect(bucket.wouldFree([5 as unknown as string])).rejects.toThrow(TypeError);
    const aborted = bucket.wouldFree('a', { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
