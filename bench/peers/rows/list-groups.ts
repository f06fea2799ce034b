/**
 * Does a listing with a delimiter cost what it gives, or what it skips?
 */

import { type Bucket, openStore } from '../../../src/index.ts';
import { fasterOf } from '../faster-archiver.ts';
import { groupOf, manyNames, namesBucket } from '../many-names.ts';
import type { Row } from '../row.ts';
import { inTurns, medianOf, secondsOf } from '../turns.ts';

const repetitions = 5;

export const listGroups: Row = {
  name: 'list-groups',
  work: 'list 1,000 groups out of 10⁶ names with a delimiter',
  how:
    'listPage() with a delimiter, all groups in one page; and listPage() with a prefix, the ' +
    'names of one group. p50 of 5 in each turn. The numbers of groups and names are compared.',
  comparisons: [{ against: 'listing 1,000 names', goal: { timesItsCost: 5 } }],
  measure: async (place) => {
    const { namesInGroup } = place.scale;
    const { folder, groups } = await manyNames(place);
    await using store = await openStore(folder);
    const bucket = store.bucket(namesBucket);
    const costs = await inTurns(place.turns(2), {
      varve: () => p50(() => listGroupsOf(bucket, groups)),
      names: () => p50(() => listNamesOf(bucket, Math.floor(groups / 2), namesInGroup)),
    });
    return [fasterOf(costs, 's')];
  },
};

async function p50(action: () => Promise<void>): Promise<number> {
  const seconds: number[] = [];
  for (let time = 0; time < repetitions; time++) seconds.push(await secondsOf(action));
  return medianOf(seconds);
}

async function listGroupsOf(bucket: Bucket, count: number): Promise<void> {
  const { prefixes, entries } = await bucket.listPage({ delimiter: '/', limit: count });
  if (prefixes.length === count && entries.length === 0) return;
  throw new Error(`${prefixes.length} of ${count} groups were listed`);
}

async function listNamesOf(bucket: Bucket, group: number, count: number): Promise<void> {
  const { entries } = await bucket.listPage({ prefix: groupOf(group), limit: count });
  if (entries.length !== count) throw new Error(`${entries.length} of ${count} names were listed`);
}
