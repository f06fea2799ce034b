/**
 * A backup that is taken while the store is written to is the store as of one commit in between,
 * the first time and each time after it, whatever the store has lived through.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import { arbitraryLife, live, type Deed } from '../../support/random-life.ts';
import { stateOf } from '../../support/recorded-life.ts';
import { fileSystemWith, readFiles } from '../../support/stored-files.ts';
import {
  complaintsAbout,
  openEngine,
  openFrom,
  storeFolder,
  testPlatform,
} from '../../support/test-engine.ts';

const backupFolder = '/backups/nightly';

/** Lives one deed after the other; gives the state after each, and before the first. */
async function statesDuring(engine: Engine, deeds: readonly Deed[]): Promise<string[]> {
  const states = [await stateOf(engine)];
  for (const deed of deeds) {
    await live(engine, [[deed]]);
    states.push(await stateOf(engine));
  }
  return states;
}

/** What the backup is when it is opened, somewhere else. */
async function openBackup(fileSystem: MemoryFileSystem): Promise<Engine> {
  const files = await readFiles(fileSystem, backupFolder);
  return openFrom(await fileSystemWith(storeFolder, files));
}

/** What else happens: before a backup, or while it is taken. */
const incident = fc.constantFrom('none', 'reopen', 'compact before', 'compact meanwhile');

describe('a backup in the middle of any life', () => {
  test('is one commit between its call and its end, and nothing is wrong with it', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryLife, fc.array(incident), async (life, incidents) => {
        const fileSystem = new MemoryFileSystem();
        const platform = testPlatform({ fileSystem });
        let engine = await openEngine(platform);
        await live(engine, []);
        for (const [round, deeds] of life.entries()) {
          if (incidents[round] === 'reopen') {
            await engine.close();
            engine = await openEngine(platform);
          }
          if (incidents[round] === 'compact before') await engine.compact({});
          const backup = engine.backup(backupFolder, {});
          const compaction = incidents[round] === 'compact meanwhile' ? engine.compact({}) : null;
          const states = await statesDuring(engine, deeds);
          await Promise.all([backup, compaction]);
          const opened = await openBackup(fileSystem);
          expect(states).toContain(await stateOf(opened));
          expect(await complaintsAbout(opened)).toEqual([]);
          await opened.close();
        }
        expect(await complaintsAbout(engine)).toEqual([]);
        await engine.close();
      }),
      { numRuns: 40 },
    );
  });
});
