/**
 * A volume that is nearly full: uploads are refused while there is still room to work in, and
 * nothing is broken by that.
 */

import { describe, expect, test } from 'vitest';
import { Session } from '../../src/api/session.ts';
import { Store } from '../../src/api/store.ts';
import { Engine } from '../../src/engine/engine.ts';
import { type Bucket, ObjectsError } from '../../src/index.ts';
import { generatedBytes } from '../support/content.ts';
import { LimitedVolume } from '../support/limited-volume.ts';
import { smallChunking, storeFolder, TestClock, testPlatform } from '../support/test-engine.ts';

const kibibyte = 1024;
/** As in life: no log file is larger. */
const reserveBytes = 600 * kibibyte;

interface Rig {
  readonly volume: LimitedVolume;
  readonly clock: TestClock;
  readonly store: Store;
  readonly bucket: Bucket;
}

/** A store on a volume of 1 MiB, of which more than half is the reserve. */
async function rig(options: { readonly reserveBytes?: number } = { reserveBytes }): Promise<Rig> {
  const volume = new LimitedVolume(1024 * kibibyte);
  const clock = new TestClock();
  const platform = testPlatform({ fileSystem: volume, clock });
  const store = new Store(
    new Session(clock, () =>
      Engine.open({
        platform,
        directory: storeFolder,
        createIfMissing: true,
        chunking: smallChunking,
        inlineBytesMax: 8 * kibibyte,
        compaction: 'manual',
        ...options,
      }),
    ),
  );
  const bucket = await store.createBucket('b', { versioned: true });
  return { volume, clock, store, bucket };
}

async function refusalOf(action: Promise<unknown>): Promise<ObjectsError> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ObjectsError);
  expect(error).toMatchObject({ code: 'FULL' });
  return error as ObjectsError;
}

/** Uploads until the first refusal. */
async function fill({ bucket }: Rig, sizeBytes: number): Promise<ObjectsError> {
  for (let i = 0; i < 1000; i++) {
    try {
      await bucket.upload(`fill-${i}`, generatedBytes(i, sizeBytes));
    } catch (error) {
      return refusalOf(Promise.reject(error as Error));
    }
  }
  throw new Error('nothing was refused');
}

describe('a volume on which only the reserve is left', () => {
  test.each([500, 6000, 40_000])('refuses uploads of %i bytes before it is used', async (size) => {
    const own = await rig();
    const { volume, clock, store, bucket } = own;
    const refused = await fill(own, size);
    expect(refused.message).toMatch(/compact\(\).+freeBytes=\d+ reserveBytes=614400/);
    const left = await volume.leftBytes();
    expect(left).toBeGreaterThan(reserveBytes - 8 * kibibyte);
    expect(left).toBeLessThan(reserveBytes + 2 * size + 16 * kibibyte);

    // Everything else goes on, in the reserve.
    volume.othersBytes = left - reserveBytes;
    expect((await bucket.download('fill-0')).length).toBe(size);
    await refusalOf(bucket.upload('more', generatedBytes(5000, size)));
    await refusalOf(bucket.copy('fill-0', 'copy'));
    await refusalOf(store.createBucket('another'));
    await bucket.remove('fill-0');
    for await (const { version } of bucket.versions({ name: 'fill-1' })) {
      await bucket.remove('fill-1', { version });
    }
    await store.compact();
    await store.sync();
    expect(await store.verify()).toMatchObject({ ok: true });

    // And so do uploads once there is space, without reopening.
    volume.othersBytes = -200 * kibibyte;
    await bucket.upload('after', 'welcome again');
    clock.timeMs += 10_000;
    await bucket.upload('later', generatedBytes(7, size));
    await store.close();
  });

  test('is seen in the middle of a large upload, of which nothing is visible then', async () => {
    const { volume, store, bucket } = await rig();
    const before = await volume.leftBytes();
    await refusalOf(bucket.upload('huge', generatedBytes(1, 2_000_000)));
    expect(await volume.leftBytes()).toBeGreaterThan(reserveBytes - 8 * kibibyte);
    expect(await volume.leftBytes()).toBeLessThan(before);
    expect(await bucket.exists('huge')).toBe(false);
    expect((await store.stats()).reclaimableBytes).toBeGreaterThan(0);
    expect(await store.verify()).toMatchObject({ ok: true });
    await store.close();
  });

  test('grows again by removing and compacting, and uploads are welcome', async () => {
    const own = await rig();
    const { store } = own;
    const scratch = store.bucket('scratch');
    await scratch.upload('first', 'x');
    await fill({ ...own, bucket: scratch }, 40_000);
    await refusalOf(scratch.upload('more', generatedBytes(99, 40_000)));
    for (let i = 0; i < 6; i++) await scratch.remove(`fill-${i}`);
    const { reclaimedBytes } = await store.compact();
    expect(reclaimedBytes).toBeGreaterThan(200_000);
    await scratch.upload('more', generatedBytes(99, 40_000));
    expect(await store.verify()).toMatchObject({ ok: true });
    await store.close();
  });

  test('may be what another program left: the volume is asked again after a while', async () => {
    const { volume, clock, store, bucket } = await rig();
    await bucket.upload('a', 'x');
    volume.othersBytes = 500 * kibibyte;
    clock.timeMs += 2000;
    await refusalOf(bucket.upload('b', 'x'));
    // A clock that goes backwards makes an answer old, too.
    volume.othersBytes = 0;
    clock.timeMs -= 100_000;
    await bucket.upload('b', 'x');
    await store.close();
  });

  test('is asked for now and then only, while there is plenty', async () => {
    const { volume, store, bucket } = await rig();
    for (let i = 0; i < 100; i++) await bucket.upload(`${i}`, `${i}`);
    expect(volume.askedCount).toBe(1);
    await store.close();
  });

  test('stops nobody where the volume cannot say how much is free', async () => {
    const { volume, store, bucket } = await rig();
    volume.freeBytes = () => Promise.reject(new Error('ENOSYS'));
    volume.othersBytes = 900 * kibibyte;
    await bucket.upload('a', 'x');
    await store.close();
  });
});

describe('without a reserve', () => {
  test('a full disk stops the store, as any failed write does', async () => {
    const own = await rig({ reserveBytes: 0 });
    const refused = await fill(own, 6000);
    expect(refused.message).toMatch(/reopen/);
    expect(own.volume.askedCount).toBe(0);
    own.volume.othersBytes = -500 * kibibyte;
    await refusalOf(own.bucket.upload('after', 'x'));
    await own.store.close();
  });

  test('by default it is 64 MiB', async () => {
    const { store, bucket } = await rig({}).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'FULL' });
      return { store: undefined, bucket: undefined };
    });
    expect([store, bucket]).toEqual([undefined, undefined]);
  });
});
