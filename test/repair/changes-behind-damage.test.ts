/**
 * Changes of every kind that lie behind damage in the journal are made anew; and those that there
 * is nothing left to do for are passed over.
 */

import { describe, expect, test } from 'vitest';
import { repair } from '../../src/engine/maintenance/repair.ts';
import type { BucketRecord, ObjectVersion } from '../../src/engine/model.ts';
import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { generatedBytes, generatedText } from '../support/content.ts';
import {
  complaintsAbout,
  everythingIn,
  openEngine,
  openFrom,
  storeFolder,
  testPlatform,
  TestClock,
  upload,
} from '../support/test-engine.ts';
import {
  fileSystemWith,
  mustGetFile,
  pathsIn,
  readFiles,
  withHole,
} from '../support/stored-files.ts';

/** Every version, but for what is given out anew: ids and times. */
async function linesOf(fileSystem: FileSystem): Promise<string[]> {
  const engine = await openFrom(fileSystem);
  const lines = (await everythingIn(engine)).map(
    ({ bucket, name, isLatest, lockedUntilMs, content }) =>
      `${bucket}/${name} ${isLatest} ${lockedUntilMs ?? ''} ${content?.slice(0, 40) ?? 'marker'}`,
  );
  const buckets = engine
    .buckets()
    .map(({ name, versioned, isolated, seeThroughGzip }) =>
      JSON.stringify([name, versioned, isolated ?? false, seeThroughGzip ?? true]),
    );
  expect(await complaintsAbout(engine)).toEqual([]);
  await engine.close();
  return [...buckets, ...lines].sort();
}

describe('behind damage', () => {
  test('every kind of change is made anew, if there is anything to do', async () => {
    const clock = new TestClock();
    const fileSystem = await fileSystemWith(storeFolder, new Map());
    const platform = testPlatform({ fileSystem, clock });
    const first = await openEngine(platform);
    await first.ensureBucket('kept', { versioned: true });
    // Its removal will be lost, so that its bucket cannot be dropped again.
    const full = await first.ensureBucket('full', {});
    await upload(first, full, 'left', 'left behind');
    await first.close();

    const engine = await openEngine(platform);
    const kept = engine.bucket('kept') as BucketRecord;
    // What is in the first commits of this file is lost.
    await engine.remove(full, 'left');
    const onlyHere = await engine.ensureBucket('only-here', {});
    const locked = await upload(engine, kept, 'lost', 'lost content');
    const gone = await upload(engine, kept, 'gone', 'purged behind the damage');
    const before = await readFiles(fileSystem, storeFolder);
    const path = pathsIn(before, 'journal').at(-1) as string;
    const holeEnd = mustGetFile(before, path).length;

    await engine.ensureBucket('alone', { versioned: true, isolated: true, seeThroughGzip: false });
    const alone = engine.bucket('alone') as BucketRecord;
    for (const text of ['one', 'two', 'three']) await upload(engine, alone, 'a', text);
    const [version] = (await engine.versions.versions(alone.id, {}, 10)).slice(1);
    await engine.purge(alone, 'a', version?.version.lsn as number);
    await engine.remove(alone, 'a');
    await upload(engine, alone, 'large', generatedBytes(5, 40_000));
    const until = clock.nowMs() + 1e9;
    const held = (await upload(engine, alone, 'held', generatedText(7, 900))) as ObjectVersion;
    await engine.lock(alone, 'held', held.lsn, until);
    await engine.ensureBucket('dropped', {});
    const dropped = engine.bucket('dropped') as BucketRecord;
    await upload(engine, dropped, 'b', 'removed at once');
    await engine.remove(dropped, 'b');
    await engine.deleteBucket('dropped');
    // There is nothing left to do for these.
    await engine.lock(kept, 'lost', locked.lsn, until);
    await engine.purge(kept, 'gone', gone.lsn);
    await upload(engine, onlyHere, 'c', 'in a bucket that is lost');
    await engine.remove(onlyHere, 'c');
    await engine.deleteBucket('only-here');
    await engine.deleteBucket('full');
    await engine.close();

    const files = await readFiles(fileSystem, storeFolder);
    const damaged = await fileSystemWith(storeFolder, withHole(files, path, 512, holeEnd));
    const report = await repair(testPlatform({ fileSystem: damaged, clock }), storeFolder, {});
    expect(report.renewedCount).toBeGreaterThan(10);
    expect(report.lost).toEqual([]);
    const lines = await linesOf(damaged);
    const hex = (content: string | Uint8Array): string =>
      Buffer.from(content as string)
        .toString('hex')
        .slice(0, 40);
    expect(lines).toEqual(
      [
        '["alone",true,true,false]',
        '["full",false,false,true]',
        '["kept",true,false,true]',
        `full/left true  ${hex('left behind')}`,
        `alone/a false  ${hex('one')}`,
        `alone/a false  ${hex('three')}`,
        'alone/a true  marker',
        `alone/held true ${until} ${hex(generatedText(7, 900))}`,
        `alone/large true  ${hex(generatedBytes(5, 40_000))}`,
      ].sort(),
    );
  });
});
