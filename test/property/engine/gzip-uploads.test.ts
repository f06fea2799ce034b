/**
 * Gzip streams in a store: nobody who uploads and downloads can tell how they are stored, and what
 * is wrong with the way back is damage, never a wrong byte.
 */

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { equalBytes } from '../../../src/base/bytes.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { decodeRecipe, encodeRecipe } from '../../../src/engine/gzip/recipe.ts';
import type { ObjectVersion, SeenThrough } from '../../../src/engine/model.ts';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';
import { openStore, type Store } from '../../../src/index.ts';
import { generatedBytes, generatedText } from '../../support/content.ts';
import { arbitraryPlain, gzipMember, tarOf } from '../../support/gzip.ts';
import { fileSystemWith, readFiles, type StoredFiles } from '../../support/stored-files.ts';
import {
  complaintsAbout,
  contentOf,
  everythingIn,
  openEngine,
  openFrom,
  storeFolder,
  testPlatform,
  upload,
} from '../../support/test-engine.ts';

const files = [
  { name: 'a', bytes: generatedText(1, 120_000) },
  { name: 'b', bytes: generatedBytes(2, 40_000) },
];
const archive = gzipMember(tarOf(files));

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of source) found.push(one);
  return found;
}

describe('nobody can tell', () => {
  let store: Store;
  beforeAll(async () => {
    store = await openStore({ memory: true });
  });
  afterAll(() => store.close());

  test('etag, size and every range are those of the upload', async () => {
    const through = store.bucket('through');
    const opaque = store.bucket('opaque', { seeThroughGzip: false });
    const members = fc.array(arbitraryPlain(60_000), { minLength: 1, maxLength: 3 });
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(members, fraction, fraction, async (contents, a, b) => {
        const bytes = Buffer.concat(contents.map((content) => gzipMember(content)));
        const seen = await through.upload('x', bytes);
        const asIs = await opaque.upload('x', bytes);
        expect(seen.etag).toBe(asIs.etag);
        expect(seen.size).toBe(bytes.length);
        expect((await through.download('x')).equals(bytes)).toBe(true);
        const [start, end] = [a, b]
          .map((at) => Math.round(at * bytes.length))
          .sort((x, y) => x - y);
        const range = { start, end };
        const part = await through.download('x', { range });
        expect(part.equals(bytes.subarray(start, end))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test('attributes, listings, copies and preconditions are as ever', async () => {
    const bucket = store.bucket('attributes', { versioned: true });
    const first = await bucket.upload('x', archive, { contentType: 'application/gzip' });
    expect(await bucket.attrs('x')).toEqual(first);
    const [entry] = await all(bucket.list());
    expect(entry).toMatchObject({ size: archive.length, etag: first.etag });
    const preconditions = { ifMatch: first.etag };
    await bucket.upload('x', 'something else', { preconditions });
    await expect(bucket.upload('x', archive, { preconditions })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    const restored = await bucket.restore('x', first.version as string);
    expect(restored).toMatchObject({ size: archive.length, etag: first.etag });
    const copy = await bucket.copy('x', 'y', { preconditions: { notExists: true } });
    expect(copy.etag).toBe(first.etag);
    for (const name of ['x', 'y']) {
      expect((await bucket.download(name)).equals(archive)).toBe(true);
    }
    expect((await store.verify()).problems).toEqual([]);
  });

  test('progress counts the upload, and comes to its end once', async () => {
    const seen: { bytes: number; newBytes: number }[] = [];
    const onProgress = (progress: { bytes: number; newBytes: number }): void =>
      void seen.push(progress);
    await store.bucket('progress').upload('x', archive, { onProgress });
    expect(seen.at(-1)?.bytes).toBe(archive.length);
    expect(seen.every(({ bytes, newBytes }) => newBytes <= bytes)).toBe(true);
    expect(seen.filter(({ bytes }) => bytes === archive.length).length).toBeLessThanOrEqual(2);
  });
});

describe('the switch', () => {
  test.each([
    [{}, {}, true],
    [{ seeThroughGzip: false }, {}, false],
    [{ seeThroughGzip: false }, { seeThroughGzip: true }, true],
    [{}, { seeThroughGzip: false }, false],
  ] as const)('of a bucket %j and of an upload %j: %j', async (config, options, isThrough) => {
    await using store = await openStore({ memory: true });
    const bucket = await store.createBucket('b', config);
    for (const { name, bytes } of files) await bucket.upload(name, bytes);
    const before = (await store.stats()).storedBytes;
    await bucket.upload('archive', archive, options);
    const { storedBytes, logicalBytes } = await store.stats();
    expect(logicalBytes).toBe(160_000 + archive.length);
    // The files in the archive are there already.
    expect(storedBytes - before < archive.length / 10).toBe(isThrough);
  });

  test('stays as it was declared last, and shows', async () => {
    await using store = await openStore({ memory: true });
    const shown = async (): Promise<unknown> =>
      (await all(store.buckets())).map(({ seeThroughGzip }) => seeThroughGzip);
    await store.createBucket('b', { seeThroughGzip: false });
    await store.createBucket('b', { public: true });
    expect(await shown()).toEqual([false]);
    await store.createBucket('b', { seeThroughGzip: true });
    expect(await shown()).toEqual([undefined]);
    const wrong = 'no' as unknown as boolean;
    const refused = { name: 'TypeError' };
    expect(() => store.bucket('b', { seeThroughGzip: wrong })).toThrow(TypeError);
    await expect(
      store.bucket('b').upload('x', archive, { seeThroughGzip: wrong }),
    ).rejects.toMatchObject(refused);
  });
});

describe('on the disk', () => {
  test('it is there again without the index, and in a copy of the store', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await openEngine(testPlatform({ fileSystem }));
    const bucket = await engine.ensureBucket('b', { versioned: true, seeThroughGzip: true });
    await engine.ensureBucket('c', { seeThroughGzip: false });
    for (const seed of [1, 2, 3]) {
      await upload(engine, bucket, 'x', gzipMember(generatedText(seed, 30_000)));
    }
    const version = (await engine.versions.current(bucket.id, 'x')) as ObjectVersion;
    expect(version.seenThrough).toBeDefined();
    await engine.lock(bucket, 'x', undefined, 5);
    await engine.compact({});
    await engine.backup('/copy', {});
    const expected = await everythingIn(engine);
    await engine.close();

    const again = await openFrom(fileSystem);
    expect(await everythingIn(again)).toEqual(expected);
    expect(again.bucket('c')?.seeThroughGzip).toBe(false);
    expect(await complaintsAbout(again)).toEqual([]);
    await again.close();
    const copy = await openEngine(testPlatform({ fileSystem }), '/copy');
    expect(await everythingIn(copy)).toEqual(expected);
    await copy.close();
  });

  test('an upload that dies leaves nothing', async () => {
    const engine = await openEngine(testPlatform());
    const bucket = await engine.ensureBucket('b', {});
    async function* dying(): AsyncGenerator<Uint8Array> {
      yield archive.subarray(0, archive.length - 1);
      await Promise.resolve();
      throw new Error('the line is dead');
    }
    const dead = engine.upload({ bucket, name: 'x', body: dying(), durability: 'power' });
    await expect(dead).rejects.toThrow('the line is dead');
    expect(await everythingIn(engine)).toEqual([]);
    expect((await engine.totals()).chunks).toBe(0);
    await upload(engine, bucket, 'x', archive);
    expect(await complaintsAbout(engine)).toEqual([]);
    await engine.close();
  });
});

describe('a way back that is wrong', () => {
  async function damagedBy(
    change: (seenThrough: SeenThrough) => Partial<SeenThrough>,
  ): Promise<{ readonly read: Promise<Uint8Array>; readonly complaints: string[] }> {
    const engine = await openEngine(testPlatform());
    const bucket = await engine.ensureBucket('b', {});
    const version = await upload(engine, bucket, 'good', archive);
    const seenThrough = version.seenThrough as SeenThrough;
    const from = { ...version, seenThrough: { ...seenThrough, ...change(seenThrough) } };
    const bad = await engine.link({ bucket, name: 'bad', from });
    const read = contentOf(engine, bad);
    await read.catch(() => undefined);
    const complaints = await complaintsAbout(engine);
    expect(equalBytes(await contentOf(engine, version), archive)).toBe(true);
    await engine.close();
    return { read, complaints };
  }

  test.each<[string, (seenThrough: SeenThrough) => Partial<SeenThrough>]>([
    [
      'a bit of the recipe',
      ({ recipe }) => ({ recipe: recipe.map((byte, at) => (at === 30 ? byte ^ 1 : byte)) }),
    ],
    ['no recipe', () => ({ recipe: new Uint8Array(0) })],
    ['another size', ({ contentBytes }) => ({ contentBytes: contentBytes - 1 })],
    [
      'another digest',
      ({ recipe }) => {
        const sections = decodeRecipe(nativeHashing, recipe).map((section) =>
          section.kind === 'deflated' ? { ...section, digests: [new Uint8Array(16)] } : section,
        );
        return { recipe: encodeRecipe(nativeHashing, sections) };
      },
    ],
    [
      'another compressor',
      ({ recipe }) => {
        const sections = decodeRecipe(nativeHashing, recipe).map((section) =>
          section.kind === 'deflated'
            ? { ...section, settings: { ...section.settings, level: 1 } }
            : section,
        );
        return { recipe: encodeRecipe(nativeHashing, sections) };
      },
    ],
  ])('is damage, and verify says whose: %s', async (_, change) => {
    const { read, complaints } = await damagedBy(change);
    await expect(read).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toMatch(/^bad: /);
  });

  test('is no wrong byte either, whichever byte of the log is wrong', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await openEngine(testPlatform({ fileSystem }));
    const bucket = await engine.ensureBucket('b', {});
    const bytes = gzipMember(generatedText(1, 4000));
    await upload(engine, bucket, 'x', bytes);
    await engine.close();
    const stored = await readFiles(fileSystem, storeFolder);
    let readable = 0;
    for (const [path, content] of stored) {
      if (!/\.v[js]$/.test(path)) continue;
      for (let at = 0; at < content.length; at += 37) {
        const wrong = Uint8Array.from(content);
        wrong[at] = (wrong[at] as number) ^ (1 << (at % 8));
        const found = await contentIn(new Map([...stored, [path, wrong]]));
        if (found !== undefined) expect(equalBytes(found, bytes)).toBe(true);
        readable += found === undefined ? 0 : 1;
      }
    }
    expect(readable).toBeGreaterThan(0);
  });

  /** What these files have for `x`, if anything: they may be refused as a whole. */
  async function contentIn(stored: StoredFiles): Promise<Uint8Array | undefined> {
    let engine: Engine | undefined;
    try {
      engine = await openFrom(await fileSystemWith(storeFolder, stored));
      const bucket = engine.bucket('b');
      const version = bucket && (await engine.versions.current(bucket.id, 'x'));
      return version && (await contentOf(engine, version));
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/CORRUPT|UNSUPPORTED/) });
      return undefined;
    } finally {
      await engine?.close();
    }
  }
});
