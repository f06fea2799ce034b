/**
 * The story: recovery looks behind the end of the good bytes for commits that say that more was
 * safe. It decoded whatever looked like the head of one, and threw `CORRUPT` when that ended too
 * early. So a store did not open after a crash that tore the head of its last commit, nor where a
 * caller's content, torn off with it, had bytes that look like one.
 */

import { expect, test } from 'vitest';
import { concatBytes, Writer } from '../../src/base/bytes.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { fileSystemWith, mustGetFile, readFiles, withFile } from '../support/stored-files.ts';
import { openEngine, openFrom, storeFolder, testPlatform, upload } from '../support/test-engine.ts';

const journal = 'journal/00000001.vj';

test('a store opens when its journal ends inside the head of a commit', async () => {
  const fileSystem = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem }));
  const bucket = await engine.ensureBucket('b', {});
  const before = mustGetFile(await readFiles(fileSystem, storeFolder), journal).length;
  await upload(engine, bucket, 'name', '');
  const files = await readFiles(fileSystem, storeFolder);
  for (let size = before; size < before + 200; size++) {
    const cut = withFile(files, journal, mustGetFile(files, journal).subarray(0, size));
    const reopened = await openFrom(await fileSystemWith(storeFolder, cut));
    expect(reopened.bucket('b')).toEqual(bucket);
    await reopened.close();
  }
});

test('a store opens when a torn tail holds what looks like a large commit', async () => {
  const fileSystem = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem }));
  const bucket = await engine.ensureBucket('b', {});
  const files = await readFiles(fileSystem, storeFolder);
  // A commit of 10 MiB would have 160 checksums; this one has room for two.
  const forged = new Writer().u8(3).u8(0).u16(32).u32(10_485_760).u32(10_485_760).u32(0).finish();
  const torn = concatBytes([mustGetFile(files, journal), forged, new Uint8Array(64).fill(1)]);
  const reopened = await openFrom(
    await fileSystemWith(storeFolder, withFile(files, journal, torn)),
  );
  expect(reopened.bucket('b')).toEqual(bucket);
});
