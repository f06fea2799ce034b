/**
 * A store with parity, and bytes of its files that rot: repair makes every file what it was, and
 * what parity cannot restore it leaves to the rest of repair.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { concatBytes, equalBytes } from '../../src/base/bytes.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { makeParity } from '../../src/engine/log/parity-code.ts';
import { decodeParityHeader, encodeParityHead } from '../../src/engine/log/parity-file.ts';
import type { ParityWish } from '../../src/engine/maintenance/parity-keeper.ts';
import { repair, type Repair } from '../../src/engine/maintenance/repair.ts';
import type { BucketRecord } from '../../src/engine/model.ts';
import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { nativeHashing } from '../../src/engine/platform/native-hashing.ts';
import { generatedBytes, generatedText } from '../support/content.ts';
import { FaultyFileSystem } from '../support/faulty-file-system.ts';
import {
  fileSystemWith,
  mustGetFile,
  pathsIn,
  readFiles,
  withFile,
  type StoredFiles,
} from '../support/stored-files.ts';
import {
  complaintsAbout,
  everythingIn,
  openEngine,
  storeFolder,
  testPlatform,
  upload,
  type VersionLine,
} from '../support/test-engine.ts';

const blockBytes = 4096;

async function open(fileSystem: FileSystem, parity?: ParityWish): Promise<Engine> {
  const options = { inlineBytesMax: 4096, ...(parity === undefined ? {} : { parity }) };
  return openEngine(testPlatform({ fileSystem }), storeFolder, options);
}

/** Two sessions, so that there are two files of each kind, each of several blocks. */
async function makeStore(parity: ParityWish): Promise<StoredFiles> {
  const fileSystem = await fileSystemWith(storeFolder, new Map());
  for (const session of [1, 2]) {
    const engine = await open(fileSystem, parity);
    const bucket = await engine.ensureBucket('notes', { versioned: true });
    await upload(engine, bucket, 'large', generatedBytes(session, 40_000));
    for (let at = 0; at < 12; at++) {
      const text = generatedText(100 * session + at, 1500);
      await upload(engine, bucket, `small-${at % 5}`, text, 'os');
    }
    await engine.close();
  }
  return readFiles(fileSystem, storeFolder);
}

function logPaths(files: StoredFiles): string[] {
  return [...pathsIn(files, 'journal'), ...pathsIn(files, 'segments')];
}

function parityPaths(files: StoredFiles): string[] {
  return pathsIn(files, 'parity');
}

function overwritten(bytes: Uint8Array, at: number, byteCount: number): Uint8Array {
  const rotten = bytes.slice();
  // What was zeros already would not have rotted.
  const part = rotten.subarray(at, at + byteCount);
  part.fill(part.every((byte) => byte === 0) ? 0xff : 0);
  return rotten;
}

interface Repaired {
  readonly report: Repair;
  readonly files: StoredFiles;
  readonly lines: readonly VersionLine[];
  readonly complaints: readonly string[];
}

/** A parity file that takes these bytes for what its log file was. */
async function parityOf(content: Uint8Array, parityFile: Uint8Array): Promise<Uint8Array> {
  const { crc32 } = nativeHashing;
  const header = decodeParityHeader(crc32, parityFile);
  if (header === undefined) throw new Error('it has no header');
  const read = async (offset: number, byteCount: number): Promise<Uint8Array> =>
    content.slice(offset, offset + byteCount);
  const { checksums, parity } = await makeParity(crc32, header, read, () => Promise.resolve());
  return concatBytes([encodeParityHead(crc32, header, checksums), parity]);
}

async function repaired(files: StoredFiles): Promise<Repaired> {
  const fileSystem = await fileSystemWith(storeFolder, files);
  const report = await repair(testPlatform({ fileSystem }), storeFolder, {});
  const engine = await open(fileSystem);
  const lines = report.lost.length > 0 ? [] : await everythingIn(engine);
  const complaints = await complaintsAbout(engine);
  await engine.close();
  return { report, lines, complaints, files: await readFiles(fileSystem, storeFolder) };
}

function expectSameLog(files: StoredFiles, before: StoredFiles): void {
  for (const path of [...logPaths(before), ...parityPaths(before)]) {
    const [now, then] = [files.get(path), mustGetFile(before, path)];
    expect(now !== undefined && equalBytes(now, then), path).toBe(true);
  }
}

