/**
 * After a failed write or sync nobody knows what the disk holds: so nothing more is acknowledged
 * until the store was opened again, and then everything that was acknowledged is there.
 */

import { describe, expect, test } from 'vitest';
import { equalBytes } from '../../src/base/bytes.ts';
import { ObjectsError } from '../../src/base/errors.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { BucketRecord } from '../../src/engine/model.ts';
import { generatedBytes } from '../support/content.ts';
import { FaultyFileSystem, type Fault } from '../support/faulty-file-system.ts';
import { fileSystemWith, readFiles } from '../support/stored-files.ts';
import {
  complaintsAbout,
  contentOf,
  openEngine,
  openFrom,
  storeFolder,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

interface Rig {
  readonly fileSystem: FaultyFileSystem;
  readonly engine: Engine;
  readonly bucket: BucketRecord;
}

async function rig(): Promise<Rig> {
  const fileSystem = new FaultyFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem }));
  return { fileSystem, engine, bucket: await engine.ensureBucket('b', { versioned: true }) };
}

/** The code of the error that an action ends with; `undefined` if it ends well. */
async function codeOf(action: Promise<unknown>): Promise<string | undefined> {
  try {
    await action;
    return undefined;
  } catch (error) {
    if (error instanceof ObjectsError) return error.code;
    throw error;
  }
}

const large = generatedBytes(7, 400_000);

const faults: readonly (readonly [what: string, fault: Fault])[] = [
  ['a write to the journal fails', { call: 'write', path: /\.vj$/, code: 'EIO' }],
  [
    'a write to the journal fails half-way',
    { call: 'write', path: /\.vj$/, code: 'EIO', writtenBytes: 100 },
  ],
  ['a sync of the journal fails', { call: 'sync', path: /\.vj$/, code: 'EIO' }],
  ['a write to a segment fails', { call: 'write', path: /\.vs$/, code: 'EIO' }],
  ['a sync of a segment fails', { call: 'sync', path: /\.vs$/, code: 'EIO', after: 1 }],
  ['a segment cannot be made', { call: 'open', path: /\.vs$/, code: 'EACCES' }],
  [
    'the folder of segments cannot be synced',
    { call: 'syncDirectory', path: /segments$/, code: 'EIO' },
  ],
];

describe('when the disk fails', () => {
  test.each(faults)('because %s, nothing is acknowledged until reopened', async (_, fault) => {
    const { fileSystem, engine, bucket } = await rig();
    const before = await upload(engine, bucket, 'before', 'safe');
    fileSystem.failOn(fault);
    const content = fault.path?.test('x.vj') === true ? 'small' : large;
    expect(await codeOf(upload(engine, bucket, 'during', content))).toMatch(/^(INDETERMINATE|IO)$/);
    fileSystem.heal();

    // The disk is well again, but the store does not believe it.
    const later = [upload(engine, bucket, 'later', 'x', 'os'), engine.remove(bucket, 'before')];
    expect(await Promise.all(later.map(codeOf))).toEqual(['IO', 'IO']);
    expect(await codeOf(engine.sync())).toBe('IO');
    expect(await contentOf(engine, before)).toEqual(new TextEncoder().encode('safe'));
    expect(await engine.versions.current(bucket.id, 'during')).toBeUndefined();
    await engine.close();

    for (const files of [
      await readFiles(fileSystem, storeFolder),
      fileSystem.survivors(storeFolder),
    ]) {
      const reopened = await openFrom(await fileSystemWith(storeFolder, files));
      const found = await reopened.versions.current(bucket.id, 'before');
      expect(found?.lsn).toBe(before.lsn);
      expect(await complaintsAbout(reopened)).toEqual([]);
      await upload(reopened, bucket, 'after', 'well again');
      await reopened.close();
    }
  });

  test('an upload that was on its way is INDETERMINATE after a failed sync', async () => {
    const { fileSystem, engine, bucket } = await rig();
    await upload(engine, bucket, 'first', 'x');
    fileSystem.failOn({ call: 'sync', path: /\.vj$/, code: 'EIO' });
    expect(await codeOf(upload(engine, bucket, 'during', 'x'))).toBe('INDETERMINATE');
    await engine.close();
    // Its bytes had reached the file, so this time it is there.
    const found = await openFrom(
      await fileSystemWith(storeFolder, await readFiles(fileSystem, storeFolder)),
    );
    expect(await found.versions.current(bucket.id, 'during')).toBeDefined();
    const lost = await openFrom(
      await fileSystemWith(storeFolder, fileSystem.survivors(storeFolder)),
    );
    expect(await lost.versions.current(bucket.id, 'during')).toBeUndefined();
  });

  test('an upload without space is FULL and did not happen; the store opens again', async () => {
    for (const writtenBytes of [0, 10, 300]) {
      const { fileSystem, engine, bucket } = await rig();
      await upload(engine, bucket, 'first', 'x');
      fileSystem.failOn({ call: 'write', path: /\.vj$/, code: 'ENOSPC', writtenBytes });
      expect(await codeOf(upload(engine, bucket, 'during', 'x'))).toBe('FULL');
      expect(await codeOf(upload(engine, bucket, 'later', 'x'))).toBe('FULL');
      await engine.close();
      const reopened = await openFrom(
        await fileSystemWith(storeFolder, await readFiles(fileSystem, storeFolder)),
      );
      expect(await reopened.versions.current(bucket.id, 'first')).toBeDefined();
      expect(await reopened.versions.current(bucket.id, 'during')).toBeUndefined();
      await reopened.close();
    }
  });

  test('a short write is continued, in the journal and in segments', async () => {
    const { fileSystem, engine, bucket } = await rig();
    fileSystem.failOn({ call: 'write', writtenBytes: 5 });
    fileSystem.failOn({ call: 'write', path: /\.vs$/, after: 1, writtenBytes: 70_001 });
    fileSystem.failOn({ call: 'write', path: /\.vj$/, after: 1, writtenBytes: 17 });
    await upload(engine, bucket, 'small', 'small');
    const version = await upload(engine, bucket, 'large', large);
    expect(equalBytes(await contentOf(engine, version), large)).toBe(true);
    const reopened = await openFrom(
      await fileSystemWith(storeFolder, fileSystem.survivors(storeFolder)),
    );
    expect(equalBytes(await contentOf(reopened, version), large)).toBe(true);
    expect(await complaintsAbout(reopened)).toEqual([]);
  });

  test('a read that fails is IO, and the next one may be well', async () => {
    const { fileSystem, engine, bucket } = await rig();
    const version = await upload(engine, bucket, 'a', 'content');
    fileSystem.failOn({ call: 'read', code: 'EIO' });
    expect(await codeOf(contentOf(engine, version))).toBe('IO');
    expect(await contentOf(engine, version)).toEqual(new TextEncoder().encode('content'));
    await upload(engine, bucket, 'b', 'writing goes on');
  });
});

