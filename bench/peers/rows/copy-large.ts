/**
 * Does a copy cost the same, however large the object?
 */

import { type Bucket, openStore } from '../../../src/index.ts';
import { fasterOf } from '../faster-archiver.ts';
import { checkSame, randomFile, storedBucket, storedFile, storedName } from '../random-file.ts';
import type { Row } from '../row.ts';
import { inTurns, medianOf, secondsOf } from '../turns.ts';

export const copyLarge: Row = {
  name: 'copy-large',
  work: 'copy() of a 1 GiB object',
  how:
    "copy() to a new name, durability 'power', in one store; p50 of 100 in each turn. The last " +
    'copy has the same bytes.',
  comparisons: [{ against: 'copy() of a 4 KiB object', goal: { timesItsCost: 1.5 } }],
  measure: async (place) => {
    const file = await randomFile(place);
    await using store = await openStore(await storedFile(place));
    const bucket = store.bucket(storedBucket);
    await bucket.upload('small', new Uint8Array(4096).fill(1));
    let copies = 0;
    const nextName = (): string => `copy-${copies++}`;
    const times = Math.ceil(place.scale.samples / 4);
    const costs = await inTurns(place.turns(2), {
      varve: () => p50(bucket, storedName, times, nextName),
      '4 KiB': () => p50(bucket, 'small', times, nextName),
    });
    const last = nextName();
    await bucket.copy(storedName, last);
    await checkSame(bucket.downloadStream(last), file, 'a copy');
    return [fasterOf(costs, 's')];
  },
};

async function p50(
  bucket: Bucket,
  from: string,
  times: number,
  nextName: () => string,
): Promise<number> {
  const seconds: number[] = [];
  for (let time = 0; time < times; time++) {
    const to = nextName();
    seconds.push(await secondsOf(() => bucket.copy(from, to)));
  }
  return medianOf(seconds);
}
