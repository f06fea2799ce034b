/**
 * Files are kept open while they are wanted, and not more of them than a bound; and what is not
 * there is said to be missing.
 */

import { beforeEach, describe, expect, test } from 'vitest';
import { openFilesMax } from '../../../../src/base/limits.ts';
import { LogFiles, logFileName } from '../../../../src/engine/log/log-files.ts';
import { MemoryFileSystem } from '../../../../src/engine/platform/memory-file-system.ts';
import { nativeHashing } from '../../../../src/engine/platform/native-hashing.ts';
import type { File } from '../../../../src/engine/platform/file-system.ts';

const storeId = new Uint8Array(16).fill(7);

/** Counts what is open, and fails to close what a test says. */
class CountedFiles extends MemoryFileSystem {
  readonly reading = new Set<string>();
  failsToClose: RegExp | undefined;
  closings = 0;

  override async open(path: string, mode: 'read' | 'create' | 'update'): Promise<File> {
    const file = await super.open(path, mode);
    if (mode !== 'read') return file;
    this.reading.add(path);
    return {
      read: (target, position) => file.read(target, position),
      write: (parts, position) => file.write(parts, position),
      sync: () => file.sync(),
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      size: () => file.size(),
      close: async () => {
        this.closings++;
        this.reading.delete(path);
        if (this.failsToClose?.test(path) === true) {
          throw Object.assign(new Error('bad disk'), { code: 'EIO' });
        }
        await file.close();
      },
    };
  }
}

let disk: CountedFiles;
let files: LogFiles;

async function make(fileId: number): Promise<void> {
  const writer = await files.create({
    kind: 'segment',
    generation: 1,
    fileId,
    storeId,
    salt: fileId,
    previous: { fileId: 0, end: 0, chain: 0 },
    firstLsn: 0,
    checkpoint: { fileId: 0, offset: 0 },
  });
  await writer.close();
}

const pathOf = (fileId: number): string => `/store/segments/${logFileName('segment', fileId)}`;
const idOf = (fileId: number): Promise<number> =>
  files.with(fileId, async ({ header }) => header.fileId);

beforeEach(async () => {
  disk = new CountedFiles();
  await disk.makeDirectory('/store');
  files = await LogFiles.open(disk, nativeHashing.crc32, '/store', storeId);
});

describe('log files', () => {
  test('that were not used for longest are closed first, and open again', async () => {
    for (let id = 1; id <= openFilesMax + 2; id++) await make(id);
    for (let id = 1; id <= openFilesMax; id++) expect(await idOf(id)).toBe(id);
    await idOf(1);
    await idOf(openFilesMax + 1);
    expect(disk.reading.size).toBe(openFilesMax);
    expect(disk.reading.has(pathOf(2))).toBe(false);
    expect(disk.reading.has(pathOf(1))).toBe(true);
    expect(await idOf(2)).toBe(2);
    expect(disk.reading.size).toBe(openFilesMax);
    await files.close();
    expect(disk.reading.size).toBe(0);
  });

  test('that somebody reads stay open beyond the bound, until the last has let go', async () => {
    for (let id = 1; id <= openFilesMax + 1; id++) await make(id);
    const first = await files.hold(1);
    const second = await files.hold(1);
    for (let id = 2; id <= openFilesMax + 1; id++) await idOf(id);
    expect(await first.opened.read(0, 4)).toHaveLength(4);
    await first.release();
    expect(disk.reading.has(pathOf(1))).toBe(true);
    expect(await second.opened.read(0, 4)).toHaveLength(4);
    await second.release();
    expect(disk.reading.has(pathOf(1))).toBe(false);
    expect(disk.reading.size).toBe(openFilesMax);
  });

  test('are all closed, also when one cannot be, and then it is said', async () => {
    for (const id of [1, 2, 3]) await make(id);
    for (const id of [1, 2, 3]) await idOf(id);
    disk.failsToClose = /00000002/;
    await expect(files.close()).rejects.toMatchObject({ code: 'IO' });
    expect(disk.closings).toBe(3);
    await expect(files.close()).resolves.toBeUndefined();
  });

  test('that are missing are CORRUPT, whether they were ever known or went away', async () => {
    await make(1);
    await make(2);
    await idOf(2);
    await disk.remove(pathOf(1));
    const missing = { code: 'CORRUPT', message: expect.stringContaining('missing') as string };
    await expect(files.size(1)).rejects.toMatchObject(missing);
    await expect(idOf(1)).rejects.toMatchObject(missing);
    await expect(idOf(9)).rejects.toMatchObject(missing);
    // What failed is not remembered: it may be back.
    await disk.link(pathOf(2), pathOf(1));
    await expect(idOf(1)).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining('not the one its name says') as string,
    });
  });
});
