/**
 * An isolated bucket shares nothing: neither chunks nor deltas, whichever way content comes.
 */

import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import type { BucketRecord } from '../../../src/engine/model.ts';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import { editedText } from '../../support/content.ts';
import { fileSystemWith, readFiles } from '../../support/stored-files.ts';
import {
  complaintsAbout,
  contentOf,
  openEngine,
  openFrom,
  storeFolder,
  testPlatform,
  upload,
} from '../../support/test-engine.ts';

const text = editedText(3, 6000, 1);
const edited = editedText(3, 6000, 2);

interface Place {
  readonly disk: MemoryFileSystem;
  readonly engine: Engine;
  readonly open: BucketRecord;
  readonly secret: BucketRecord;
}

async function openPlace(): Promise<Place> {
  const disk = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem: disk }));
  const open = await engine.ensureBucket('open', { versioned: true });
  const secret = await engine.ensureBucket('secret', { versioned: true, isolated: true });
  return { disk, engine, open, secret };
}

/** What an upload adds to the store, and how much of it its caller is told to be new. */
async function cost(
  engine: Engine,
  bucket: BucketRecord,
  name: string,
  content: Uint8Array,
): Promise<{ storedBytes: number; newBytes: number }> {
  const before = (await engine.totals()).storedBytes;
  let newBytes = 0;
  const body = (async function* (): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(content);
  })();
  const onProgress = (progress: { newBytes: number }): void => void (newBytes = progress.newBytes);
  await engine.upload({ bucket, name, body, durability: 'power', onProgress });
  return { storedBytes: (await engine.totals()).storedBytes - before, newBytes };
}

describe('content of an isolated bucket', () => {
  test.each(['open', 'secret'] as const)(
    'costs the same, whatever is stored beside "%s"',
    async (first) => {
      const alone = await openPlace();
      const second = first === 'open' ? 'secret' : 'open';
      const expected = [
        await cost(alone.engine, alone[second], 'a', text),
        await cost(alone.engine, alone[second], 'a', edited),
      ];
      const shared = await openPlace();
      await upload(shared.engine, shared[first], 'a', text);
      await upload(shared.engine, shared[first], 'a', edited);
      const found = [
        await cost(shared.engine, shared[second], 'a', text),
        await cost(shared.engine, shared[second], 'a', edited),
      ];
      expect(found.map(({ newBytes }) => newBytes)).toEqual(
        expected.map(({ newBytes }) => newBytes),
      );
      // Numbers of domains and places take a byte more or less.
      found.forEach(({ storedBytes }, i) => {
        expect(Math.abs(storedBytes - (expected[i]?.storedBytes ?? 0))).toBeLessThan(16);
      });
      expect(found[1]?.storedBytes).toBeLessThan((found[0]?.storedBytes ?? 0) / 2);
    },
  );

  test('is shared within the bucket', async () => {
    const { engine, secret } = await openPlace();
    await upload(engine, secret, 'a', text);
    expect((await cost(engine, secret, 'b', text)).newBytes).toBe(0);
    await engine.close();
  });

  test('is stored again by a copy, and is the same, with the same etag', async () => {
    const { engine, disk, open, secret } = await openPlace();
    const from = await upload(engine, secret, 'a', text);
    const { uniqueBytes } = await engine.totals();
    const copy = await engine.link({ bucket: open, name: 'copy', from });
    expect((await engine.totals()).uniqueBytes).toBe(2 * uniqueBytes);
    expect(copy.root.id.digest).toEqual(from.root.id.digest);
    await engine.purge(secret, 'a', from.lsn);
    expect(Buffer.compare(await contentOf(engine, copy), text)).toBe(0);
    expect(await complaintsAbout(engine)).toEqual([]);

    const files = await readFiles(disk, storeFolder);
    const rebuilt = await openFrom(await fileSystemWith(storeFolder, files));
    expect(rebuilt.bucket('secret')).toMatchObject({ isolated: true });
    expect(Buffer.compare(await contentOf(rebuilt, copy), text)).toBe(0);
    expect(await complaintsAbout(rebuilt)).toEqual([]);
    await rebuilt.close();
    await engine.close();
  });
});

describe('isolation', () => {
  test('is decided when a bucket is made', async () => {
    const { engine } = await openPlace();
    await expect(engine.ensureBucket('open', { isolated: true })).rejects.toMatchObject({
      code: 'INVALID',
    });
    await expect(engine.ensureBucket('secret', { isolated: false })).rejects.toMatchObject({
      code: 'INVALID',
    });
    expect(await engine.ensureBucket('secret', {})).toMatchObject({ isolated: true });
    await engine.close();
  });
});
