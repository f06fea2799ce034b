/**
 * How long does it take to open a large store, closed cleanly or left by a crash?
 */

import { join } from 'node:path';
import { formatMs } from '../../../src/cli/bench/bench-format.ts';
import { inLanes } from '../../../src/cli/bench/lanes.ts';
import { openStore } from '../../../src/index.ts';
import { copyStore } from '../../crashed-store.ts';
import { contentOf, formatNames, type ManyNames, manyNames } from '../many-names.ts';
import { openInProcess } from '../opened.ts';
import type { Measured, Row } from '../row.ts';
import { inTurns, medianOf } from '../turns.ts';
import type { Workplace } from '../workplace.ts';

export const openLarge: Row = {
  name: 'open-store',
  work: 'open at 10⁶ objects',
  how:
    'openStore() in a process that has just started, to its answer. Clean: the store was closed. ' +
    'After a crash: the folder as kill -9 leaves it, with 16,000 objects since the last ' +
    'checkpoint, a copy for each opening. The numbers of objects are compared.',
  comparisons: [
    { against: 'after a clean close', goal: { atMost: 0.15, unit: 's' } },
    { against: 'after a crash', goal: { atMost: 0.5, unit: 's' } },
  ],
  measure: async (place) => {
    const names = await manyNames(place);
    const probe = await openInProcess(names.folder);
    const crashed = await crash(place, names);
    const costs = await inTurns(place.turns(2), {
      clean: () => openSeconds(names.folder, probe.objects),
      crashed: () =>
        place.inFolder('crashed', (folder) => {
          const copy = join(folder, 'copy');
          copyStore(crashed, copy);
          return openSeconds(copy, probe.objects + place.scale.tail);
        }),
    });
    return [figure(costs.clean, names), figure(costs.crashed, names)];
  },
};

function figure(seconds: readonly number[], names: ManyNames): Measured {
  const turns = seconds.map((ours) => ({ ours }));
  return { turns, unit: 's', note: `${formatMs(medianOf(seconds) * 1000)}; ${formatNames(names)}` };
}

/** Objects of the probe itself are the same ones each time, for all but their content. */
async function openSeconds(folder: string, least: number): Promise<number> {
  const { openSeconds: seconds, objects } = await openInProcess(folder);
  if (objects < least) throw new Error(`the store has ${objects} objects, not ${least}`);
  return seconds;
}

/** A copy of the store, made while it was in use. */
async function crash(place: Workplace, { folder, count }: ManyNames): Promise<string> {
  const copy = join(place.newFolder('crash'), 'copy');
  const living = join(place.newFolder('living'), 'copy');
  copyStore(folder, living);
  await using store = await openStore(living);
  const bucket = store.bucket('tail');
  await inLanes(256, place.scale.tail, async (index) => {
    await bucket.upload(`tail-${index}`, contentOf(count + index), { durability: 'os' });
  });
  await store.sync();
  // The rows follow the commits; a kill may come at any time, but most are there when it does.
  await store.stats();
  copyStore(living, copy);
  return copy;
}
