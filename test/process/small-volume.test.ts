/**
 * A volume that is nearly full, for real: a file system of a few megabytes, in memory, that the
 * kernel mounts. That takes rights which not everybody has; without them this file is skipped.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ObjectsError, openStore } from '../../src/index.ts';
import { generatedBytes } from '../support/content.ts';

const mebibyte = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'varve-volume-'));
const mount = ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder];
const isMounted = process.platform === 'linux' && spawnSync('mount', mount).status === 0;

afterAll(() => {
  if (isMounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
});

function freeBytes(): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

describe.runIf(isMounted)('a small volume', () => {
  test('refuses uploads before it is full, and takes them again once there is space', async () => {
    const filler = join(folder, 'of-another-program');
    writeFileSync(filler, new Uint8Array(8 * mebibyte));
    const store = await openStore(join(folder, 'store'), { reserveBytes: 6 * mebibyte });
    const bucket = store.bucket('b');

    let count = 0;
    const refused: unknown = await (async () => {
      for (; count < 1000; count++) {
        await bucket.upload(`${count}`, generatedBytes(count, 100_000));
      }
    })().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ObjectsError);
    expect(refused).toMatchObject({ code: 'FULL' });
    expect(count).toBeGreaterThan(50);
    expect(freeBytes()).toBeGreaterThan(5 * mebibyte);

    await expect(bucket.upload('large', generatedBytes(1, mebibyte))).rejects.toMatchObject({
      code: 'FULL',
    });
    expect(Buffer.compare(await bucket.download('7'), generatedBytes(7, 100_000))).toBe(0);
    await bucket.remove('7');
    await store.compact();
    expect(await store.verify()).toMatchObject({ ok: true });

    rmSync(filler);
    await bucket.upload('7', generatedBytes(8, 100_000));
    await bucket.upload('large', generatedBytes(1, mebibyte));
    await store.close();

    const reopened = await openStore(join(folder, 'store'), { mustExist: true });
    expect(
      Buffer.compare(await reopened.bucket('b').download('7'), generatedBytes(8, 100_000)),
    ).toBe(0);
    // By default the reserve is larger than this whole volume.
    const tooSmall = reopened.bucket('b').upload('x', 'x');
    await expect(tooSmall).rejects.toMatchObject({ code: 'FULL' });
    await reopened.close();
  });
});
