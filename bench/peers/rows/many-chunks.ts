/**
 * Does an upload or a download cost more in a store that has very many chunks?
 */

import { inLanes } from '../../../src/cli/bench/lanes.ts';
import { randomSequence } from '../../../src/cli/torture/random-sequence.ts';
import { seededBytes } from '../../../src/cli/torture/content.ts';
import { type Bucket, openStore } from '../../../src/index.ts';
import { fasterOf } from '../faster-archiver.ts';
import {
  contentOf,
  formatNames,
  makeStore,
  type ManyNames,
  manyNames,
  nameOf,
  namesBucket,
} from '../many-names.ts';
import type { Row } from '../row.ts';
import { type Costs, inTurns } from '../turns.ts';
import type { Workplace } from '../workplace.ts';

const uploadBytes = 4096;

export const manyChunks: Row = {
  name: 'many-chunks',
  work: 'upload and download at 10⁶ chunks',
  how:
    'Two stores of small objects, each a chunk of its own, in the same process. Uploads are new ' +
    "4 KiB, durability 'power', 64 in flight; downloads are of objects in no order, 16 in " +
    'flight. Processor time of the process, as other work on the machine does not change it. ' +
    'Downloads are compared. The goal is set for 10⁷ chunks, which do not fit into 20 minutes.',
  comparisons: [
    { against: 'uploads at 10⁴ chunks', goal: { timesItsCost: 1.3 } },
    { against: 'downloads at 10⁴ chunks', goal: { timesItsCost: 1.3 } },
  ],
  measure: async (place) => {
    const many = await manyNames(place);
    const few = await makeStore(place, place.scale.fewGroups);
    await using manyStore = await openStore(many.folder);
    await using fewStore = await openStore(few.folder);
    const measure = (
      cost: (place: Workplace, bucket: Bucket, names: ManyNames) => Promise<number>,
      bucketName: string,
    ): Promise<Costs<string>> =>
      inTurns(place.turns(3), {
        varve: () => cost(place, manyStore.bucket(bucketName), many),
        few: () => cost(place, fewStore.bucket(bucketName), few),
      });
    const all = [await measure(uploads, 'uploaded'), await measure(downloads, namesBucket)];
    return all.map((costs) => {
      const measured = fasterOf(costs, 's');
      return { ...measured, note: `${measured.note}; ${formatNames(many)}` };
    });
  },
};

let uploaded = 0;

async function uploads({ scale }: Workplace, bucket: Bucket): Promise<number> {
  const contents = Array.from({ length: scale.operations / 5 }, () =>
    seededBytes(`many ${uploaded++}`, uploadBytes),
  );
  const seconds = await cpuSecondsOf(() =>
    inLanes(64, contents.length, async (index) => {
      const content = contents[index] as Uint8Array;
      const { size } = await bucket.upload(`${uploaded}-${index}`, content);
      if (size !== uploadBytes) throw new Error(`an upload has ${size} bytes`);
    }),
  );
  return seconds / contents.length;
}

async function downloads(
  { scale }: Workplace,
  bucket: Bucket,
  { count }: ManyNames,
): Promise<number> {
  const random = randomSequence(uploaded++);
  const indexes = Array.from({ length: scale.operations / 2 }, () => Math.floor(random() * count));
  const found = new Map<number, Uint8Array>();
  const seconds = await cpuSecondsOf(() =>
    inLanes(16, indexes.length, async (position) => {
      const index = indexes[position] as number;
      found.set(index, await bucket.download(nameOf(index, scale.namesInGroup)));
    }),
  );
  for (const [index, content] of found) {
    if (Buffer.compare(content, contentOf(index)) !== 0) throw new Error('other bytes came back');
  }
  return seconds / indexes.length;
}

/** User and system time of this process, all of its threads, while something is done. */
async function cpuSecondsOf(action: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
