/**
 * What does it cost to get a small object back?
 *
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generatedBytes } from '../../test/support/content.ts';
import type { Case, Suite } from '../harness.ts';
import { openMeasuredStore } from '../measured-store.ts';

const objectBytes = 4096;

export const downloadSmall: Suite = {
  name: 'download-small',
  question: 'what does it cost to get an object of 4 KiB back, every byte checked?',
  async open(scale, directory) {
    const objectCount = scale === 'full' ? 1000 : 10;
    const content = generatedBytes(10, objectCount * objectBytes);
    const objects = Array.from({ length: objectCount }, (_, i) =>
      content.subarray(i * objectBytes, (i + 1) * objectBytes),
    );
    const files = join(directory, 'floor');
    mkdirSync(files);
    for (const [i, object] of objects.entries()) writeFileSync(join(files, String(i)), object);
    const { store } = await openMeasuredStore(join(directory, 'store'));
    const bucket = await store.createBucket('objects');
    await Promise.all(objects.map((object, i) => bucket.upload(String(i), object)));

    const readCase = (
      name: string,
      inFlight: number,
      read: (name: string) => Promise<Uint8Array>,
    ): Case => {
      let reads = 0;
      return {
        name,
        work: { bytes: objectBytes },
        check: 'same',
        inFlight,
        samples: 5000,
        run: async () => {
          const index = reads++ % objectCount;
          const expected = objects[index] as Uint8Array;
          return Buffer.compare(await read(String(index)), expected) === 0 ? 'same' : 'other';
        },
      };
    };
    return {
      floor: readCase('read a file', 1, (name) => readFile(join(files, name))),
      cases: [
        readCase('download, 1 in flight', 1, (name) => bucket.download(name)),
        readCase('download, 64 in flight', 64, (name) => bucket.download(name)),
      ],
      close: () => store.close(),
    };
  },
};
