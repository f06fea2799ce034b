/**
 * What does it cost to get large content back, whole and as a stream?
 *
 * @module
 */

import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generatedBytes } from '../../test/support/content.ts';
import type { Suite } from '../harness.ts';
import { openMeasuredStore } from '../measured-store.ts';

export const downloadLarge: Suite = {
  name: 'download-large',
  question: 'what does it cost to get 64 MiB back, every byte checked?',
  async open(scale, directory) {
    const bytes = scale === 'full' ? 64 << 20 : 1 << 20;
    const content = generatedBytes(8, bytes);
    const path = join(directory, 'floor');
    writeFileSync(path, content);
    const { store } = await openMeasuredStore(join(directory, 'store'));
    const bucket = await store.createBucket('objects');
    await bucket.upload('large', content);
    const common = { work: { bytes }, check: 'same', samples: 8 };
    return {
      floor: {
        ...common,
        name: 'read a file',
        run: async () => compare(await readFile(path), content),
      },
      cases: [
        {
          ...common,
          name: 'download',
          run: async () => compare(await bucket.download('large'), content),
        },
        {
          ...common,
          name: 'downloadStream',
          run: async () => {
            let at = 0;
            for await (const piece of bucket.downloadStream('large')) {
              const expected = content.subarray(at, at + piece.length);
              if (compare(piece, expected) !== 'same') return `other at ${at}`;
              at += piece.length;
            }
            return at === bytes ? 'same' : `short: ${at}`;
          },
        },
      ],
      close: () => store.close(),
    };
  },
};

function compare(found: Uint8Array, expected: Uint8Array): string {
  return Buffer.compare(found, expected) === 0 ? 'same' : 'other';
}
