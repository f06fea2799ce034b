/**
 * History: all versions of a name listed, delete markers among them, and brought back.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { Bucket, VersionEntry } from '../../../src/index.ts';
import { collect, type ContractGroup, expectCode, namesOf, textOf } from './target.ts';

/** Each version as `name: size`, with `!` for the latest and `-` for a delete marker. */
async function sketch(versions: AsyncIterable<VersionEntry>): Promise<string[]> {
  return (await collect(versions)).map(
    ({ name, size, isLatest, deleteMarker }) =>
      `${name}:${deleteMarker ? '-' : size}${isLatest ? '!' : ''}`,
  );
}

/** `a` has sizes 1, 2, 3; `b` has 1 and was removed; `c` has 1, was removed, and has 2. */
async function fill(bucket: Bucket): Promise<void> {
  for (const content of ['1', '22', '333']) await bucket.upload('a', content);
  await bucket.upload('b', '1');
  await bucket.remove('b');
  await bucket.upload('c', '1');
  await bucket.remove('c');
  await bucket.upload('c', '22');
}

export const history: ContractGroup = {
  name: 'history',
  needs: ['history'],
  define(target) {
    describe('versions', () => {
      test('are listed by name, and newest first within a name', async () => {
        const bucket = await target.bucket({ versioned: true });
        await fill(bucket);
        const all = ['a:3!', 'a:2', 'a:1', 'b:-!', 'b:1', 'c:2!', 'c:-', 'c:1'];
        expect(await sketch(bucket.versions())).toEqual(all);
        const entries = await collect(bucket.versions({ name: 'a' }));
        const ids = entries.map(({ version }) => version);
        expect([...ids].sort().reverse()).toEqual(ids);
      });

      test.each([
        [{ prefix: 'b' }, ['b:-!', 'b:1']],
        [{ name: 'c' }, ['c:2!', 'c:-', 'c:1']],
        [{ name: 'missing' }, []],
        [{ limit: 0 }, []],
        [{ limit: 2 }, ['a:3!', 'a:2']],
        [{ startAfter: 'a', limit: 3 }, ['b:-!', 'b:1', 'c:2!']],
        [{ endBefore: 'b' }, ['a:3!', 'a:2', 'a:1']],
        [{ reverse: true }, ['c:2!', 'c:-', 'c:1', 'b:-!', 'b:1', 'a:3!', 'a:2', 'a:1']],
        [{ reverse: true, limit: 4 }, ['c:2!', 'c:-', 'c:1', 'b:-!']],
      ])('of %j are those asked for', async (options, expected) => {
        const bucket = await target.bucket({ versioned: true });
        await fill(bucket);
        expect(await sketch(bucket.versions(options))).toEqual(expected);
      });

      test('of a name are not those of longer names', async () => {
        const bucket = await target.bucket({ versioned: true });
        for (const name of ['a', 'a\0', 'a/b', 'ab']) await bucket.upload(name, 'x');
        expect(await sketch(bucket.versions({ name: 'a' }))).toEqual(['a:1!']);
        expect(await sketch(bucket.versions({ name: 'a\0' }))).toEqual(['a\0:1!']);
      });

      test('go on over many pages, in the middle of a name too', async () => {
        const bucket = await target.bucket({ versioned: true });
        const contents = Array.from({ length: 700 }, (_, i) => `content ${i}`);
        for (const name of ['a', 'b']) {
          await Promise.all(contents.map((content) => bucket.upload(name, content)));
        }
        for (const reverse of [false, true]) {
          const entries = await collect(bucket.versions({ reverse }));
          expect(new Set(entries.map(({ version }) => version)).size).toBe(1400);
          expect(entries.filter(({ isLatest }) => isLatest)).toHaveLength(2);
          expect(entries[700]?.name).toBe(reverse ? 'a' : 'b');
        }
      });

      test('of a delete marker have no size and no etag', async () => {
        const bucket = await target.bucket({ versioned: true });
        await bucket.upload('a', 'x');
        await bucket.remove('a');
        const [marker] = await collect(bucket.versions({ limit: 1 }));
        expect(marker).toMatchObject({ size: 0, etag: '', deleteMarker: true, isLatest: true });
      });

      test('of a bucket that keeps none are the current ones', async () => {
        const bucket = await target.bucket();
        await bucket.upload('a', 'x');
        await bucket.upload('a', 'yy');
        await bucket.upload('b', 'z');
        await bucket.remove('b');
        expect(await sketch(bucket.versions())).toEqual(['a:2!']);
      });

      test('refuse a name together with a range of names', async () => {
        const bucket = await target.bucket({ versioned: true });
        for (const range of [{ prefix: 'a' }, { startAfter: 'a' }, { endBefore: 'a' }]) {
          const listing = collect(bucket.versions({ name: 'a', ...range }));
          await expectCode(target, 'INVALID', listing);
        }
      });
    });

    describe('a delete marker', () => {
      test('is no object, though it is a version', async () => {
        const bucket = await target.bucket({ versioned: true });
        await bucket.upload('a', 'x');
        await bucket.remove('a');
        const [marker] = await collect(bucket.versions({ name: 'a' }));
        const version = (marker as VersionEntry).version;
        expect(await bucket.exists('a', { version })).toBe(false);
        await expectCode(target, 'NOT_FOUND', bucket.attrs('a', { version }));
        await expectCode(target, 'NOT_FOUND', bucket.download('a', { version }));
        await expectCode(target, 'NOT_FOUND', bucket.restore('a', version));
      });

      test('reveals what is below it when it is removed', async () => {
        const bucket = await target.bucket({ versioned: true });
        await bucket.upload('a', 'x');
        await bucket.remove('a');
        const [marker] = await collect(bucket.versions({ name: 'a' }));
        await bucket.remove('a', { version: (marker as VersionEntry).version });
        expect(await textOf(bucket.download('a'))).toBe('x');
        expect(await namesOf(bucket.list())).toEqual(['a']);
        expect(await sketch(bucket.versions())).toEqual(['a:1!']);
      });

      test('below the newest version may go without a trace', async () => {
        const bucket = await target.bucket({ versioned: true });
        await fill(bucket);
        const marker = (await collect(bucket.versions({ name: 'c' })))[1] as VersionEntry;
        await bucket.remove('c', { version: marker.version });
        expect(await sketch(bucket.versions({ name: 'c' }))).toEqual(['c:2!', 'c:1']);
        expect(await textOf(bucket.download('c'))).toBe('22');
      });

      test('between two others reveals another one', async () => {
        const bucket = await target.bucket({ versioned: true });
        await fill(bucket);
        const newest = (await collect(bucket.versions({ name: 'c' })))[0] as VersionEntry;
        await bucket.remove('c', { version: newest.version });
        expect(await bucket.exists('c')).toBe(false);
        expect(await sketch(bucket.versions({ name: 'c' }))).toEqual(['c:-!', 'c:1']);
      });
    });

    describe('restore', () => {
      test('makes an old version the newest, and keeps those between', async () => {
        const bucket = await target.bucket({ versioned: true });
        const options = { contentType: 'text/plain', metadata: { by: 'me' } };
        const first = await bucket.upload('a', 'one', options);
        await bucket.upload('a', 'second');
        const restored = await bucket.restore('a', first.version as string);
        const { name, size, etag, contentType, metadata } = first;
        expect(restored).toMatchObject({ name, size, etag, contentType, metadata });
        expect((restored.version as string) > (first.version as string)).toBe(true);
        expect(await bucket.attrs('a')).toEqual(restored);
        expect(await sketch(bucket.versions())).toEqual(['a:3!', 'a:6', 'a:3']);
      });

      test('brings back what was removed', async () => {
        const bucket = await target.bucket({ versioned: true });
        const { version } = await bucket.upload('a', 'x');
        await bucket.remove('a');
        await bucket.restore('a', version as string);
        expect(await textOf(bucket.download('a'))).toBe('x');
        expect(await sketch(bucket.versions())).toEqual(['a:1!', 'a:-', 'a:1']);
      });

      test('outlives the version it came from', async () => {
        const bucket = await target.bucket({ versioned: true });
        const { version } = await bucket.upload('a', 'x'.repeat(300_000));
        await bucket.restore('a', version as string);
        await bucket.remove('a', { version });
        expect((await bucket.download('a')).length).toBe(300_000);
      });

      test('fails for a version that is not there, and in a bucket that keeps none', async () => {
        const bucket = await target.bucket({ versioned: true });
        const { version } = await bucket.upload('a', 'x');
        await expectCode(target, 'NOT_FOUND', bucket.restore('a', 'nonsense'));
        await expectCode(target, 'NOT_FOUND', bucket.restore('b', version as string));
        const plain = await target.bucket();
        await plain.upload('a', 'x');
        await expectCode(target, 'INVALID', plain.restore('a', version as string));
      });
    });
  },
};
