/**
 * The contract of a store: what is not about one bucket, on disk and in memory alike.
 *
 * @module
 */

import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { type Bucket, ObjectsError, type Store } from '../../src/index.ts';
import { editedText, generatedBytes, generatedText } from '../support/content.ts';
import { gzipMember } from '../support/gzip.ts';
import { collect, namesOf, textOf, uploadNames } from './bucket/target.ts';

/** Every method of a bucket, called in a way that works on an open store. */
const bucketMethods: Readonly<Record<string, (bucket: Bucket) => unknown>> = {
  attrs: (bucket) => bucket.attrs('a'),
  copy: (bucket) => bucket.copy('a', 'b'),
  download: (bucket) => bucket.download('a'),
  downloadStream: (bucket) => collect(bucket.downloadStream('a')),
  exists: (bucket) => bucket.exists('a'),
  list: (bucket) => collect(bucket.list()),
  listPage: (bucket) => bucket.listPage(),
  remove: (bucket) => bucket.remove('a'),
  storage: (bucket) => bucket.storage({ name: 'a' }),
  restore: (bucket) => bucket.restore('a', '00000000001'),
  upload: (bucket) => bucket.upload('a', 'x'),
  'upload of a stream': (bucket) => bucket.upload('a', Readable.from([Buffer.from('x')])),
  versions: (bucket) => collect(bucket.versions()),
  'a method of a view': (bucket) => bucket.at(new Date()).exists('a'),
};

/** Every method of a store. */
const storeMethods: Readonly<Record<string, (store: Store) => unknown>> = {
  backup: (store) => store.backup('/nowhere'),
  buckets: (store) => collect(store.buckets()),
  compact: (store) => store.compact(),
  createBucket: (store) => store.createBucket('a'),
  deleteBucket: (store) => store.deleteBucket('a'),
  stats: (store) => store.stats(),
  storage: (store) => store.storage(),
  sync: (store) => store.sync(),
  verify: (store) => store.verify(),
};

export function rejectsWith(promise: unknown, code: string): Promise<void> {
  return expect(promise).rejects.toMatchObject({ code });
}

