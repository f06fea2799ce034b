/**
 * What does a range anywhere in a large object cost, beside the same range of a file?
 */

import { open } from 'node:fs/promises';
import { openStore } from '../../../src/index.ts';
import { randomSequence } from '../../../src/cli/torture/random-sequence.ts';
import { fasterOf } from '../faster-archiver.ts';
import { randomFile, storedBucket, storedFile, storedName } from '../random-file.ts';
import type { Row } from '../row.ts';
import { inTurns, medianOf } from '../turns.ts';

const rangeBytes = 64 * 1024;

export const rangeRead: Row = {
  name: 'range-read',
  work: 'range read of 64 KiB, p50, one in flight',
  how:
    'download() with a range at a random place of 1 GiB, verified, and FileHandle.read() into a ' +
    'new buffer at the same places of the same bytes in a file; both are in the page cache. ' +
    'Every range is compared with the file.',
  comparisons: [{ against: 'FileHandle.read of 64 KiB', goal: { timesItsCost: 3 } }],
  measure: async (place) => {
    const file = await randomFile(place);
    await using store = await openStore(await storedFile(place));
    const bucket = store.bucket(storedBucket);
    await using handle = await open(file.path);
    const readFile = async (start: number): Promise<Buffer> => {
      const buffer = Buffer.allocUnsafe(rangeBytes);
      await handle.read(buffer, 0, rangeBytes, start);
      return buffer;
    };
    const readStore = (start: number): Promise<Buffer> =>
      bucket.download(storedName, { range: { start, end: start + rangeBytes } });
    const p50 = async (read: (start: number) => Promise<Buffer>): Promise<number> => {
      const random = randomSequence(1);
      const seconds: number[] = [];
      for (let sample = 0; sample < place.scale.samples; sample++) {
        const start = Math.floor(random() * (file.bytes - rangeBytes));
        const begunMs = performance.now();
        const found = await read(start);
        seconds.push((performance.now() - begunMs) / 1000);
        if (!found.equals(await readFile(start))) throw new Error(`other bytes at ${start}`);
      }
      return medianOf(seconds);
    };
    const costs = await inTurns(place.turns(2), {
      varve: () => p50(readStore),
      file: () => p50(readFile),
    });
    return [fasterOf(costs, 's')];
  },
};
