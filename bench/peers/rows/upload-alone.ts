/**
 * How long does a small durable upload take that is alone, beside the one sync that it needs?
 */

import {
  closeSync,
  fdatasyncSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TurnResult } from '../../../src/cli/bench/bench-result.ts';
import { varveKind } from '../../../src/cli/bench/varve-target.ts';
import { seededBytes } from '../../../src/cli/torture/content.ts';
import { fasterOf } from '../faster-archiver.ts';
import type { Row } from '../row.ts';
import { measureTurn } from '../target-turns.ts';
import { inTurns, medianOf } from '../turns.ts';
import type { Workplace } from '../workplace.ts';

const contentBytes = 4096;

export const uploadAlone: Row = {
  name: 'upload-alone',
  work: "upload 4 KiB, 'power', 1 in flight, p50",
  how:
    'The workload fill-random of varve bench with one in flight; and 4 KiB written into a ' +
    'file that has its size already, with writeSync() and fdatasyncSync(), as often. ' +
    'Everything is read back and compared.',
  comparisons: [{ against: 'one fdatasync of 4 KiB', goal: { timesItsCost: 2 } }],
  measure: async (place) => {
    const work = {
      workload: 'fill-random',
      records: 0,
      concurrency: 1,
      cost: ({ latencyMs }: TurnResult) => latencyMs.p50 / 1000,
    };
    const costs = await inTurns(place.turns(4), {
      varve: () => measureTurn(place, varveKind, work, place.scale.samples),
      fdatasync: () => place.inFolder('sync', (folder) => syncP50(place, folder)),
    });
    return [fasterOf(costs, 's')];
  },
};

async function syncP50({ scale }: Workplace, folder: string): Promise<number> {
  const path = join(folder, 'appended');
  // A file that does not grow: its sync is the cheapest that there is.
  writeFileSync(path, new Uint8Array(scale.samples * contentBytes).fill(1), { flush: true });
  const file = openSync(path, 'r+');
  const seconds: number[] = [];
  for (let sample = 0; sample < scale.samples; sample++) {
    const content = seededBytes(sample, contentBytes);
    const begunMs = performance.now();
    writeSync(file, content, 0, contentBytes, sample * contentBytes);
    fdatasyncSync(file);
    seconds.push((performance.now() - begunMs) / 1000);
  }
  closeSync(file);
  const last = readFileSync(path).subarray(-contentBytes);
  if (!last.equals(seededBytes(scale.samples - 1, contentBytes))) throw new Error('not written');
  return medianOf(seconds);
}
