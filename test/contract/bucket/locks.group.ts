/**
 * Locks: versions that nothing removes before their time.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { Bucket, VersionEntry } from '../../../src/index.ts';
import {
  collect,
  type ContractGroup,
  type ContractTarget,
  expectCode,
  expectTypeError,
  textOf,
} from './target.ts';

const past = new Date(1000);
const future = new Date(Date.UTC(2200, 0, 1));
const laterStill = new Date(Date.UTC(2300, 0, 1));

async function lockOf(bucket: Bucket, name: string, version?: string): Promise<Date | undefined> {
  return (await bucket.attrs(name, { version })).lockedUntil;
}

export const locks: ContractGroup = {
  name: 'locks',
  needs: ['locks'],
  define(target) {
    describe('a locked version', () => {
      definesWhatHolds(target);
    });
    describe('a lock', () => {
      definesLocking(target);
    });
  },
};

function definesWhatHolds(target: ContractTarget): void {
  test('cannot be removed, and may have a delete marker above it', async () => {
    const bucket = await target.bucket({ versioned: true });
    const { version } = await bucket.upload('a', 'one', { lockedUntil: future });
    const error = await expectCode(target, 'VERSION_LOCKED', bucket.remove('a', { version }));
    expect(error.message).toContain(future.toISOString());
    await bucket.remove('a');
    expect(await bucket.exists('a')).toBe(false);
    await expectCode(target, 'VERSION_LOCKED', bucket.remove('a', { version }));
    expect(await textOf(bucket.download('a', { version }))).toBe('one');
  });

  test('cannot be removed when newer ones have made it history', async () => {
    const bucket = await target.bucket({ versioned: true });
    const { version } = await bucket.upload('a', 'one', { lockedUntil: future });
    const second = await bucket.upload('a', 'two');
    await expectCode(target, 'VERSION_LOCKED', bucket.remove('a', { version }));
    await bucket.remove('a', { version: second.version });
    expect(await lockOf(bucket, 'a')).toEqual(future);
    await expectCode(target, 'VERSION_LOCKED', bucket.remove('a', { version }));
  });

  test('is neither replaced nor removed in a bucket that keeps one', async () => {
    const bucket = await target.bucket();
    await bucket.upload('a', 'one', { lockedUntil: future });
    await expectCode(target, 'VERSION_LOCKED', bucket.upload('a', 'two'));
    await expectCode(target, 'VERSION_LOCKED', bucket.remove('a'));
    await expectCode(target, 'VERSION_LOCKED', bucket.copy('a', 'a'));
    expect(await textOf(bucket.download('a'))).toBe('one');
  });

  test('can be removed when its time is over', async () => {
    const bucket = await target.bucket({ versioned: true });
    const { version, lockedUntil } = await bucket.upload('a', 'one', { lockedUntil: past });
    expect(lockedUntil).toEqual(past);
    await bucket.remove('a', { version });
    expect(await bucket.exists('a', { version })).toBe(false);
  });

  test('is shown as one by attrs and versions, and others are not', async () => {
    const bucket = await target.bucket({ versioned: true });
    await bucket.upload('a', 'one');
    await bucket.upload('a', 'two', { lockedUntil: future });
    await bucket.remove('a');
    const entries = await collect(bucket.versions({ name: 'a' }));
    expect(entries.map(({ lockedUntil }) => lockedUntil)).toEqual([undefined, future, undefined]);
    expect(entries.map((entry) => 'lockedUntil' in entry)).toEqual([false, true, false]);
  });

  test('has copies that are not locked, unless that is asked for', async () => {
    const bucket = await target.bucket({ versioned: true });
    const { version } = await bucket.upload('a', 'one', { lockedUntil: future });
    expect(await bucket.copy('a', 'b')).not.toHaveProperty('lockedUntil');
    expect((await bucket.copy('a', 'c', { lockedUntil: future })).lockedUntil).toEqual(future);
    expect(await bucket.restore('a', version as string)).not.toHaveProperty('lockedUntil');
    expect(await lockOf(bucket, 'a', version)).toEqual(future);
    expect(await lockOf(bucket, 'b')).toBeUndefined();
    expect(await lockOf(bucket, 'c')).toEqual(future);
  });
}

function definesLocking(target: ContractTarget): void {
  test('is put on the current version, or on another', async () => {
    const bucket = await target.bucket({ versioned: true });
    const metadata = { by: 'me' };
    const first = await bucket.upload('a', 'one', { contentType: 'text/plain', metadata });
    const second = await bucket.upload('a', 'two');
    expect(await bucket.lock('a', { until: future })).toEqual({ ...second, lockedUntil: future });
    const { version } = first;
    const locked = await bucket.lock('a', { version, until: laterStill });
    expect(locked).toEqual({ ...first, lockedUntil: laterStill });
    expect(await bucket.attrs('a', { version })).toEqual(locked);
    expect(await bucket.attrs('a')).toEqual({ ...second, lockedUntil: future });
    await expectCode(target, 'VERSION_LOCKED', bucket.remove('a', { version }));
    expect(await textOf(bucket.download('a', { version }))).toBe('one');
  });

  test('becomes longer, and never shorter', async () => {
    const bucket = await target.bucket({ versioned: true });
    const { version } = await bucket.upload('a', 'one');
    await bucket.lock('a', { until: future });
    expect((await bucket.lock('a', { until: past })).lockedUntil).toEqual(future);
    expect(await lockOf(bucket, 'a')).toEqual(future);
    expect((await bucket.lock('a', { until: laterStill })).lockedUntil).toEqual(laterStill);
    await expectCode(target, 'VERSION_LOCKED', bucket.remove('a', { version }));
  });

  test('stays with the version while that becomes history and current again', async () => {
    const bucket = await target.bucket({ versioned: true });
    await bucket.upload('a', 'one');
    await bucket.lock('a', { until: future });
    const second = await bucket.upload('a', 'two');
    await bucket.lock('a', { until: laterStill, version: (await oldest(bucket)).version });
    await bucket.remove('a', { version: second.version });
    expect(await lockOf(bucket, 'a')).toEqual(laterStill);
    expect(await textOf(bucket.download('a'))).toBe('one');
  });

  test('is put on the only version of a bucket that keeps one', async () => {
    const bucket = await target.bucket();
    await bucket.upload('a', 'one');
    const { lockedUntil } = await bucket.lock('a', { until: future, version: 'ignored' });
    expect(lockedUntil).toEqual(future);
    await expectCode(target, 'VERSION_LOCKED', bucket.upload('a', 'two'));
  });

  test('needs something to be put on', async () => {
    const bucket = await target.bucket({ versioned: true });
    const { version } = await bucket.upload('a', 'one');
    await bucket.remove('a');
    const marker = (await collect(bucket.versions({ name: 'a' })))[0] as VersionEntry;
    for (const which of [{}, { version: marker.version }, { version: 'nonsense' }]) {
      await expectCode(target, 'NOT_FOUND', bucket.lock('a', { ...which, until: future }));
    }
    await expectCode(target, 'NOT_FOUND', bucket.lock('b', { version, until: future }));
  });

  test('needs a date', async () => {
    const bucket = await target.bucket();
    await bucket.upload('a', 'one');
    const soon = '2200-01-01' as unknown as Date;
    await expectTypeError(bucket.lock('a', { until: soon }), 'until');
    await expectTypeError(bucket.lock('a', undefined as unknown as { until: Date }), 'options');
    await expectTypeError(bucket.upload('b', 'x', { lockedUntil: soon }), 'lockedUntil');
    await expectTypeError(bucket.copy('a', 'b', { lockedUntil: soon }), 'lockedUntil');
    for (const until of [new Date(Number.NaN), new Date(-1)]) {
      await expectCode(target, 'INVALID', bucket.lock('a', { until }));
    }
    expect(await lockOf(bucket, 'a')).toBeUndefined();
  });
}

async function oldest(bucket: Bucket): Promise<VersionEntry> {
  return (await collect(bucket.versions({ name: 'a' }))).at(-1) as VersionEntry;
}
