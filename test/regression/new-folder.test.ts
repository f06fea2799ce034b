/**
 * The story: uploads into a store that was made as `a/b/store`, or as plain `store`, could be lost
 * with the whole folder in a power cut. Only the folder directly above was synced, and only if the
 * path had a slash; but the name of each new folder is an entry in the one above it.
 */

import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import { memoryPlatform } from '../../src/engine/platform/machine.ts';

/** The directories that were synced by the time a new store was open. */
async function syncedFor(directory: string): Promise<string[]> {
  const synced: string[] = [];
  const platform = memoryPlatform();
  const { fileSystem } = platform;
  const syncDirectory = fileSystem.syncDirectory.bind(fileSystem);
  fileSystem.syncDirectory = async (path) => {
    synced.push(path);
    await syncDirectory(path);
  };
  const engine = await Engine.open({ platform, directory, createIfMissing: true });
  await engine.close();
  return synced;
}

describe('a new store is safe with all folders on the way to it', () => {
  for (const [directory, above] of [
    ['/a/b/store', ['/a/b', '/a', '/']],
    ['/store', ['/']],
    ['a/store', ['a', '.']],
    ['store', ['.']],
    ['./store/', ['.']],
  ] as const) {
    test(directory, async () => {
      expect(await syncedFor(directory)).toEqual(expect.arrayContaining([...above]));
    });
  }
});