/** Runs the suite; `open` gives a new and empty store each time. */
export function storeContract(title: string, open: () => Promise<Store>): void {
  describe(title, () => {
    describe('buckets', () => {
      test('are listed in order of their names, once they are made', async () => {
        await using store = await open();
        store.bucket('never-written');
        await store.bucket('photos', { public: true }).upload('a', 'x');
        await store.createBucket('notes', { versioned: true });
        await store.createBucket('a1');
        expect(await collect(store.buckets())).toEqual([
          { name: 'a1', versioned: false, public: false },
          { name: 'notes', versioned: true, public: false },
          { name: 'photos', versioned: false, public: true },
        ]);
      });

      test.each(['', 'A', '1a', 'a-', '-a', 'a_b', 'a.b', 'a/b', '..', 'x'.repeat(64)])(
        'are not called %j',
        async (name) => {
          await using store = await open();
          const refusal = { code: 'INVALID' };
          expect(() => store.bucket(name)).toThrow(expect.objectContaining(refusal) as Error);
          await rejectsWith(store.createBucket(name), 'INVALID');
          await rejectsWith(store.deleteBucket(name), 'INVALID');
        },
      );

      test.each(['a', 'bucket2', 'profile-pictures', 'a-b-c-1', 'a--b', 'x'.repeat(63)])(
        'may be called %j',
        async (name) => {
          await using store = await open();
          await store.bucket(name).upload('a', 'x');
          expect(await collect(store.buckets())).toMatchObject([{ name }]);
        },
      );

      test('become versioned when a handle says so and writes, and never cease to be', async () => {
        await using store = await open();
        await store.bucket('b').upload('a', 'first');
        const versioned = store.bucket('b', { versioned: true });
        expect('version' in (await versioned.attrs('a'))).toBe(false);
        await versioned.upload('a', 'second');
        expect((await collect(store.bucket('b').versions())).length).toBe(2);
        const opposed = store.bucket('b', { versioned: false });
        expect(await textOf(opposed.download('a'))).toBe('second');
        await rejectsWith(opposed.upload('a', 'third'), 'INVALID');
        await rejectsWith(store.createBucket('b', { versioned: false }), 'INVALID');
        expect(await textOf(opposed.download('a'))).toBe('second');
      });

      test('made twice are made once', async () => {
        await using store = await open();
        const first = await store.createBucket('b', { versioned: true });
        await first.upload('a', 'x');
        const again = await store.createBucket('b');
        expect(await textOf(again.download('a'))).toBe('x');
        expect(await collect(store.buckets())).toMatchObject([{ versioned: true }]);
      });

      test('are removed only when they hold nothing at all', async () => {
        await using store = await open();
        await rejectsWith(store.deleteBucket('b'), 'NOT_FOUND');
        const bucket = store.bucket('b', { versioned: true });
        const { version } = await bucket.upload('a', 'x');
        await rejectsWith(store.deleteBucket('b'), 'INVALID');
        await bucket.remove('a', { version });
        await store.deleteBucket('b');
        expect(await collect(store.buckets())).toEqual([]);
        expect(await bucket.exists('a')).toBe(false);
        await rejectsWith(store.deleteBucket('b'), 'NOT_FOUND');
      });

      test('are not empty while there is a delete marker', async () => {
        await using store = await open();
        const bucket = store.bucket('b', { versioned: true });
        await bucket.upload('a', 'x');
        await bucket.remove('a');
        await rejectsWith(store.deleteBucket('b'), 'INVALID');
        for await (const { name, version } of bucket.versions())
          await bucket.remove(name, { version });
        await store.deleteBucket('b');
      });

      test('made again under an old name are other buckets', async () => {
        await using store = await open();
        const old = store.bucket('b', { versioned: true });
        const { version } = await old.upload('a', 'x');
        await old.remove('a', { version });
        await store.deleteBucket('b');
        const fresh = store.bucket('b');
        await fresh.upload('a', 'y');
        expect(await collect(store.buckets())).toMatchObject([{ versioned: false }]);
        expect('version' in (await fresh.attrs('a'))).toBe(false);
      });

      test('are declared with true and false only', async () => {
        await using store = await open();
        const versioned = 'yes' as unknown as boolean;
        expect(() => store.bucket('b', { versioned })).toThrow(TypeError);
        expect(() => store.bucket('b', 5 as unknown as object)).toThrow(TypeError);
      });
    });

    test('stats count what is there', async () => {
      await using store = await open();
      const none = { objects: 0, versions: 0, deleteMarkers: 0, chunks: 0, logicalBytes: 0 };
      expect(await store.stats()).toMatchObject({ buckets: 0, ...none });
      const bucket = store.bucket('b', { versioned: true });
      const content = generatedBytes(1, 100_000);
      await bucket.upload('a', content);
      await bucket.upload('b', content);
      await bucket.upload('c', 'gone');
      await bucket.remove('c');
      const stats = await store.stats();
      expect(stats).toMatchObject({ buckets: 1, objects: 2, versions: 3, deleteMarkers: 1 });
      expect(stats.logicalBytes).toBe(200_004);
      expect(stats.uniqueBytes).toBe(100_004);
      expect(stats.storedBytes).toBeGreaterThan(0);
    });

    test('storage counts what is there, in all, of a bucket, a name and a version', async () => {
      await using store = await open();
      const nothing = { versions: 0, logicalBytes: 0, storedBytes: 0, chunks: 0, readCostMax: 0 };
      expect(await store.storage()).toMatchObject(nothing);
      const [a, b] = [store.bucket('a', { versioned: true }), store.bucket('b')];
      expect(await a.storage()).toMatchObject(nothing);
      const [shared, own] = [generatedBytes(1, 100_000), generatedBytes(2, 100_000)];
      const { version } = await a.upload('one', shared);
      await a.upload('one', own);
      await a.upload('two', 'gone');
      await a.remove('two');
      await b.upload('one', shared);

      const { storedBytes, uniqueBytes, chunks } = await store.stats();
      const all = await store.storage();
      expect(all).toMatchObject({ versions: 4, logicalBytes: 300_004, contentBytes: 300_004 });
      expect(all).toMatchObject({
        uniqueBytes,
        storedBytes,
        ownBytes: storedBytes,
        seenThrough: 0,
      });
      expect(all.chunks + all.nodes + all.bases).toBe(chunks);
      expect(uniqueBytes).toBe(200_004);
      const inB = await b.storage();
      expect(inB).toMatchObject({ versions: 1, uniqueBytes: 100_000, ownBytes: 0 });
      expect(inB.sharedBytes).toBe(inB.storedBytes);
      expect((await a.storage({ prefix: 't' })).logicalBytes).toBe(4);
      expect((await a.storage({ name: 'one' })).uniqueBytes).toBe(200_000);
      expect(await a.storage({ name: 'one', version })).toEqual(inB);
      expect((await a.storage({ name: 'one' })).ownBytes).toBe(
        (await a.wouldFree('one')).storedBytes,
      );
    });

    test('storage tells deltas, their bases, and gzip that is seen through', async () => {
      await using store = await open();
      const bucket = store.bucket('b', { versioned: true });
      const { version: first = '' } = await bucket.upload('a', editedText(1, 9000, 1));
      const { version: last } = await bucket.upload('a', editedText(1, 9000, 2));
      const both = await bucket.storage();
      expect(both).toMatchObject({ chunks: 2, deltas: 1, bases: 0, baseBytes: 0, readCostMax: 2 });
      expect(both.readCostMean).toBe(1.5);
      expect(both.reducedBytes).toBeLessThan(both.uniqueBytes);
      const one = await bucket.storage({ name: 'a', version: last });
      expect(one).toMatchObject({ chunks: 1, deltas: 1, bases: 1, sharedBytes: one.baseBytes });
      await bucket.remove('a', { version: first });
      expect(await bucket.storage()).toEqual({ ...one, ownBytes: one.storedBytes, sharedBytes: 0 });

      const text = generatedText(3, 100_000);
      const gzip = gzipMember(text);
      await bucket.upload('a.gz', gzip);
      expect(await bucket.storage({ name: 'a.gz' })).toMatchObject({
        seenThrough: 1,
        logicalBytes: gzip.length,
        contentBytes: text.length,
        uniqueBytes: text.length,
      });
    });

    test('storage is asked of what is there, and of one thing', async () => {
      await using store = await open();
      const bucket = store.bucket('b', { versioned: true });
      const { version = '' } = await bucket.upload('a', 'x');
      await rejectsWith(bucket.storage({ name: 'b' }), 'NOT_FOUND');
      await rejectsWith(bucket.storage({ name: 'b', version }), 'NOT_FOUND');
      await rejectsWith(bucket.storage({ name: 'a', version: 'nonsense' }), 'NOT_FOUND');
      await rejectsWith(bucket.storage({ version }), 'INVALID');
      await rejectsWith(bucket.storage({ name: 'a', prefix: 'a' }), 'INVALID');
      await rejectsWith(bucket.storage({ name: '' }), 'INVALID');
      await expect(bucket.storage({ prefix: 5 as unknown as string })).rejects.toThrow(TypeError);
      await expect(store.storage(5 as unknown as object)).rejects.toThrow(TypeError);
      const done: number[] = [];
      const told = { signal: new AbortController().signal };
      await store.storage({ ...told, onProgress: (progress) => done.push(progress.done) });
      expect(done).toEqual([1]);
      await rejectsWith(bucket.storage({ signal: AbortSignal.abort() }), 'ABORTED');
    });

    test('sync, verify and compact have nothing to complain about', async () => {
      await using store = await open();
      const bucket = store.bucket('b', { versioned: true });
      await bucket.upload('a', generatedBytes(1, 700_000), { durability: 'os' });
      await bucket.upload('a', generatedBytes(2, 700_000));
      await store.sync();
      const report = await store.verify();
      expect(report).toMatchObject({ ok: true, versions: 2, damaged: [], problems: [] });
      const { reclaimedBytes, complete } = await store.compact();
      expect(complete).toBe(true);
      expect(await store.compact({ optimize: true, maxSeconds: 60 })).toMatchObject({ complete });
      await rejectsWith(store.compact({ maxSeconds: 1 }), 'INVALID');
      await rejectsWith(store.compact({ optimize: true, maxSeconds: 0 }), 'INVALID');
      expect(reclaimedBytes).toBeGreaterThanOrEqual(0);
      expect((await bucket.download('a')).equals(generatedBytes(2, 700_000))).toBe(true);
    });

    test('a long operation whose signal has fired does not begin', async () => {
      await using store = await open();
      const signal = AbortSignal.abort();
      await rejectsWith(store.verify({ signal }), 'ABORTED');
      await rejectsWith(store.storage({ signal }), 'ABORTED');
      await rejectsWith(store.compact({ signal }), 'ABORTED');
      await rejectsWith(store.backup('/nowhere', { signal }), 'ABORTED');
      const wrong = { signal: 5 as unknown as AbortSignal };
      await expect(store.verify(wrong)).rejects.toThrow(TypeError);
      await expect(store.backup(5 as unknown as string)).rejects.toThrow(TypeError);
    });

    describe('a closed store', () => {
      test.each(Object.keys(storeMethods))('refuses %s', async (method) => {
        const store = await open();
        await store.close();
        const call = storeMethods[method] as (store: Store) => unknown;
        await rejectsWith(call(store), 'CLOSED');
      });

      test.each(Object.keys(bucketMethods))('refuses %s of a bucket', async (method) => {
        const store = await open();
        const bucket = store.bucket('b', { versioned: true });
        await bucket.upload('a', 'x');
        await store.close();
        const call = bucketMethods[method] as (bucket: Bucket) => unknown;
        await rejectsWith(call(bucket), 'CLOSED');
      });

      test('may be closed again', async () => {
        const store = await open();
        await Promise.all([store.close(), store.close()]);
        await store.close();
        await store[Symbol.asyncDispose]();
      });
    });

    describe('closing', () => {
      test('lets what has begun come to its end', async () => {
        const store = await open();
        const bucket = store.bucket('b');
        const contents = Array.from({ length: 10 }, (_, i) => generatedBytes(i, i * 50_000));
        const uploads = contents.map((content, i) => bucket.upload(`n${i}`, content));
        await store.close();
        expect((await Promise.all(uploads)).map(({ size }) => size)).toEqual(
          contents.map(({ length }) => length),
        );
      });

      test('does not wait for content that may never come', async () => {
        const store = await open();
        const stream = new Readable({ read() {} });
        stream.push(generatedBytes(1, 100_000));
        const upload = store.bucket('b').upload('a', stream);
        const rejection = rejectsWith(upload, 'CLOSED');
        await new Promise((resolve) => setTimeout(resolve, 20));
        await store.close();
        await rejection;
        expect(stream.destroyed).toBe(true);
      });

      test('cuts a long operation short', async () => {
        const store = await open();
        await store.bucket('b').upload('a', generatedBytes(1, 3_000_000));
        let closed: Promise<void> | undefined;
        const onProgress = (): void => {
          closed ??= store.close();
        };
        await rejectsWith(store.verify({ onProgress }), 'CLOSED');
        await closed;
      });

      test('cuts short what is asked of a bucket', async () => {
        const store = await open();
        const bucket = store.bucket('b');
        await bucket.upload('a', generatedBytes(1, 3_000_000));
        let closed: Promise<void> | undefined;
        const onProgress = (): void => {
          closed ??= store.close();
        };
        await rejectsWith(bucket.storage({ onProgress }), 'CLOSED');
        await closed;
      });

      test('does not wait for readers, who notice at their next step', async () => {
        const store = await open();
        const bucket = store.bucket('b');
        await bucket.upload('a', generatedBytes(1, 3_000_000));
        await uploadNames(
          bucket,
          Array.from({ length: 1500 }, (_, i) => `n${i}`),
        );
        const reader = bucket.downloadStream('a').getReader();
        await reader.read();
        const listing = bucket.list();
        await listing.next();
        await store.close();
        await rejectsWith(reader.read(), 'CLOSED');
        await rejectsWith(collect(listing), 'CLOSED');
      });

      test('may be asked for while an upload reports its progress', async () => {
        const store = await open();
        let closed: Promise<void> | undefined;
        await store.bucket('b').upload('a', generatedBytes(1, 1_000_000), {
          onProgress: () => {
            closed ??= store.close();
          },
        });
        await closed;
        await rejectsWith(store.stats(), 'CLOSED');
      });
    });

    test('handles on one bucket see the same', async () => {
      await using store = await open();
      await store.bucket('b').upload('a', 'x');
      expect(await namesOf(store.bucket('b').list())).toEqual(['a']);
    });

    test('errors are ObjectsErrors', async () => {
      const store = await open();
      await store.close();
      await expect(store.stats()).rejects.toBeInstanceOf(ObjectsError);
    });
  });
}