describe('a store with parity', () => {
  let good: StoredFiles;
  let lines: readonly VersionLine[];

  beforeAll(async () => {
    good = await makeStore({ every: 4 });
    const engine = await open(await fileSystemWith(storeFolder, good));
    lines = await everythingIn(engine);
    await engine.close();
  });

  test('has it for every log file when it was closed, and says what it takes', async () => {
    expect(logPaths(good)).toHaveLength(4);
    expect(parityPaths(good)).toHaveLength(4);
    const engine = await open(await fileSystemWith(storeFolder, good));
    const sizes = parityPaths(good).map((path) => mustGetFile(good, path).length);
    expect(await engine.parity.bytes()).toBe(sizes.reduce((sum, size) => sum + size, 0));
    expect(await complaintsAbout(engine)).toEqual([]);
    await engine.close();
    const { report, complaints, files } = await repaired(good);
    expect(report).toMatchObject({ actions: [], quarantined: [], lost: [], problems: [] });
    expect(complaints).toEqual([]);
    expectSameLog(files, good);
  });

  test('has any block of any log file restored', async () => {
    let blockCount = 0;
    for (const path of logPaths(good)) {
      const content = mustGetFile(good, path);
      for (let at = 0; at < content.length; at += blockBytes) {
        const rotten = overwritten(content, at, blockBytes);
        const {
          report,
          lines: after,
          complaints,
          files,
        } = await repaired(withFile(good, path, rotten));
        expect(report.actions, `${path} ${at}`).toEqual([
          `1 block of ${path} restored from parity`,
        ]);
        expect(report).toMatchObject({ renewedCount: 0, lost: [], problems: [] });
        expect(report.quarantined.map(({ file }) => file)).toEqual([path]);
        expect(equalBytes(mustGetFile(files, `quarantine/${path}`), rotten)).toBe(true);
        expect(complaints).toEqual([]);
        expect(after).toEqual(lines);
        expectSameLog(files, good);
        blockCount++;
      }
    }
    expect(blockCount).toBeGreaterThan(25);
  });

  test('has a burst of blocks restored, and the end of a file that was cut off', async () => {
    for (const path of logPaths(good)) {
      const content = mustGetFile(good, path);
      const burstBytes = Math.ceil(content.length / blockBytes / 4) * blockBytes;
      const middle = blockBytes * Math.floor(content.length / 2 / blockBytes);
      const burst = overwritten(content, middle, burstBytes);
      const cut = content.slice(0, content.length - burstBytes + blockBytes);
      for (const damaged of [burst, cut]) {
        const { report, lines: after, files } = await repaired(withFile(good, path, damaged));
        expect(report.actions.join(), path).toMatch(/^\d+ blocks? of \S+ restored from parity$/);
        expect(report.lost).toEqual([]);
        expect(after).toEqual(lines);
        expectSameLog(files, good);
      }
    }
  });

  test('tells of rot that nobody else would notice', async () => {
    for (const path of pathsIn(good, 'segments')) {
      const content = mustGetFile(good, path);
      // What fills the last sector up is nothing that anybody asks for.
      const rotten = overwritten(content, content.length - 4, 4);
      const engine = await open(await fileSystemWith(storeFolder, withFile(good, path, rotten)));
      const complaints = await complaintsAbout(engine);
      await engine.close();
      expect(complaints).toHaveLength(1);
      expect(complaints[0]).toContain(`repair restores them from parity: file=${path}`);
    }
  });

  test('of which parity is damaged says so, and repair makes it again', async () => {
    for (const path of parityPaths(good)) {
      const content = mustGetFile(good, path);
      for (const at of [0, 40, 513, 600, content.length - 1]) {
        const damaged = withFile(good, path, overwritten(content, at, 1));
        const engine = await open(await fileSystemWith(storeFolder, damaged));
        expect(await complaintsAbout(engine)).toEqual([
          `parity is damaged; repair makes it again: ${path}`,
        ]);
        expect(await everythingIn(engine)).toEqual(lines);
        await engine.close();
        const { report, complaints, files } = await repaired(damaged);
        expect(report).toMatchObject({ actions: [`${path} is made again`], lost: [] });
        expect(complaints).toEqual([]);
        expectSameLog(files, good);
      }
    }
  });

  test('goes on as without it where two blocks of a group have rotted', async () => {
    const [path = ''] = pathsIn(good, 'segments');
    const content = mustGetFile(good, path);
    const groupCount = Math.ceil(Math.ceil(content.length / blockBytes) / 4);
    // Blocks 1, 2 and the one that is in a group with block 1.
    let rotten = overwritten(content, blockBytes, 2 * blockBytes);
    rotten = overwritten(rotten, (1 + groupCount) * blockBytes, blockBytes);
    const { report, files } = await repaired(withFile(good, path, rotten));
    expect(report.actions).toEqual([`1 block of ${path} restored from parity`]);
    expect(report.lost.map(({ name }) => name)).toEqual(['large']);
    const after = mustGetFile(files, path);
    const part = (bytes: Uint8Array, block: number): Uint8Array =>
      bytes.slice(block * blockBytes, (block + 1) * blockBytes);
    expect(equalBytes(part(after, 2), part(content, 2))).toBe(true);
    expect(equalBytes(part(after, 1), part(rotten, 1))).toBe(true);
    const again = await repaired(files);
    expect(again.report).toMatchObject({ actions: [], quarantined: [] });
    expect(again.report.lost).toEqual(report.lost);
  });

  test('is not made worse by parity of another file', async () => {
    const [first = '', second = ''] = parityPaths(good);
    const swapped = withFile(
      withFile(good, first, mustGetFile(good, second)),
      second,
      mustGetFile(good, first),
    );
    const { report, lines: after, files } = await repaired(swapped);
    expect(report).toMatchObject({ lost: [], quarantined: [] });
    expect(after).toEqual(lines);
    expectSameLog(files, good);
  });
});

