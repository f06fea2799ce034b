/**
 * A read that fails is no damage: whoever reads the store says `IO`, has found nothing, and when
 * the disk is well again everything is there and nothing has to be said.
 *
 * Each work is done once for every read that it makes, with that read failing.
 */

import { describe, expect, test } from 'vitest';
import { ObjectsError } from '../../src/base/errors.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { repair } from '../../src/engine/maintenance/repair.ts';
import type { BucketRecord, ObjectVersion } from '../../src/engine/model.ts';
import { editedText, generatedBytes, generatedText } from '../support/content.ts';
import { FaultyFileSystem } from '../support/faulty-file-system.ts';
import { fileSystemWith, readFiles, withFile, type StoredFiles } from '../support/stored-files.ts';
import {
  everythingIn,
  openEngine,
  openFrom,
  storeFolder,
  testPlatform,
  upload,
  type VersionLine,
} from '../support/test-engine.ts';

/** So few reads of one work are let fail, spread over all that it makes. */
const readsMax = 12;

async function openOn(fileSystem: FaultyFileSystem): Promise<Engine> {
  return openEngine(testPlatform({ fileSystem }), storeFolder, { compaction: 'manual' });
}

/** Several files, garbage, deltas, and a tree. */
async function makeStore(): Promise<StoredFiles> {
  const fileSystem = new FaultyFileSystem();
  for (const session of [1, 2, 3]) {
    const engine = await openOn(fileSystem);
    const bucket = await engine.ensureBucket('notes', { versioned: true });
    await upload(engine, bucket, 'tree', generatedBytes(session, 12_000));
    const text = generatedText(1, 1800);
    await upload(engine, bucket, 'text', session === 1 ? text : editedText(1, 1800, session));
    const gone = await upload(
      engine,
      bucket,
      `gone-${session}`,
      generatedBytes(20 + session, 9000),
    );
    await engine.purge(bucket, `gone-${session}`, gone.lsn);
    await engine.close();
  }
  return readFiles(fileSystem, storeFolder);
}

async function* versionsOf(engine: Engine): AsyncGenerator<ObjectVersion> {
  const bucket = engine.bucket('notes') as BucketRecord;
  for (const { version } of await engine.versions.versions(bucket.id, {}, 100)) {
    if (version.kind === 'object') yield version;
  }
}

type Work = (engine: Engine) => Promise<unknown>;

const works: Record<string, Work> = {
  verify: async (engine) => {
    const { damaged, problems } = await engine.verify({});
    expect([...damaged, ...problems]).toEqual([]);
  },
  compact: (engine) => engine.compact({}),
  optimize: (engine) => engine.compact({ optimize: true }),
  footprint: (engine) => engine.footprint(versionsOf(engine), {}),
};

/** What a store holds, on a disk that is well. */
async function holds(files: StoredFiles): Promise<VersionLine[]> {
  const engine = await openFrom(await fileSystemWith(storeFolder, files));
  const lines = await everythingIn(engine);
  await engine.close();
  return lines;
}

/** Some numbers below a count, the first and the last among them. */
function some(count: number): number[] {
  const step = Math.max(1, count / readsMax);
  const all = Array.from({ length: Math.min(count, readsMax) }, (_, at) => Math.floor(at * step));
  return [...new Set([...all, count - 1])].filter((at) => at >= 0);
}

async function codeOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof ObjectsError)) throw error;
    return error.code;
  }
}

describe('a read that fails during', () => {
  test.each(Object.keys(works))('%s is IO, and costs nothing', async (name) => {
    const files = await makeStore();
    const before = await holds(files);
    const run = async (after: number | undefined): Promise<{ code?: string; reads: number }> => {
      const fileSystem = new FaultyFileSystem(await fileSystemWith(storeFolder, files));
      const engine = await openOn(fileSystem);
      const readsBefore = fileSystem.countOf('read');
      if (after !== undefined) fileSystem.failOn({ call: 'read', after, code: 'EIO' });
      const code = await codeOf(() => (works[name] as Work)(engine));
      const reads = fileSystem.countOf('read') - readsBefore;
      fileSystem.heal();
      await engine.close().catch(() => undefined);
      expect(await holds(await readFiles(fileSystem, storeFolder))).toEqual(before);
      return { reads, ...(code === undefined ? {} : { code }) };
    };
    const { reads, code } = await run(undefined);
    expect(code).toBeUndefined();
    expect(reads).toBeGreaterThan(10);
    const codes = new Set<string | undefined>();
    for (const after of some(reads)) codes.add((await run(after)).code);
    // What is only advisory is done without.
    codes.delete(undefined);
    expect([...codes]).toEqual(['IO']);
  });

  test('repair is IO, and the next repair is whole', async () => {
    const whole = await makeStore();
    const files = withFile(whole, 'VARVE', undefined);
    const expected = await holds(whole);
    const counted = new FaultyFileSystem(await fileSystemWith(storeFolder, files));
    await repair(testPlatform({ fileSystem: counted }), storeFolder, {});
    const codes = new Set<string | undefined>();
    for (const after of some(counted.countOf('read'))) {
      const fileSystem = new FaultyFileSystem(await fileSystemWith(storeFolder, files));
      fileSystem.failOn({ call: 'read', after, code: 'EIO' });
      codes.add(await codeOf(() => repair(testPlatform({ fileSystem }), storeFolder, {})));
      fileSystem.heal();
      await repair(testPlatform({ fileSystem }), storeFolder, {});
      expect(await holds(await readFiles(fileSystem, storeFolder))).toEqual(expected);
    }
    expect([...codes]).toEqual(['IO']);
  });
});
