/**
 * What does a backup cost in which nothing is new?
 */

import { fasterOf, noArchiver } from '../faster-archiver.ts';
import { checkLoaded, importedTrees } from '../imported-trees.ts';
import type { Row } from '../row.ts';
import { noReleases, treeOf } from '../trees.ts';
import { inTurns } from '../turns.ts';

export const importUnchanged: Row = {
  name: 'import-unchanged',
  work: 'CPU of the import of an unchanged tree',
  how:
    'The tree is there already and nothing has changed. Processor time, user and system, of the ' +
    'whole process; the bytes are the same, so the ratio is that for each byte. All of it comes ' +
    'back byte for byte.',
  comparisons: [{ against: 'the cheaper of restic and borg', goal: { timesItsCost: 1 } }],
  measure: async (place) => {
    const tree = await treeOf(place);
    const trees = await importedTrees(place);
    if (tree === undefined || trees === undefined) return [noReleases];
    const { repositories } = trees;
    if (repositories.length < 2) return [noArchiver];
    let imports = 0;
    const parties = repositories.map(({ archiver, folder }) => [
      archiver.name,
      async () => (await archiver.store(folder, `again-${imports++}`, tree.folder)).cpuSeconds,
    ]);
    const costs = await inTurns(place.turns(), Object.fromEntries(parties));
    for (const repository of repositories) {
      await checkLoaded(place, repository, 'all', tree.folder);
    }
    return [fasterOf(costs, 's')];
  },
};
