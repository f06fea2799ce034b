/**
 * Views: the bucket as it was, at a time or just after a version.
 *
 * @module
 */

import { expect, test } from 'vitest';
import type { Bucket } from '../../../src/index.ts';
import { collect, type ContractGroup, expectCode, namesOf, textOf } from './target.ts';

/** What a bucket or a view holds, by name. */
async function contentsOf(
  bucket: Pick<Bucket, 'list' | 'download'>,
): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const name of await namesOf(bucket.list()))
    contents[name] = await textOf(bucket.download(name));
  return contents;
}

/** Waits until the clock has moved on, so that a time lies between two commits. */
async function tick(): Promise<Date> {
  const before = Date.now();
  while (Date.now() <= before + 1) await new Promise((resolve) => setTimeout(resolve, 1));
  return new Date(before + 1);
}

export const views: ContractGroup = {
  name: 'views of the past',
  needs: ['views'],
  define(target) {
    test('show the state just after each version, by version and by time', async () => {
      const bucket = await target.bucket({ versioned: true });
      const states: { readonly points: (string | Date)[]; readonly contents: object }[] = [];
      const note = async (version: string | undefined): Promise<void> => {
        const contents = await contentsOf(bucket);
        const points = [...(version === undefined ? [] : [version]), await tick()];
        states.push({ points, contents });
      };
      await note(undefined);
      await note((await bucket.upload('a', 'one')).version);
      await note((await bucket.upload('b', 'one')).version);
      await note((await bucket.upload('a', 'two')).version);
      await bucket.remove('a');
      await note(undefined);
      await note((await bucket.upload('c/d', 'one')).version);
      await note((await bucket.upload('a', 'three')).version);
      for (const { points, contents } of states) {
        for (const point of points) expect(await contentsOf(bucket.at(point))).toEqual(contents);
      }
    });

    test('describe, page and stream what was there', async () => {
      const bucket = await target.bucket({ versioned: true });
      const first = await bucket.upload('a/b', 'hello world', { contentType: 'text/plain' });
      const { version } = await bucket.upload('c', 'x');
      await bucket.upload('a/b', 'overwritten');
      await bucket.upload('a/c', 'new');
      const view = bucket.at(version as string);
      expect(await view.attrs('a/b')).toEqual(first);
      expect(await view.exists('a/b')).toBe(true);
      expect(await view.exists('a/c')).toBe(false);
      await expectCode(target, 'NOT_FOUND', view.attrs('a/c'));
      await expectCode(target, 'NOT_FOUND', view.download('a/c'));
      expect(await textOf(view.download('a/b', { range: { start: 6 } }))).toBe('world');
      const streamed = Buffer.concat(await collect(view.downloadStream('a/b')));
      expect(streamed.toString()).toBe('hello world');
      expect(await namesOf(view.list({ prefix: 'a' }))).toEqual(['a/b']);
      expect(await view.listPage({ delimiter: '/' })).toMatchObject({
        entries: [{ name: 'c' }],
        prefixes: ['a/'],
      });
    });

    test('have one version of each name, whichever is asked for', async () => {
      const bucket = await target.bucket({ versioned: true });
      const first = await bucket.upload('a', 'first');
      const second = await bucket.upload('a', 'second');
      const view: Pick<Bucket, 'attrs' | 'download'> = bucket.at(first.version as string);
      const { version } = second;
      expect(await textOf(view.download('a', { version }))).toBe('first');
      expect(await view.attrs('a', { version })).toEqual(first);
    });

    test('page backwards and forwards through names that came and went', async () => {
      const bucket = await target.bucket({ versioned: true });
      const names = Array.from({ length: 30 }, (_, i) => `d${i % 3}/${String(i).padStart(2, '0')}`);
      let point = '';
      for (const name of names) point = (await bucket.upload(name, name)).version as string;
      for (const name of names) await bucket.remove(name);
      await bucket.upload('zz', 'later');
      const view = bucket.at(point);
      for (const reverse of [false, true]) {
        const sorted = [...names].sort();
        expect(await namesOf(view.list({ reverse }))).toEqual(reverse ? sorted.reverse() : sorted);
        const { prefixes } = await view.listPage({ delimiter: '/', reverse });
        expect(prefixes).toEqual(reverse ? ['d2/', 'd1/', 'd0/'] : ['d0/', 'd1/', 'd2/']);
      }
    });

    test('show what is current when the point lies ahead', async () => {
      const bucket = await target.bucket({ versioned: true });
      await bucket.upload('a', 'x');
      const view = bucket.at(new Date(Date.now() + 3_600_000));
      await bucket.upload('a', 'later');
      expect(await contentsOf(view)).toEqual({ a: 'later' });
    });

    test('no longer show a version that was removed for good', async () => {
      const bucket = await target.bucket({ versioned: true });
      const first = await bucket.upload('a', 'first');
      const second = await bucket.upload('a', 'second');
      await bucket.remove('a', { version: second.version });
      expect(await contentsOf(bucket.at(second.version as string))).toEqual({ a: 'first' });
      await bucket.remove('a', { version: first.version });
      expect(await contentsOf(bucket.at(second.version as string))).toEqual({});
    });

    test('are refused for a point that cannot be', async () => {
      const bucket = await target.bucket({ versioned: true });
      const refusal = async (point: unknown): Promise<unknown> => bucket.at(point as string);
      await expectCode(target, 'INVALID', refusal('nonsense'));
      await expectCode(target, 'INVALID', refusal(''));
      await expectCode(target, 'INVALID', refusal(new Date(Number.NaN)));
      await expect(refusal(5)).rejects.toThrow(TypeError);
      await expect(refusal(undefined)).rejects.toThrow(TypeError);
    });

    test('are refused by a bucket that keeps no versions', async () => {
      const bucket = await target.bucket();
      await bucket.upload('a', 'x');
      const view = bucket.at(new Date());
      await expectCode(target, 'INVALID', view.attrs('a'));
      await expectCode(target, 'INVALID', view.exists('a'));
      await expectCode(target, 'INVALID', view.download('a'));
      await expectCode(target, 'INVALID', collect(view.downloadStream('a')));
      await expectCode(target, 'INVALID', collect(view.list()));
      await expectCode(target, 'INVALID', view.listPage());
    });
  },
};
