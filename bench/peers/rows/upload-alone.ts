/**
 * How long does a small durable upload take that is alone, beside the one sync that it needs?
 */

import { closeSync, fdatasyncSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { formatMs } from '../../../src/cli/bench/bench-format.ts';
import { varveKind } from '../../../src/cli/bench/varve-target.ts';
import { seededBytes } from '../../../src/cli/torture/content.ts';
import type { Row } from '../row.ts';
import { targetTurns } from '../target-turns.ts';
import { medianOf, pairsOf } from '../turns.ts';
import type { Workplace } from '../workplace.ts';

const contentBytes = 4096;

export const uploadAlone: Row = {
  name: 'upload-alone',
  work: "upload 4 KiB, 'power', 1 in flight, p50",
  how:
    'The workload fill-random of varve bench with one in flight; and 4 KiB appended to a file ' +
    'with writeSync() and fdatasyncSync(), as often, after each of its turns. Everything is read ' +
    'back and compared.',
  comparisons: [{ against: 'one fdatasync of 4 KiB', goal: { timesItsCost: 2 } }],
  measure: async (place) => {
    const syncs: number[] = [];
    const { costs } = await targetTurns(place, {
      kinds: [varveKind],
      workload: 'fill-random',
      records: 0,
      concurrency: 1,
      operations: place.scale.samples,
      cost: ({ latencyMs }) => latencyMs.p50 / 1000,
    });
    const { varve = [] } = costs;
    for (const _ of varve) syncs.push(await place.inFolder('sync', (each) => syncP50(place, each)));
    const seconds = (values: readonly number[]): string => formatMs(medianOf(values) * 1000);
    const note = `varve ${seconds(varve)}, fdatasync ${seconds(syncs)}`;
    return [{ turns: pairsOf(varve, syncs), unit: 's', note }];
  },
};

async function syncP50({ scale }: Workplace, folder: string): Promise<number> {
  const path = join(folder, 'appended');
  const file = openSync(path, 'w');
  const seconds: number[] = [];
  for (let sample = 0; sample < scale.samples; sample++) {
    const content = seededBytes(sample, contentBytes);
    const begunMs = performance.now();
    writeSync(file, content);
    fdatasyncSync(file);
    seconds.push((performance.now() - begunMs) / 1000);
  }
  closeSync(file);
  if (statSync(path).size !== scale.samples * contentBytes) throw new Error('not all was written');
  return medianOf(seconds);
}