describe('opening after a kill', () => {
  test('writes again and syncs what was not known to be safe, before it shows it', async () => {
    const { fileSystem, engine, bucket } = await rig();
    await upload(engine, bucket, 'a', 'safe');
    await upload(engine, bucket, 'b', 'only in the page cache', 'os');
    const cache = await fileSystemWith(storeFolder, await readFiles(fileSystem, storeFolder));
    const disk = new FaultyFileSystem(cache);
    const reopened = await openFrom(disk);
    expect(await reopened.versions.current(bucket.id, 'b')).toBeDefined();
    expect(disk.countOf('write', /00000001\.vj$/)).toBe(1);
    expect(disk.countOf('sync', /00000001\.vj$/)).toBe(1);
  });
});

describe('opening on a disk that fails', () => {
  const calls = ['open', 'read', 'write', 'sync', 'syncDirectory'] as const;

  test.each(calls)('is IO wherever %s fails, and the next opening is well', async (call) => {
    const { fileSystem: source, engine, bucket } = await rig();
    await upload(engine, bucket, 'a', 'content');
    const files = await readFiles(source, storeFolder);
    for (let after = 0; ; after++) {
      const fileSystem = new FaultyFileSystem(await fileSystemWith(storeFolder, files));
      fileSystem.failOn({ call, after, code: 'EIO' });
      const code = await codeOf(openFrom(fileSystem).then((opened) => opened.close()));
      if (code === undefined) {
        expect(after).toBeGreaterThanOrEqual(call === 'syncDirectory' ? 0 : 1);
        break;
      }
      expect(code, `call ${after}`).toBe('IO');
      const reopened = await openFrom(fileSystem);
      expect(await complaintsAbout(reopened)).toEqual([]);
      await reopened.close();
    }
  });

  test.each(calls)('a new store is not half-made where %s fails', async (call) => {
    for (let after = 0; ; after++) {
      const fileSystem = new FaultyFileSystem();
      fileSystem.failOn({ call, after, code: 'EIO' });
      const code = await codeOf(openFrom(fileSystem).then((opened) => opened.close()));
      if (code === undefined) break;
      expect(code, `call ${after}`).toBe('IO');
      const reopened = await openFrom(fileSystem);
      await upload(reopened, await reopened.ensureBucket('b', {}), 'a', 'content');
      await reopened.close();
    }
  });
});

describe('a group commit', () => {
  test('syncs once for many uploads that come together', async () => {
    const { fileSystem, engine, bucket } = await rig();
    const before = fileSystem.countOf('sync');
    const uploads = Array.from({ length: 64 }, (_, i) => upload(engine, bucket, `${i}`, `${i}`));
    await Promise.all(uploads);
    // Those that come while a group is on its way make the next.
    expect(fileSystem.countOf('sync') - before).toBeLessThanOrEqual(4);
    expect(await complaintsAbout(engine)).toEqual([]);
  });

  test("does not sync for durability 'os', but in the background soon after", async () => {
    const { fileSystem, engine, bucket } = await rig();
    const before = fileSystem.countOf('sync');
    await upload(engine, bucket, 'a', 'x', 'os');
    expect(fileSystem.countOf('sync')).toBe(before);
    await engine.sync();
    expect(fileSystem.countOf('sync')).toBe(before + 1);
    const reopened = await openFrom(
      await fileSystemWith(storeFolder, fileSystem.survivors(storeFolder)),
    );
    expect(await reopened.versions.current(bucket.id, 'a')).toBeDefined();
  });

  test('takes many uploads with the most attributes there may be', async () => {
    const { engine, bucket } = await rig();
    const metadata = { note: 'x'.repeat(16_000) };
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new Uint8Array(1));
    };
    const uploads = Array.from({ length: 1200 }, (_, i) =>
      engine.upload({ bucket, name: `${i}`, body: body(), metadata, durability: 'os' }),
    );
    await Promise.all(uploads);
    expect((await engine.totals()).objects).toBe(1200);
  });
});
