/**
 * What does it cost to list very many names, beside the rows that LevelDB has to give for it?
 */

import { Level } from 'level';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type Bucket, openStore } from '../../../src/index.ts';
import { fasterOf } from '../faster-archiver.ts';
import { formatNames, type ManyNames, manyNames, nameOf, namesBucket } from '../many-names.ts';
import type { Row } from '../row.ts';
import { inTurns, secondsOf } from '../turns.ts';

/** Rows at a time, and bytes of them: larger ones make the floor no faster. */
const rowsAtOnce = 1000;
const batchBytes = 256 * 1024;

export const listNames: Row = {
  name: 'list-names',
  work: 'list 10⁶ names',
  how:
    'for await over bucket.list(), and the iterator of level over the very rows that this ' +
    'listing reads, in a copy of the index: keys and values as bytes, 1,000 at a time. Names are ' +
    'compared, rows counted.',
  comparisons: [{ against: 'raw level iterator, the same rows', goal: { timesAsFast: 0.6 } }],
  measure: async (place) => {
    const names = await manyNames(place);
    const index = join(place.newFolder('index'), 'copy');
    cpSync(join(names.folder, 'index'), index, { recursive: true });
    await using store = await openStore(names.folder);
    const bucket = store.bucket(namesBucket);
    const level = new Level<Buffer, Buffer>(index, {
      createIfMissing: false,
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
    });
    const costs = await inTurns(place.turns(2), {
      varve: () => secondsOf(() => listAll(bucket, names.count, place.scale.namesInGroup)),
      level: () => secondsOf(() => iterateAll(level, names)),
    });
    await level.close();
    const measured = fasterOf(costs, 's');
    return [{ ...measured, note: `${measured.note}; ${formatNames(names)}` }];
  },
};

async function listAll(bucket: Bucket, count: number, namesInGroup: number): Promise<void> {
  let found = 0;
  let previous = '';
  for await (const { name } of bucket.list()) {
    if (name <= previous) throw new Error(`${name} comes after ${previous}`);
    previous = name;
    found++;
  }
  if (found !== count || previous !== nameOf(count - 1, namesInGroup)) {
    throw new Error(`${found} of ${count} names were listed, ${previous} the last of them`);
  }
}

/** Current versions have keys that begin with `h`. */
async function iterateAll(level: Level<Buffer, Buffer>, { count }: ManyNames): Promise<void> {
  const range = { gte: Buffer.from('h'), lt: Buffer.from('i') };
  const options = { ...range, highWaterMarkBytes: batchBytes };
  const iterator = level.iterator(options);
  let found = 0;
  for (;;) {
    const rows = await iterator.nextv(rowsAtOnce);
    if (rows.length === 0) break;
    found += rows.length;
  }
  await iterator.close();
  if (found !== count) throw new Error(`the index has ${found} rows for ${count} names`);
}
