/**
 * What does it cost to store much new content, and what if the store has it already?
 *
 * @module
 */

import { closeSync, fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../src/base/assert.ts';
import type { Bucket } from '../../src/index.ts';
import { generatedBytes } from '../../test/support/content.ts';
import type { Case, Suite } from '../harness.ts';
import { openMeasuredStore } from '../measured-store.ts';

/** Slices as a file stream gives them. */
const sliceBytes = 64 * 1024;

/** Smaller than any chunk but the last, so that a change in each of these leaves none as it was. */
const renewedBytes = 4096;

export const uploadLarge: Suite = {
  name: 'upload-large',
  question: 'what does it cost to store 64 MiB of random bytes, new and known?',
  async open(scale, directory) {
    const bytes = scale === 'full' ? 64 << 20 : 1 << 20;
    const content = generatedBytes(6, bytes);
    const { store } = await openMeasuredStore(join(directory, 'store'));
    const bucket = await store.createBucket('objects');
    const known = generatedBytes(7, bytes);
    await bucket.upload('known', streamOf(known));
    return {
      floor: writeCase(join(directory, 'floor'), content),
      cases: [
        {
          ...uploadCase('upload new content', bucket, content, true),
          conclude: async () => {
            const found = await bucket.download('upload new content');
            assert(Buffer.compare(found, content) === 0, 'the last upload comes back as it was');
            return 'the last upload came back, byte for byte';
          },
        },
        uploadCase('upload known content', bucket, known, false),
      ],
      close: () => store.close(),
    };
  },
};

function writeCase(path: string, content: Uint8Array): Case {
  return {
    name: 'write a file and fsync',
    work: { bytes: content.length },
    check: `${content.length}`,
    samples: 8,
    run: () => {
      const file = openSync(path, 'w');
      let written = 0;
      for (let at = 0; at < content.length; at += 1 << 20) {
        written += writeSync(file, content.subarray(at, at + (1 << 20)));
      }
      fsyncSync(file);
      closeSync(file);
      unlinkSync(path);
      return `${written}`;
    },
  };
}

function uploadCase(name: string, bucket: Bucket, content: Uint8Array, isNew: boolean): Case {
  let renewals = 0;
  return {
    name,
    work: { bytes: content.length },
    check: `${content.length} bytes, ${isNew ? content.length : 0} new`,
    samples: 8,
    prepare: () => {
      if (!isNew) return;
      renewals++;
      const view = new DataView(content.buffer);
      for (let at = 0; at < content.length; at += renewedBytes) view.setUint32(at, renewals);
      view.setUint32(content.length - 4, renewals);
    },
    run: async () => {
      let counts = { bytes: 0, newBytes: 0 };
      await bucket.upload(name, streamOf(content), {
        onProgress: (progress) => {
          counts = progress;
        },
      });
      return `${counts.bytes} bytes, ${counts.newBytes} new`;
    },
  };
}

async function* streamOf(content: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < content.length; at += sliceBytes) {
    yield content.subarray(at, at + sliceBytes);
  }
}
