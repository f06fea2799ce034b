/**
 * What is kept for reads changes no answer: a store that has read everything many times, while it
 * was written to, compacted and optimized, says what one says that was just opened.
 *
 * The oracle is a second engine over a copy of the files. It has nothing kept: its index is made
 * from the log, and it reads each chunk from the disk.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import type { ObjectVersion } from '../../../src/engine/model.ts';
import type { File } from '../../../src/engine/platform/file-system.ts';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import { generatedBytes } from '../../support/content.ts';
import { arbitraryLife, live } from '../../support/random-life.ts';
import { stateOf } from '../../support/recorded-life.ts';
import { fileSystemWith, readFiles } from '../../support/stored-files.ts';
import {
  contentOf,
  openEngine,
  openFrom,
  storeFolder,
  testPlatform,
  upload,
} from '../../support/test-engine.ts';

/** Reads all current versions, a range of each: while others change them. */
async function readAbout(engine: Engine, start: number): Promise<void> {
  for (const bucket of engine.buckets()) {
    for (const { name } of await engine.versions.list(bucket.id, {}, 100)) {
      const version = await engine.versions.current(bucket.id, name);
      if (version === undefined) continue;
      const range = { start: Math.min(start, version.sizeBytes), end: version.sizeBytes };
      await engine
        .readInto(version, range, new Uint8Array(range.end - range.start))
        .catch((error: unknown) => {
          // It was removed between the two calls.
          if (!(error instanceof Error && 'code' in error && error.code === 'NOT_FOUND'))
            throw error;
        });
    }
  }
}

const tidying = fc.constantFrom('nothing', 'compact', 'optimize', 'settle');
const group = fc.record({ life: arbitraryLife, tidying, start: fc.nat(3000) });

describe('a store that keeps what it read', () => {
  test('says what one says that was just opened', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 4 }), async (groups) => {
        const fileSystem = new MemoryFileSystem();
        const engine = await openEngine(testPlatform({ fileSystem }));
        for (const made of groups) {
          const tidy = async (): Promise<unknown> => {
            if (made.tidying === 'nothing') return undefined;
            if (made.tidying === 'settle') return engine.totals();
            return engine.compact({ optimize: made.tidying === 'optimize' });
          };
          await Promise.all([
            live(engine, made.life),
            readAbout(engine, made.start),
            tidy(),
            readAbout(engine, 0),
          ]);
          const state = await stateOf(engine);
          expect(await stateOf(engine)).toBe(state);
          const files = await readFiles(fileSystem, storeFolder);
          const plain = await openFrom(await fileSystemWith(storeFolder, files));
          expect(await stateOf(plain)).toBe(state);
          await plain.close();
        }
        await engine.close();
      }),
      { numRuns: 15 },
    );
  });

  test('puts into a target what a stream gives, whatever the range', async () => {
    const engine = await openEngine(testPlatform());
    const bucket = await engine.ensureBucket('b', {});
    const versions: ObjectVersion[] = [];
    for (const size of [0, 1, 100, 700, 5000, 40_000]) {
      versions.push(await upload(engine, bucket, `${size}`, generatedBytes(size, size)));
    }
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...versions),
        fc.nat(40_000),
        fc.nat(40_000),
        async (version, from, length) => {
          const start = Math.min(from, version.sizeBytes);
          const end = Math.min(start + length, version.sizeBytes);
          const target = new Uint8Array(end - start);
          await engine.readInto(version, { start, end }, target);
          const whole = await contentOf(engine, version);
          expect(Buffer.compare(target, whole.subarray(start, end))).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
    await engine.close();
  });
});

/** A file system that counts the reads of log files. */
function countingReads(): { fileSystem: MemoryFileSystem; reads: () => number } {
  const fileSystem = new MemoryFileSystem();
  let reads = 0;
  const open = fileSystem.open.bind(fileSystem);
  fileSystem.open = async (path, mode): Promise<File> => {
    const file = await open(path, mode);
    const read = file.read.bind(file);
    file.read = (target, position) => {
      reads++;
      return read(target, position);
    };
    return file;
  };
  return { fileSystem, reads: () => reads };
}

