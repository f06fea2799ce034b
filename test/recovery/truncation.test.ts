/**
 * A journal that ends too early, at whatever byte, opens as of one of its commits. Where the store
 * itself says that more was safe, it does not open at all: going on would lose what was promised.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { liveAShortLife, stateOf } from '../support/recorded-life.ts';
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
  openEngine,
  openFrom,
  storeFolder,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

/** States in order, and the files after the last of them. The store was not closed. */
async function recordLife(): Promise<{ files: StoredFiles; states: string[] }> {
  const fileSystem = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem }));
  const states = [await stateOf(engine)];
  await liveAShortLife(engine, async () => {
    states.push(await stateOf(engine));
  });
  return { files: await readFiles(fileSystem, storeFolder), states };
}

/** Around the sectors, where headers and groups begin and end, and everywhere in between. */
function cutsOf(sizeBytes: number): number[] {
  return Array.from({ length: sizeBytes + 1 }, (_, size) => size).filter((size) => {
    const inSector = size % 512;
    return inSector < 2 || inSector === 511 || size % 97 === 0;
  });
}

let files: StoredFiles;
let states: string[];

beforeAll(async () => {
  ({ files, states } = await recordLife());
});

describe('opening a store whose newest journal file was cut short', () => {
  test('gives the state after one of its commits, and a later one for a longer file', async () => {
    const [journal = ''] = pathsIn(files, 'journal');
    const bytes = mustGetFile(files, journal);
    let newest = 0;
    for (const size of cutsOf(bytes.length)) {
      const cut = withFile(files, journal, bytes.subarray(0, size));
      const engine = await openFrom(await fileSystemWith(storeFolder, cut));
      const found = states.indexOf(await stateOf(engine));
      expect(found, `cut at ${size}`).toBeGreaterThanOrEqual(newest);
      newest = found;
      await engine.close();
    }
    expect(newest).toBe(states.length - 1);
  });

  test('leaves nothing for verify to complain about', async () => {
    const [journal = ''] = pathsIn(files, 'journal');
    const bytes = mustGetFile(files, journal);
    for (let size = 0; size <= bytes.length; size += 997) {
      const cut = withFile(files, journal, bytes.subarray(0, size));
      const engine = await openFrom(await fileSystemWith(storeFolder, cut));
      expect(await complaintsAbout(engine), `cut at ${size}`).toEqual([]);
      await engine.close();
    }
  });

  test('and opening it a second time changes nothing', async () => {
    const [journal = ''] = pathsIn(files, 'journal');
    const bytes = mustGetFile(files, journal);
    for (let size = 0; size <= bytes.length; size += 1499) {
      const cut = withFile(files, journal, bytes.subarray(0, size));
      const fileSystem = await fileSystemWith(storeFolder, cut);
      const first = await openFrom(fileSystem);
      const state = await stateOf(first);
      // Until what is dead has been freed, opening a store is followed by work of its own.
      await first.totals();
      await first.close();
      const after = await readFiles(fileSystem, storeFolder);
      const second = await openFrom(fileSystem);
      expect(await stateOf(second)).toBe(state);
      await second.close();
      expect(await readFiles(fileSystem, storeFolder)).toEqual(after);
    }
  });

  test('is no different when zeros stand where the end is missing', async () => {
    const [journal = ''] = pathsIn(files, 'journal');
    const bytes = mustGetFile(files, journal);
    for (let size = 512; size <= bytes.length; size += 173) {
      const torn = new Uint8Array(bytes.length);
      torn.set(bytes.subarray(0, size));
      const engine = await openFrom(
        await fileSystemWith(storeFolder, withFile(files, journal, torn)),
      );
      expect(states).toContain(await stateOf(engine));
      await engine.close();
    }
  });
});

describe('opening a store whose earlier journal file was cut short', () => {
  test('is CORRUPT wherever the cut is, as the next file says where it ended', async () => {
    const fileSystem = await fileSystemWith(storeFolder, files);
    const engine = await openFrom(fileSystem);
    await upload(engine, await engine.ensureBucket('notes', {}), 'later', 'later');
    const later = await readFiles(fileSystem, storeFolder);
    const [journal = '', next] = pathsIn(later, 'journal');
    expect(next).toBeDefined();
    const bytes = mustGetFile(later, journal);
    for (let size = 0; size < bytes.length; size += 389) {
      const cut = withFile(later, journal, bytes.subarray(0, size));
      const opening = openFrom(await fileSystemWith(storeFolder, cut));
      await expect(opening, `cut at ${size}`).rejects.toMatchObject({ code: 'CORRUPT' });
    }
  });

  test.each([0, 1, 2, 3])('is CORRUPT when the file on place %s is missing', async (place) => {
    const fileSystem = await fileSystemWith(storeFolder, files);
    for (const name of ['x', 'y', 'z', 'w']) {
      const engine = await openFrom(fileSystem);
      await upload(engine, await engine.ensureBucket('notes', {}), name, name);
      await engine.close();
    }
    const later = await readFiles(fileSystem, storeFolder);
    const missing = pathsIn(later, 'journal')[place] as string;
    const opening = openFrom(
      await fileSystemWith(storeFolder, withFile(later, missing, undefined)),
    );
    await expect(opening).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});

describe('journal files in which nothing was committed', () => {
  test('do no harm, even two of them, and one whose header is torn', async () => {
    const fileSystem = await fileSystemWith(storeFolder, files);
    for (let round = 0; round < 2; round++) {
      const engine = await openFrom(fileSystem);
      const [notes] = engine.buckets().filter(({ name }) => name === 'notes');
      if (notes === undefined) throw new Error('the bucket is there');
      // A commit that comes to nothing makes the file all the same.
      await expect(engine.remove(notes, 'not there')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      const left = await readFiles(fileSystem, storeFolder);
      await engine.close();
      expect(pathsIn(left, 'journal')).toHaveLength(2 + round);
    }
    const now = await readFiles(fileSystem, storeFolder);
    const torn = withFile(now, 'journal/00000099.vj', mustGetFile(now, 'VARVE').subarray(0, 300));
    const engine = await openFrom(await fileSystemWith(storeFolder, torn));
    expect(await stateOf(engine)).toBe(states.at(-1));
    expect(await complaintsAbout(engine)).toEqual([]);
    await upload(engine, await engine.ensureBucket('notes', {}), 'new', 'new');
    await engine.close();
  });
});