describe('parity', () => {
  test('is switched on, changed and off at any opening, and made for what is there', async () => {
    const plain = await makeStore(undefined);
    expect(parityPaths(plain)).toEqual([]);
    const fileSystem = await fileSystemWith(storeFolder, plain);
    const everyOf = async (): Promise<number[]> => {
      const files = await readFiles(fileSystem, storeFolder);
      return parityPaths(files).map((path) =>
        Buffer.from(mustGetFile(files, path)).readUInt32LE(60),
      );
    };
    const session = async (parity: ParityWish): Promise<number[]> => {
      const engine = await open(fileSystem, parity);
      await engine.parity.complete();
      await engine.close();
      return everyOf();
    };
    expect(await session(undefined)).toEqual([]);
    expect(await session({ every: 8 })).toEqual([8, 8, 8, 8]);
    expect(await session(undefined)).toEqual([8, 8, 8, 8]);
    expect(await session({ every: 2 })).toEqual([2, 2, 2, 2]);
    expect(await session(false)).toEqual([]);
    expect(await session(undefined)).toEqual([]);
  });

  test('goes with its file', async () => {
    const fileSystem = await fileSystemWith(storeFolder, await makeStore({ every: 4 }));
    const engine = await open(fileSystem);
    const bucket = engine.bucket('notes') as BucketRecord;
    for (const { name, version } of await engine.versions.versions(bucket.id, {}, 1000)) {
      await engine.purge(bucket, name, version.lsn);
    }
    await engine.compact({});
    await engine.close();
    const files = await readFiles(fileSystem, storeFolder);
    const numberOf = (path: string): string => path.replace(/\D/g, '');
    expect(logPaths(files).length).toBeLessThan(4);
    expect(parityPaths(files).map(numberOf)).toEqual(logPaths(files).map(numberOf).sort());
  });

  test('that was made of rot does not undo what heals the file', async () => {
    const good = await makeStore({ every: 4 });
    const [path = ''] = pathsIn(good, 'segments');
    const [parityPath = ''] = parityPaths(good).filter((name) =>
      path.includes(name.replace(/\D/g, '')),
    );
    // As if the file had been like this when its parity was made.
    const rotten = overwritten(mustGetFile(good, path), 3 * blockBytes, 100);
    const forged = await parityOf(rotten, mustGetFile(good, parityPath));
    const { report, complaints, files } = await repaired(withFile(good, parityPath, forged));
    expect(report).toMatchObject({ quarantined: [], lost: [], problems: [] });
    expect(report.actions).toEqual([`${parityPath} is made again: it does not fit ${path}`]);
    expect(complaints).toEqual([]);
    expectSameLog(files, good);
  });

  test('is made of what is safe: a log file is synced before it gets parity', async () => {
    const fileSystem = new FaultyFileSystem(await fileSystemWith(storeFolder, new Map()));
    const engine = await open(fileSystem, { every: 4 });
    const bucket = await engine.ensureBucket('notes', {});
    await upload(engine, bucket, 'a', generatedBytes(1, 20_000));
    await engine.close();
    await fileSystem.removeTree(`${storeFolder}/parity`);
    const again = await open(fileSystem, { every: 4 });
    const before = fileSystem.countOf('sync', /segments/);
    fileSystem.failOn({ call: 'sync', path: /segments/, code: 'EIO' });
    await again.parity.complete();
    expect(fileSystem.countOf('sync', /segments/)).toBe(before + 1);
    const segments = pathsIn(await readFiles(fileSystem, storeFolder), 'segments');
    const made = await again.parity.protectedFiles();
    expect(segments).toHaveLength(1);
    expect(made.some(({ fileId }) => segments[0]?.includes(`${fileId}.vs`))).toBe(false);
    await again.close();
  });

  test('of a file that has rotted is not replaced by less', async () => {
    const good = await makeStore({ every: 4 });
    const [path = ''] = pathsIn(good, 'segments');
    const rotten = overwritten(mustGetFile(good, path), 2 * blockBytes, 100);
    const fileSystem = await fileSystemWith(storeFolder, withFile(good, path, rotten));
    const engine = await open(fileSystem, { every: 2 });
    await engine.parity.complete();
    await engine.close();
    await repair(testPlatform({ fileSystem }), storeFolder, {});
    const files = await readFiles(fileSystem, storeFolder);
    expect(equalBytes(mustGetFile(files, path), mustGetFile(good, path))).toBe(true);
  });
});