describe('a small chunk', () => {
  test('is read from the disk once, and again by verify', async () => {
    const { fileSystem, reads } = countingReads();
    const engine = await openEngine(testPlatform({ fileSystem }));
    const bucket = await engine.ensureBucket('b', {});
    const version = await upload(engine, bucket, 'a', 'small');
    await contentOf(engine, version);
    const afterFirst = reads();
    for (let i = 0; i < 5; i++) await contentOf(engine, version);
    expect(reads()).toBe(afterFirst);
    await engine.verify({});
    const afterVerify = reads();
    expect(afterVerify).toBeGreaterThan(afterFirst);
    await contentOf(engine, version);
    expect(reads()).toBe(afterVerify + 1);
    await engine.close();
  });

  test('that is read again and again leaves everything else its turn', async () => {
    const engine = await openEngine(testPlatform());
    const bucket = await engine.ensureBucket('b', {});
    const version = await upload(engine, bucket, 'a', 'small');
    let turns = 0;
    let next: NodeJS.Immediate;
    const count = (): void => {
      turns++;
      next = setImmediate(count);
    };
    next = setImmediate(count);
    for (let i = 0; i < 100; i++) await contentOf(engine, version);
    clearImmediate(next);
    expect(turns).toBeGreaterThan(3);
    await engine.close();
  });

  test('is read again once what is kept of it is not its name', async () => {
    const { fileSystem, reads } = countingReads();
    const platform = testPlatform({ fileSystem });
    let isForgotten = false;
    const sha256 = (bytes: Uint8Array): Uint8Array => {
      const digest = platform.hashing.sha256(bytes);
      if (isForgotten) digest[0] = (digest[0] as number) ^ 1;
      isForgotten = false;
      return digest;
    };
    const hashing = { ...platform.hashing, sha256 };
    const engine = await openEngine({ ...platform, hashing });
    const bucket = await engine.ensureBucket('b', {});
    const version = await upload(engine, bucket, 'a', 'small');
    await contentOf(engine, version);
    const before = reads();
    isForgotten = true;
    expect(Buffer.from(await contentOf(engine, version)).toString()).toBe('small');
    expect(reads()).toBe(before + 1);
    await engine.close();
  });

  test('that is kept is handed out as a copy, which its caller may change', async () => {
    const { fileSystem, reads } = countingReads();
    const engine = await openEngine(testPlatform({ fileSystem }));
    const bucket = await engine.ensureBucket('b', {});
    const version = await upload(engine, bucket, 'a', 'small');
    await contentOf(engine, version);
    const before = reads();
    for (let i = 0; i < 3; i++) {
      for await (const piece of engine.read(version, { start: 0, end: 5 })) {
        expect(Buffer.from(piece).toString()).toBe('small');
        piece.fill(0);
      }
    }
    expect(reads()).toBe(before);
    await engine.close();
  });

  test('that is kept is not where the next one is read to', async () => {
    const { fileSystem, reads } = countingReads();
    const engine = await openEngine(testPlatform({ fileSystem }));
    const bucket = await engine.ensureBucket('b', {});
    const [one, other] = ['one', 'other'];
    const versions = [
      await upload(engine, bucket, one, one),
      await upload(engine, bucket, other, other),
    ];
    const readBoth = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const version of versions) {
        const target = new Uint8Array(version.sizeBytes);
        await engine.readInto(version, { start: 0, end: version.sizeBytes }, target);
        found.push(Buffer.from(target).toString());
      }
      return found;
    };
    // Not every chunk is kept when it is first read.
    for (let i = 0; i < 8; i++) expect(await readBoth()).toEqual([one, other]);
    const before = reads();
    expect(await readBoth()).toEqual([one, other]);
    expect(reads()).toBe(before);
    await engine.close();
  });
});
