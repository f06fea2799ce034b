/**
 * How fast is a stream cut, and how much of that is the cut rule?
 *
 * @module
 */

import { defaultChunking } from '../../src/base/limits.ts';
import { chunksOf } from '../../src/engine/chunk/chunker.ts';
import { generatedBytes } from '../../test/support/content.ts';
import type { Case, Suite } from '../harness.ts';

/** Slices as a file stream gives them. */
const sliceBytes = 64 * 1024;

export const chunk: Suite = {
  name: 'chunk',
  question: 'how fast is content cut?',
  async open(scale) {
    const isFull = scale === 'full';
    const bytes = isFull ? 16 << 20 : 1 << 20;
    const random = generatedBytes(1, bytes);
    return {
      floor: {
        name: 'sum every byte',
        work: { bytes },
        check: isFull ? '2139681066' : '133772572',
        samples: 16,
        run: () => String(sumOf(random)),
      },
      cases: [
        cutCase('cut random bytes', random, isFull ? '128' : '9'),
        cutCase('cut zeros', new Uint8Array(bytes), isFull ? '32' : '2'),
      ],
      close: async () => undefined,
    };
  },
};

function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) sum += bytes[at] as number;
  return sum;
}

/** @param check - How many chunks there are. */
function cutCase(name: string, content: Uint8Array, check: string): Case {
  return {
    name,
    work: { bytes: content.length },
    check,
    samples: 16,
    run: async () => {
      let chunkCount = 0;
      for await (const chunkBytes of chunksOf(slicesOf(content), defaultChunking)) {
        if (chunkBytes.length > 0) chunkCount++;
      }
      return String(chunkCount);
    },
  };
}

async function* slicesOf(content: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < content.length; at += sliceBytes) {
    yield content.subarray(at, at + sliceBytes);
  }
}
