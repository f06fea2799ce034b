/**
 * What does it take to store one large tree in one run?
 */

import { fasterOf, noArchiver } from '../faster-archiver.ts';
import { importedTrees } from '../imported-trees.ts';
import type { Row } from '../row.ts';
import { noReleases } from '../trees.ts';

export const importTree: Row = {
  name: 'import-tree',
  work: 'import all of ts as one tree in one run',
  how:
    'All releases as folders of one tree, stored by one process into a new repository in each ' +
    'turn: varve import, restic backup (compression auto), borg create (zstd,3). All of it comes ' +
    'back byte for byte.',
  comparisons: [{ against: 'the faster of restic and borg', goal: { timesAsFast: 1.5 } }],
  measure: async (place) => {
    const trees = await importedTrees(place);
    if (trees === undefined) return [noReleases];
    if (trees.repositories.length < 2) return [noArchiver];
    const measured = fasterOf(trees.costs, 's');
    return [{ ...measured, note: `${measured.note}; ${trees.processorTime.note}` }];
  },
};
