/**
 * What does it cost to store chunks compressed, to find out that they do not compress, and to get
 * them back?
 *
 * @module
 */

import { assert } from '../../src/base/assert.ts';
import {
  decodePayload,
  type EncodedPayload,
  encodePayload,
} from '../../src/engine/chunk/compress.ts';
import { nativeCompression } from '../../src/engine/platform/native-compression.ts';
import { nativeHashing } from '../../src/engine/platform/native-hashing.ts';
import { generatedBytes, generatedText } from '../../test/support/content.ts';
import type { Case, Suite } from '../harness.ts';

const chunkBytes = 64 * 1024;

export const compress: Suite = {
  name: 'compress',
  question: `what does it cost to compress chunks of 64 KiB (${nativeCompression.preferred})?`,
  async open(scale) {
    const chunkCount = scale === 'full' ? 16 : 2;
    const text = chunksFrom(generatedText(3, chunkCount * chunkBytes));
    const random = chunksFrom(generatedBytes(4, chunkCount * chunkBytes));
    const encoded = await Promise.all(text.map(encode));
    const work = { bytes: chunkCount * chunkBytes };
    return {
      floor: {
        name: 'crc32',
        work,
        check: `${chunkCount} sums`,
        run: () => {
          const sums = text.map((bytes) => nativeHashing.crc32(bytes, 0));
          return `${sums.filter((sum) => sum > 0).length} sums`;
        },
      },
      cases: [
        encodeCase('compress text', text, `0 of ${chunkCount} kept as they are`),
        encodeCase('find random bytes', random, `${chunkCount} of ${chunkCount} kept as they are`),
        {
          name: 'decompress text',
          work,
          check: `${work.bytes} bytes`,
          run: async () => {
            const plain = await Promise.all(encoded.map(decode));
            return `${plain.reduce((sum, { length }) => sum + length, 0)} bytes`;
          },
          conclude: async () => {
            const [first, original] = [encoded[0], text[0]];
            assert(first !== undefined && original !== undefined, 'there is a chunk');
            const same = Buffer.compare(await decode(first), original) === 0;
            assert(same, 'a chunk comes back as it was');
            const storedBytes = encoded.reduce((sum, { payload }) => sum + payload.length, 0);
            return `text takes ${((storedBytes / work.bytes) * 100).toFixed(0)} % of its size`;
          },
        },
      ],
      close: async () => undefined,
    };
  },
};

function encode(bytes: Uint8Array): Promise<EncodedPayload> {
  return encodePayload(nativeCompression, bytes, 'fast');
}

function decode({ encoding, payload }: EncodedPayload): Promise<Uint8Array> {
  return decodePayload(nativeCompression, encoding, payload, chunkBytes);
}

function encodeCase(name: string, chunks: readonly Uint8Array[], check: string): Case {
  return {
    name,
    work: { bytes: chunks.length * chunkBytes },
    check,
    run: async () => {
      const encoded = await Promise.all(chunks.map(encode));
      const kept = encoded.filter(({ encoding }) => encoding === 'raw');
      return `${kept.length} of ${chunks.length} kept as they are`;
    },
  };
}

function chunksFrom(content: Uint8Array): Uint8Array[] {
  return Array.from({ length: content.length / chunkBytes }, (_, i) =>
    content.subarray(i * chunkBytes, (i + 1) * chunkBytes),
  );
}
