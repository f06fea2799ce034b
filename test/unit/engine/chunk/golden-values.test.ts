/**
 * What may never change: where content is cut, and what it is called.
 *
 * Stores hold chunks that were cut and named by earlier releases. If one of these values moves,
 * nothing is lost, but nothing old is found again either: every later upload stores its content
 * anew, and etags change. So a failure here is answered in the code, never by editing the value.
 */

import { describe, expect, test } from 'vitest';
import { concatBytes, toHex } from '../../../../src/base/bytes.ts';
import { type ChunkingLimits, defaultChunking } from '../../../../src/base/limits.ts';
import { chunksOf } from '../../../../src/engine/chunk/chunker.ts';
import { gear } from '../../../../src/engine/chunk/gear.ts';
import { ManifestBuilder } from '../../../../src/engine/chunk/manifest-tree.ts';
import { nativeHashing as hashing } from '../../../../src/engine/platform/native-hashing.ts';
import { generatedBytes, generatedText, sliceAt } from '../../../support/content.ts';

const mebibyte = 2 ** 20;

/** How stores cut for which it is chosen, and those of which it was the default. */
const sixtyFour: ChunkingLimits = { minBytes: 16_384, averageBytes: 65_536, maxBytes: 262_144 };

const hashOf = (bytes: Uint8Array): string => toHex(hashing.sha256(bytes));

const content = concatBytes([
  generatedBytes(1, 2 * mebibyte),
  generatedText(2, 2 * mebibyte),
  new Uint8Array(mebibyte),
  generatedBytes(3, 2 * mebibyte),
]);

async function sizesOf(
  source: Iterable<Uint8Array>,
  limits: ChunkingLimits = defaultChunking,
): Promise<number[]> {
  const sizes: number[] = [];
  for await (const chunk of chunksOf(source, limits)) sizes.push(chunk.length);
  return sizes;
}

async function manifestOf(source: Iterable<Uint8Array>, limits: ChunkingLimits): Promise<string> {
  const builder = new ManifestBuilder(hashing, 0);
  for await (const chunk of chunksOf(source, limits)) {
    const id = { domain: 0, kind: 'data' as const, digest: hashing.sha256(chunk) };
    builder.add({ id, sizeBytes: chunk.length });
  }
  const { root } = builder.finish();
  return `${root.level} ${toHex(root.id.digest)}`;
}

describe('golden values', () => {
  test('the content that the others are about', () => {
    expect(hashOf(content)).toBe(
      '2d5a511d438fbebb9365c5f12a6cc6092df578a1657a0c1a2f7f864722fe57ca',
    );
  });

  test('the gear table', () => {
    expect([...gear.subarray(0, 4)]).toEqual([-1917835226, -143583179, 1437520376, 701051360]);
    const bytes = new Uint8Array(4 * gear.length);
    gear.forEach((number, i) => new DataView(bytes.buffer).setInt32(4 * i, number, true));
    expect(hashOf(bytes)).toBe('7e6cb218766d85bf905173208c0bd0bc9f6378125596cfab6b872aa50dceb576');
  });

  test('cuts with an average of 64 KiB', async () => {
    const sizes = await sizesOf([content], sixtyFour);
    expect(sizes).toEqual([
      60149, 19710, 59911, 65306, 58245, 109791, 78129, 72998, 59200, 59038, 72830, 55433, 61054,
      94154, 59912, 62978, 70741, 54362, 65269, 55104, 23484, 63806, 58280, 50857, 51419, 56514,
      62777, 62346, 88830, 58229, 76556, 56566, 57676, 68231, 58337, 64702, 63505, 57969, 71697,
      77293, 55274, 60372, 61431, 49816, 94899, 79128, 73482, 108769, 123223, 57378, 54264, 91638,
      76280, 54647, 55369, 48290, 55201, 72131, 31298, 80466, 55037, 54222, 79057, 20023, 76007,
      262144, 262144, 262144, 262144, 33663, 29635, 55947, 61631, 58180, 61208, 60575, 31029, 76473,
      71494, 101234, 69671, 94021, 80743, 55975, 79046, 54209, 68676, 74602, 70707, 84418, 86709,
      74798, 84606, 40143, 63144, 60115, 63169, 53275, 46760, 98236, 56274,
    ]);
  });

  test('cuts with the default limits, counted', async () => {
    const sizes = await sizesOf([content]);
    expect(sizes.length).toBe(53);
    expect(hashOf(new Uint8Array(Uint32Array.from(sizes).buffer))).toBe(
      '77e44f08227bd0d44ea7aac80fab6f96cb83d5bf8aaf6d560987ab6c6fb6ad80',
    );
  });

  test('cuts into small chunks, counted', async () => {
    const limits = { minBytes: 1024, averageBytes: 4096, maxBytes: 16_384 };
    const sizes = await sizesOf([content], limits);
    expect(sizes.length).toBe(1646);
    expect(hashOf(new Uint8Array(Uint32Array.from(sizes).buffer))).toBe(
      'd9b15aac32a648ed722098c85117be66fe5ec34486a5d867c3606706b09c6227',
    );
  });

  test('roots of manifests of one level and of two, however the content is sliced', async () => {
    const small = { minBytes: 256, averageBytes: 1024, maxBytes: 4096 };
    for (const source of [[content], sliceAt(content, [1, 65_536, 3 * mebibyte, 5_000_001])]) {
      expect(await manifestOf(source, sixtyFour)).toBe(
        '1 81514c32585d0e8758a4fd692132ebdcd4f88500a704aaa7c1f989ede5f84b37',
      );
      expect(await manifestOf(source, small)).toBe(
        '2 d8e8354de106d7c1629bbcdf66c5c2e5fc82b0f01e05e82f575cf134972ce9e6',
      );
    }
  });

  test('random content is cut into chunks of the average size', async () => {
    const sizes = await sizesOf([generatedBytes(4, 32 * mebibyte)], sixtyFour);
    expect(sizes.length).toBe(521);
    expect((32 * mebibyte) / sizes.length / sixtyFour.averageBytes).toBeCloseTo(1, 1);
  });

  test('no run of one byte is ever cut before the maximum', async () => {
    const { maxBytes } = defaultChunking;
    for (let byte = 0; byte < 256; byte++) {
      const sizes = await sizesOf([new Uint8Array(2 * maxBytes + 1).fill(byte)]);
      expect(sizes).toEqual([maxBytes, maxBytes, 1]);
    }
  });
});
