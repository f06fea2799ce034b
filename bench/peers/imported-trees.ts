/**
 * The tree of all releases, stored in one run by each of the programs: what that cost, and the
 * repositories, which the row about unchanged trees goes on with.
 *
 * @module
 */

import { rmSync } from 'node:fs';
import { compareFolders } from '../../scripts/releases.ts';
import { type Archiver, otherArchivers, varveArchiver } from './archivers.ts';
import { ProcessorTime } from './processor-time.ts';
import { treeOf } from './trees.ts';
import { type Costs, inTurns, type Party } from './turns.ts';
import type { Workplace } from './workplace.ts';

export interface Repository {
  readonly archiver: Archiver;
  readonly folder: string;
}

export interface ImportedTrees {
  readonly costs: Costs<string>;
  readonly processorTime: ProcessorTime;
  /** Those of the last turn. */
  readonly repositories: readonly Repository[];
}

const label = 'all';

/** `undefined`: there is no tree. */
export function importedTrees(place: Workplace): Promise<ImportedTrees | undefined> {
  return place.shared('imported trees', async () => {
    const tree = await treeOf(place);
    if (tree === undefined) return undefined;
    const repositories = new Map<string, Repository>();
    const processorTime = new ProcessorTime();
    const partyOf = (archiver: Archiver): [string, Party] => [
      archiver.name,
      async () => {
        const before = repositories.get(archiver.name);
        if (before !== undefined) rmSync(before.folder, { recursive: true });
        const folder = place.newFolder(archiver.name);
        repositories.set(archiver.name, { archiver, folder });
        await archiver.init(folder);
        const { seconds, cpuSeconds } = await archiver.store(folder, label, tree.folder);
        processorTime.add(archiver.name, cpuSeconds);
        return seconds;
      },
    ];
    const archivers = [varveArchiver(), ...otherArchivers('on')];
    const costs = await inTurns(
      place.turns(),
      Object.fromEntries(archivers.map((each) => partyOf(each))),
    );
    for (const repository of repositories.values()) {
      await checkLoaded(place, repository, label, tree.folder);
    }
    return { costs, processorTime, repositories: [...repositories.values()] };
  });
}

/** Throws unless what comes out of a repository is byte for byte what went in. */
export async function checkLoaded(
  place: Workplace,
  { archiver, folder }: Repository,
  stored: string,
  source: string,
): Promise<void> {
  await place.inFolder('loaded', async (target) => {
    await archiver.load(folder, stored, target);
    const differences = compareFolders(source, target);
    if (differences.length === 0) return;
    throw new Error(`${archiver.name}: ${differences.length} files came back different`);
  });
}
