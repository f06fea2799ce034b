/**
 * Commits that come one by one get room ahead of them; and whatever becomes of that room, nothing
 * that was acknowledged is lost.
 */

import { expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import type { File, FileSystem } from '../../src/engine/platform/file-system.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { generatedBytes } from '../support/content.ts';
import { fileSystemWith, readFiles } from '../support/stored-files.ts';
import {
  complaintsAbout,
  everythingIn,
  openEngine,
  openFrom,
  storeFolder,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

const roomAhead = { afterWrites: 4, smallBytes: 2048, bytes: 16_384 };
const firstJournal = `${storeFolder}/journal/00000001.vj`;

/** Makes room or cuts it off only if it is told to. */
class DiskWithoutRoom extends MemoryFileSystem {
  refusals = 0;
  readonly #refused: 'room' | 'cut';

  constructor(refused: 'room' | 'cut') {
    super();
    this.#refused = refused;
  }

  override async open(path: string, mode: 'read' | 'create' | 'update'): Promise<File> {
    const file = await super.open(path, mode);
    const isRoom = (parts: readonly Uint8Array[]): boolean => parts[0]?.length === roomAhead.bytes;
    const refuse = (refused: 'room' | 'cut', code: string): void => {
      if (refused !== this.#refused) return;
      this.refusals++;
      throw Object.assign(new Error(code), { code });
    };
    return {
      read: (target, position) => file.read(target, position),
      write: (parts, position) => file.write(parts, position),
      writeDurably: async (parts, position) => {
        if (isRoom(parts)) refuse('room', 'ENOSPC');
        return (await file.writeDurably?.(parts, position)) ?? 0;
      },
      sync: () => file.sync(),
      truncate: async (sizeBytes) => {
        refuse('cut', 'EIO');
        await file.truncate(sizeBytes);
      },
      size: () => file.size(),
      close: () => file.close(),
    };
  }
}

function open(fileSystem: FileSystem): Promise<Engine> {
  const options = { compaction: 'manual', roomAhead } as const;
  return openEngine(testPlatform({ fileSystem }), storeFolder, options);
}

async function uploadEach(engine: Engine, count: number, sizeBytes: number): Promise<void> {
  const bucket = await engine.ensureBucket('b', {});
  for (let i = 0; i < count; i++) {
    await upload(engine, bucket, `${i}`, generatedBytes(i, sizeBytes));
  }
}

/** Bytes of zeros at the end of the first journal file. */
async function roomIn(fileSystem: FileSystem): Promise<number> {
  const bytes = (await readFiles(fileSystem, storeFolder)).get('journal/00000001.vj');
  const last = bytes?.findLastIndex((byte) => byte !== 0) ?? -1;
  return (bytes?.length ?? 0) - (last + 1);
}

test('commits one by one get room, and a close cuts it off', async () => {
  const disk = new MemoryFileSystem();
  const engine = await open(disk);
  await uploadEach(engine, 12, 300);
  expect(await roomIn(disk)).toBeGreaterThan(roomAhead.bytes / 4);
  const before = await everythingIn(engine);
  await engine.close();
  // A commit is filled up to a sector.
  expect(await roomIn(disk)).toBeLessThan(512);
  const again = await openFrom(disk);
  expect(await everythingIn(again)).toEqual(before);
  expect(await complaintsAbout(again)).toEqual([]);
  await again.close();
});

test.each([
  ['a few commits', 2, 300],
  ['large commits', 12, 3000],
])('%s get none', async (_, count, sizeBytes) => {
  const disk = new MemoryFileSystem();
  const engine = await open(disk);
  await uploadEach(engine, count, sizeBytes);
  expect(await roomIn(disk)).toBeLessThan(512);
  await engine.close();
});

test('a crash leaves room, and everything', async () => {
  const disk = new MemoryFileSystem();
  const engine = await open(disk);
  await uploadEach(engine, 40, 700);
  const before = await everythingIn(engine);
  const crashed = await fileSystemWith(storeFolder, await readFiles(disk, storeFolder));
  await engine.close();
  expect(await roomIn(crashed)).toBeGreaterThan(roomAhead.bytes / 4);
  for (let opening = 0; opening < 2; opening++) {
    const again = await open(crashed);
    expect(await everythingIn(again)).toEqual(before);
    expect(await complaintsAbout(again)).toEqual([]);
    // The second opening finds the room in the middle of the journal.
    await again.ensureBucket(`another ${opening}`, {});
    await again.close();
  }
});

test('a disk that has no room for room is asked once', async () => {
  const disk = new DiskWithoutRoom('room');
  const engine = await open(disk);
  await uploadEach(engine, 40, 700);
  expect(disk.refusals).toBe(1);
  const before = await everythingIn(engine);
  expect(before).toHaveLength(40);
  await engine.close();
  const again = await openFrom(disk);
  expect(await everythingIn(again)).toEqual(before);
  await again.close();
});

test('a file that cannot be cut off closes all the same', async () => {
  const disk = new DiskWithoutRoom('cut');
  const engine = await open(disk);
  await uploadEach(engine, 12, 300);
  const before = await everythingIn(engine);
  await engine.close();
  expect(disk.refusals).toBe(1);
  expect((await disk.status(firstJournal))?.sizeBytes).toBeGreaterThan(roomAhead.bytes);
  const again = await openFrom(disk);
  expect(await everythingIn(again)).toEqual(before);
  expect(await complaintsAbout(again)).toEqual([]);
  await again.close();
});
