/**
 * How much memory does a store take for each chunk that it has?
 */

import { join } from 'node:path';
import { formatSize } from '../../../src/cli/printable.ts';
import { openStore } from '../../../src/index.ts';
import { formatNames, manyNames } from '../many-names.ts';
import { openInProcess } from '../opened.ts';
import type { Row } from '../row.ts';
import { inTurns, medianOf } from '../turns.ts';

export const memory: Row = {
  name: 'memory',
  work: 'resident memory for each chunk, at 10⁶ chunks',
  how:
    'Two processes open a store, store and read 300 objects, and collect garbage: one an empty ' +
    'store, one that of 10⁶ chunks. The difference of what they are resident in, for each chunk. ' +
    'The goal is set for 10⁷ chunks, which do not fit into 20 minutes.',
  comparisons: [{ against: 'an empty store', goal: { atMost: 12, unit: 'B' } }],
  measure: async (place) => {
    const names = await manyNames(place);
    const { folder, count } = names;
    const empty = join(place.newFolder('empty'), 'store');
    await (await openStore(empty)).close();
    const costs = await inTurns(place.turns(2), {
      many: async () => (await openInProcess(folder)).residentBytes,
      empty: async () => (await openInProcess(empty)).residentBytes,
    });
    const turns = costs.many.map((bytes, turn) => ({
      ours: Math.max(0, bytes - (costs.empty[turn] ?? 0)) / count,
    }));
    const [resident, least] = [costs.many, costs.empty].map((each) => formatSize(medianOf(each)));
    const note = `${resident}, empty ${least}; ${formatNames(names)}`;
    return [{ turns, unit: 'B', note }];
  },
};
