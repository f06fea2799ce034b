/**
 * What does a small durable upload cost, and how many of them share an `fdatasync`?
 *
 * The floor is the least that one upload alone could do. With many in flight the ratio falls below
 * 1, because a sync is shared.
 *
 * @module
 */

import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../src/base/assert.ts';
import { generatedBytes } from '../../test/support/content.ts';
import type { Case, Suite } from '../harness.ts';
import { type MeasuredStore, openMeasuredStore } from '../measured-store.ts';

const objectBytes = 4096;

/** With 64 in flight, at least so many uploads share a sync. */
const uploadsPerSyncMin = 20;

export const uploadSmall: Suite = {
  name: 'upload-small',
  question: "what does a new object of 4 KiB cost, with durability 'power'?",
  async open(_scale, directory) {
    const file = openSync(join(directory, 'floor'), 'w');
    const content = generatedBytes(5, objectBytes);
    const alone = await openMeasuredStore(join(directory, 'alone'));
    const together = await openMeasuredStore(join(directory, 'together'));
    return {
      floor: {
        name: 'append 4 KiB to a file and fdatasync',
        work: { bytes: objectBytes },
        check: `${objectBytes}`,
        run: () => {
          const written = writeSync(file, content);
          fdatasyncSync(file);
          return `${written}`;
        },
      },
      cases: [
        await uploadCase(alone, content, { inFlight: 1, samples: 200, uploadsPerSyncMin: 0 }),
        await uploadCase(together, content, { inFlight: 64, samples: 10_000, uploadsPerSyncMin }),
      ],
      async close() {
        closeSync(file);
        await Promise.all([alone.store.close(), together.store.close()]);
      },
    };
  },
};

/** Every upload is a new object with new content. */
async function uploadCase(
  { store, counter }: MeasuredStore,
  content: Uint8Array,
  limits: {
    readonly inFlight: number;
    readonly samples: number;
    readonly uploadsPerSyncMin: number;
  },
): Promise<Case> {
  const { inFlight, samples } = limits;
  const bucket = await store.createBucket('objects');
  await bucket.upload('first', content);
  const syncsBefore = counter.syncs;
  let uploads = 0;
  return {
    name: `upload 4 KiB, ${inFlight} in flight`,
    work: { bytes: objectBytes },
    check: `${objectBytes}`,
    inFlight,
    samples,
    run: async () => {
      const body = Uint8Array.from(content);
      new DataView(body.buffer).setUint32(0, ++uploads);
      const { size } = await bucket.upload(`object/${uploads}`, body);
      return `${size}`;
    },
    conclude: async () => {
      const perSync = uploads / (counter.syncs - syncsBefore);
      assert(perSync >= limits.uploadsPerSyncMin, `uploads share syncs: ${perSync} per sync`);
      const { objects } = await store.stats();
      assert(objects === uploads + 1, 'every upload is there');
      const rule = limits.uploadsPerSyncMin > 0 ? ` (at least ${limits.uploadsPerSyncMin})` : '';
      return `${inFlight} in flight: ${perSync.toFixed(1)} uploads per fdatasync${rule}`;
    },
  };
}
