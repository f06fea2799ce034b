/**
 * A backup that is cut short opens as the one before or as the new one, and as no store if there
 * was none before: at every call that the backup makes, in whatever state a power cut may leave the
 * disk; and the same again for the opening that finds it so. What was once seen stays.
 */

import { describe, expect, test } from 'vitest';
import { ObjectsError } from '../../src/base/errors.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { generatedBytes, generatedText } from '../support/content.ts';
import { stateOf } from '../support/recorded-life.ts';
import { complaintsAbout, openEngine, testPlatform, upload } from '../support/test-engine.ts';
import { CrashStates } from './crash-states.ts';
import { noMisbehaviour, SimulatedDatabase } from './database.ts';
import { DirectoryNode, forkOf, settle } from './disk.ts';
import { smoothCourse, SimulatedFileSystem, type Course } from './file-system.ts';
import { Random } from './random.ts';

const storeFolder = '/store';
const backupFolder = '/backups/nightly';

/** Up to so many states of a moment are all tried; else so many. And of a moment in an opening. */
const bounds = { states: 12, innerStates: 2 };

/** What a backup is, when it is opened: a state, or no store at all. */
const noStore = 'no store';

/** Opens what lies on a disk. `points`: where the disk is noted, at each call that changes it. */
async function open(
  root: DirectoryNode,
  directory: string,
  points: DirectoryNode[] = [],
): Promise<Engine> {
  const course: Course = { ...smoothCourse, onBoundary: () => void points.push(forkOf(root)) };
  const fileSystem = new SimulatedFileSystem(root, course);
  const platform = testPlatform({
    fileSystem,
    indexIn: (path) => new SimulatedDatabase(fileSystem, path, course, noMisbehaviour),
  });
  return openEngine(platform, directory);
}

async function write(engine: Engine, seed: number): Promise<void> {
  const bucket = await engine.ensureBucket('notes', { versioned: true });
  await upload(engine, bucket, 'small', generatedText(seed, 300));
  await upload(engine, bucket, `large-${seed}`, generatedBytes(seed, 8300));
}

/** The crash states of a disk, each once. What `OWNER` holds is for a message only. */
function* imagesOf(
  root: DirectoryNode,
  bound: number,
  seen: Set<string> = new Set(),
): Generator<DirectoryNode> {
  const states = new CrashStates(root, (name) => name === 'OWNER');
  for (const choice of states.choices(bound, new Random(1))) {
    const key = states.key(choice);
    if (seen.has(key)) continue;
    seen.add(key);
    yield states.image(choice);
  }
}

/** Opens the backup on a disk, and looks. */
async function lookAt(root: DirectoryNode, points?: DirectoryNode[]): Promise<string> {
  // The folder may be empty, or not there: then anybody may make a store in it.
  if (!hasFiles(root)) return noStore;
  let engine: Engine;
  try {
    engine = await open(root, backupFolder, points);
  } catch (error) {
    if (error instanceof ObjectsError && error.code === 'INVALID') return noStore;
    throw error;
  }
  const state = await stateOf(engine);
  if (points !== undefined) expect(await complaintsAbout(engine)).toEqual([]);
  await engine.close();
  return state;
}

function hasFiles(root: DirectoryNode): boolean {
  const [backups] = [root.entries.get('backups')];
  const folder = backups instanceof DirectoryNode ? backups.entries.get('nightly') : undefined;
  return folder instanceof DirectoryNode && [...folder.entries.keys()].some((n) => n !== 'OWNER');
}

/** Crashes at each of these moments, in every way, and twice. Returns how many disks there were. */
async function crashAt(
  points: readonly DirectoryNode[],
  allowed: ReadonlySet<string>,
): Promise<number> {
  const seen = new Set<string>();
  let imageCount = 0;
  for (const point of points) {
    for (const image of [forkOf(point), ...imagesOf(point, bounds.states, seen)]) {
      imageCount++;
      const inner: DirectoryNode[] = [];
      const state = await lookAt(image, inner);
      expect(allowed).toContain(state);
      // A crash in the middle of that opening, and one after it.
      for (const later of inner) {
        for (const innerImage of imagesOf(later, bounds.innerStates, seen)) {
          imageCount++;
          expect(allowed).toContain(await lookAt(innerImage));
        }
      }
      for (const after of imagesOf(image, bounds.innerStates, seen)) {
        imageCount++;
        expect(await lookAt(after)).toBe(state);
      }
    }
  }
  return imageCount;
}

describe('a backup that is cut short', { timeout: 300_000 }, () => {
  test('opens as nothing or as the new one, the first time', async () => {
    const root = new DirectoryNode();
    const points: DirectoryNode[] = [];
    const engine = await open(root, storeFolder, points);
    await write(engine, 1);
    const state = await stateOf(engine);
    settle(root);
    points.length = 0;
    await engine.backup(backupFolder, {});
    points.push(forkOf(root));
    expect(await crashAt(points, new Set([noStore, state]))).toBeGreaterThan(200);
    expect(await lookAt(forkOf(root))).toBe(state);
  });

  test('opens as the old one or as the new one, while the store is written to', async () => {
    const root = new DirectoryNode();
    const points: DirectoryNode[] = [];
    let engine = await open(root, storeFolder, points);
    await write(engine, 1);
    await engine.backup(backupFolder, {});
    const allowed = new Set([await stateOf(engine)]);
    await write(engine, 2);
    await engine.close();
    engine = await open(root, storeFolder, points);
    await write(engine, 3);
    // A file that the backup has is retired, and one that was made since.
    const notes = await engine.ensureBucket('notes', {});
    for (const { name, version } of await engine.versions.versions(notes.id, {}, 100)) {
      if (/large-[12]/.test(name)) await engine.purge(notes, name, version.lsn);
    }
    expect((await engine.compact({})).reclaimedBytes).toBeGreaterThan(0);
    settle(root);
    points.length = 0;
    allowed.add(await stateOf(engine));
    const backup = engine.backup(backupFolder, {});
    await upload(engine, notes, 'meanwhile', 'x');
    allowed.add(await stateOf(engine));
    await backup;
    points.push(forkOf(root));
    expect(await crashAt(points, allowed)).toBeGreaterThan(500);
  });
});
