/**
 * One bit of a store is wrong. Whatever bit it is, the store refuses to open, or a read refuses, or
 * the store is as of one of its commits. It never answers with other bytes, and no commit is
 * missing before one that is there.
 */

import { describe, expect, test } from 'vitest';
import { ObjectsError } from '../../src/base/errors.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { generatedBytes, generatedText } from '../support/content.ts';
import { stateOf } from '../support/recorded-life.ts';
import {
  fileSystemWith,
  mustGetFile,
  pathsIn,
  readFiles,
  withFile,
  withFlippedBit,
  type StoredFiles,
} from '../support/stored-files.ts';
import {
  contentOf,
  openEngine,
  openFrom,
  storeFolder,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

type Outcome = 'refused' | 'unreadable' | number;

/** What comes of opening these files: an error, or the place of the state among those recorded. */
async function outcomeOf(files: StoredFiles, states: readonly string[]): Promise<Outcome> {
  const expectDamage = (error: unknown): void => {
    if (!(error instanceof ObjectsError)) throw error;
    expect(['CORRUPT', 'UNSUPPORTED']).toContain(error.code);
  };
  const fileSystem = await fileSystemWith(storeFolder, files);
  const engine = await openFrom(fileSystem).catch((error: unknown) => expectDamage(error));
  if (engine === undefined) return 'refused';
  try {
    const state = await stateOf(engine);
    expect(states).toContain(state);
    return states.indexOf(state);
  } catch (error) {
    expectDamage(error);
    return 'unreadable';
  } finally {
    await engine.close();
  }
}

/** A store with few bytes, in which the last commit but one is known to be safe. */
async function recordSmallLife(): Promise<{ files: StoredFiles; states: string[] }> {
  const fileSystem = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem }));
  const bucket = await engine.ensureBucket('b', { versioned: true });
  const states = [await stateOf(engine)];
  for (const content of ['one', 'two', generatedText(1, 700)]) {
    await upload(engine, bucket, 'name', content);
    states.push(await stateOf(engine));
  }
  return { files: await readFiles(fileSystem, storeFolder), states };
}

describe('a flipped bit', () => {
  test('in the journal is refused where it was safe, and else costs the last commit', async () => {
    const { files, states } = await recordSmallLife();
    const [journal = ''] = pathsIn(files, 'journal');
    const bytes = mustGetFile(files, journal);
    const outcomes = new Set<Outcome>();
    for (let bit = 0; bit < bytes.length * 8; bit += 17) {
      const damaged = withFile(files, journal, withFlippedBit(bytes, bit));
      const outcome = await outcomeOf(damaged, states);
      outcomes.add(outcome);
      // The first commits were safe when the last was written; its frame says so.
      if (typeof outcome === 'number') expect(outcome, `bit ${bit}`).toBeGreaterThanOrEqual(2);
    }
    // The last commit is lost silently, as nothing in the store says that it was ever safe.
    expect(outcomes).toEqual(new Set([2, 3, 'refused']));
  });

  test('in the VARVE file is refused, or the other slot is as good', async () => {
    const { files, states } = await recordSmallLife();
    const bytes = mustGetFile(files, 'VARVE');
    expect(bytes).toHaveLength(8192);
    for (const slot of [0, 4096]) {
      for (let bit = slot * 8; bit < (slot + 74) * 8; bit += 5) {
        const outcome = await outcomeOf(
          withFile(files, 'VARVE', withFlippedBit(bytes, bit)),
          states,
        );
        expect(outcome, `bit ${bit}`).toBe(3);
      }
    }
    const bothDamaged = withFlippedBit(withFlippedBit(bytes, 8), 4096 * 8 + 8);
    expect(await outcomeOf(withFile(files, 'VARVE', bothDamaged), states)).toBe('refused');
  });

  test('in a segment never gives wrong bytes', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await openEngine(testPlatform({ fileSystem }));
    const bucket = await engine.ensureBucket('b', {});
    const content = generatedBytes(1, 400_000);
    await upload(engine, bucket, 'large', content);
    const state = await stateOf(engine);
    const files = await readFiles(fileSystem, storeFolder);
    const [segment = ''] = pathsIn(files, 'segments');
    const bytes = mustGetFile(files, segment);
    const outcomes = new Set<Outcome>();
    for (let bit = 11; bit < bytes.length * 8; bit += Math.floor(bytes.length / 12)) {
      const damaged = withFile(files, segment, withFlippedBit(bytes, bit));
      outcomes.add(await outcomeOf(damaged, [state]));
    }
    expect(outcomes).toContain('unreadable');
    expect([...outcomes].every((outcome) => typeof outcome !== 'number' || outcome === 0)).toBe(
      true,
    );
  });
});

describe('a file that was mistaken for another', () => {
  test('is refused: a journal file of another store', async () => {
    const ours = await recordSmallLife();
    const platform = testPlatform({
      fileSystem: new MemoryFileSystem(),
      randomness: { bytes: (byteCount) => new Uint8Array(byteCount).fill(9) },
    });
    const other = await openEngine(platform);
    await upload(other, await other.ensureBucket('b', {}), 'foreign', 'foreign');
    const theirs = await readFiles(platform.fileSystem, storeFolder);
    const [journal = ''] = pathsIn(ours.files, 'journal');
    const mixed = withFile(ours.files, journal, mustGetFile(theirs, journal));
    expect(await outcomeOf(mixed, ours.states)).toBe('refused');
  });

  test('is refused: a journal file under the number of the next', async () => {
    const { files, states } = await recordSmallLife();
    const [journal = ''] = pathsIn(files, 'journal');
    const copied = withFile(files, 'journal/00000002.vj', mustGetFile(files, journal));
    expect(await outcomeOf(copied, states)).toBe('refused');
  });
});

describe('a damaged chunk', () => {
  test('hurts only the versions that it is in, and verify names them', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await openEngine(testPlatform({ fileSystem }));
    const bucket = await engine.ensureBucket('b', {});
    const whole = await upload(engine, bucket, 'whole', 'whole');
    const content = generatedBytes(2, 400_000);
    const large = await upload(engine, bucket, 'large', content);
    const files = await readFiles(fileSystem, storeFolder);
    const [segment = ''] = pathsIn(files, 'segments');
    const damaged = withFlippedBit(mustGetFile(files, segment), 8 * 10_000);
    const reopened = await openFrom(
      await fileSystemWith(storeFolder, withFile(files, segment, damaged)),
    );
    expect(await contentOf(reopened, whole)).toEqual(new TextEncoder().encode('whole'));
    await expect(contentOf(reopened, large)).rejects.toMatchObject({ code: 'CORRUPT' });
    const findings = await reopened.verify({});
    expect(findings.damaged.map(({ name }) => name)).toEqual(['large']);
    await reopened.close();
  });
});
