/**
 * What does a seek into a large object cost?
 *
 * @module
 */

import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { generatedBytes } from '../../test/support/content.ts';
import type { Case, Suite } from '../harness.ts';
import { openMeasuredStore } from '../measured-store.ts';

const rangeBytes = 64 * 1024;

export const range: Suite = {
  name: 'range',
  question: 'what does a range of 64 KiB cost, anywhere in 64 MiB?',
  async open(scale, directory) {
    const bytes = scale === 'full' ? 64 << 20 : 1 << 20;
    const content = generatedBytes(9, bytes);
    const path = join(directory, 'floor');
    writeFileSync(path, content);
    const file = await open(path);
    const { store } = await openMeasuredStore(join(directory, 'store'));
    const bucket = await store.createBucket('objects');
    await bucket.upload('large', content);

    const readCase = (
      name: string,
      inFlight: number,
      read: (start: number) => Promise<Uint8Array>,
    ): Case => {
      let reads = 0;
      return {
        name,
        work: { bytes: rangeBytes },
        check: 'same',
        inFlight,
        samples: 2000,
        run: async () => {
          // Knuth's multiplier: places that look random, the same in every run.
          const start = (Math.imul(++reads, 0x9e3779b1) >>> 0) % (bytes - rangeBytes);
          const found = await read(start);
          const expected = content.subarray(start, start + rangeBytes);
          return Buffer.compare(found, expected) === 0 ? 'same' : `other at ${start}`;
        },
      };
    };
    const download = (start: number): Promise<Uint8Array> =>
      bucket.download('large', { range: { start, end: start + rangeBytes } });
    return {
      floor: readCase('read of a file', 1, async (start) => {
        const target = new Uint8Array(rangeBytes);
        await file.read(target, 0, rangeBytes, start);
        return target;
      }),
      cases: [
        readCase('range, 1 in flight', 1, download),
        readCase('range, 16 in flight', 16, download),
      ],
      async close() {
        await file.close();
        await store.close();
      },
    };
  },
};
