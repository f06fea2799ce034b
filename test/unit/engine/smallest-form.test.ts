/**
 * The smallest form of a chunk: beside what trying everything comes to, which takes three times as
 * long.
 */

import { describe, expect, test } from 'vitest';
import { decodePayload, dictionaryOf, encodePrimed } from '../../../src/engine/chunk/compress.ts';
import { decodeDelta, encodeDelta } from '../../../src/engine/chunk/delta.ts';
import {
  smallestForm,
  type Base,
  type Form,
} from '../../../src/engine/maintenance/smallest-form.ts';
import type { ChunkId } from '../../../src/engine/model.ts';
import { nativeCompression } from '../../../src/engine/platform/native-compression.ts';
import { editedText, generatedBytes, generatedText } from '../../support/content.ts';

const compression = nativeCompression;

function idOf(seed: number): ChunkId {
  return { domain: 0, kind: 'data', digest: generatedBytes(seed, 32) };
}

function baseOf(seed: number, bytes: Uint8Array, readCost = 1): Base {
  return { id: idOf(seed), bytes, readCost };
}

function formOf(bytes: Uint8Array, bases: readonly Base[], readCostMax = 8): Promise<Form> {
  return smallestForm(compression, { id: idOf(0), bytes }, bases, readCostMax);
}

async function decoded({ chunk }: Form, bases: readonly Base[]): Promise<Uint8Array> {
  const { encoding, payload, rawBytes, children, delta } = chunk;
  if (delta === undefined) return decodePayload(compression, encoding, payload, rawBytes);
  const bytesOf = (id: ChunkId): Uint8Array => bases.find((base) => base.id === id)!.bytes;
  const ofBases = children.map(bytesOf);
  const plain = await decodePayload(compression, encoding, payload, delta.deltaBytes, ofBases);
  return decodeDelta(ofBases, plain, rawBytes);
}

/** The least that any way to compress any delta of the bases in turn comes to, or the chunk. */
async function leastPayload(bytes: Uint8Array, bases: readonly Base[]): Promise<number> {
  const sizes = [bytes.length, ...(await compressedSizes(bytes))];
  for (let count = 1; count <= bases.length; count++) {
    for (const chosen of [bases.slice(0, count), bases.slice(count - 1, count)]) {
      const ofBases = chosen.map((base) => base.bytes);
      const delta = encodeDelta(ofBases, bytes);
      const primed = await encodePrimed(compression, delta, dictionaryOf(ofBases));
      sizes.push(primed.payload.length, ...(await compressedSizes(delta)));
    }
  }
  return Math.min(...sizes);
}

async function compressedSizes(bytes: Uint8Array): Promise<number[]> {
  const [deflated, zstd] = await Promise.all([
    compression.compress('deflate', bytes, 'small'),
    compression.compress('zstd', bytes, 'small'),
  ]);
  return [deflated.length, zstd.length];
}

/** Text, a line changed here and there. */
const text = generatedText(1, 12_000);
const edits = [3, 9, 30].map((edit) => editedText(1, 12_000, edit));
const noise = generatedBytes(2, 60_000);

describe('the smallest form', () => {
  test('of what resembles nothing is plain', async () => {
    const form = await formOf(text, [baseOf(1, noise)]);
    expect(form.chunk).toMatchObject({ encoding: 'zstd', children: [] });
    expect(await decoded(form, [])).toEqual(text);
  });

  test('of bytes that do not compress is what they are', async () => {
    expect((await formOf(noise, [])).chunk).toMatchObject({ encoding: 'raw', children: [] });
  });

  test('of what repeats itself a lot is tried harder', async () => {
    const records = Array.from({ length: 4000 }, (_, i) => {
      return `{"name":"property ${(i * i) % 977}","version":${(i * 7) % 91},"flags":[]},`;
    });
    const bytes = new TextEncoder().encode(records.join(''));
    const form = await formOf(bytes, []);
    const { length } = await compression.compress('zstd', bytes, 'small');
    expect(length).toBeLessThan(bytes.length / 10);
    expect(form.chunk.payload.length).toBeLessThan(length);
    expect(await decoded(form, [])).toEqual(bytes);
  });

  test('of a few words is DEFLATE, or nothing', async () => {
    expect((await formOf(generatedText(3, 300), [])).chunk.encoding).toBe('deflate');
    expect((await formOf(generatedText(3, 5), [])).chunk.encoding).toBe('raw');
  });

  test('has two bases where each has a half, and reading them may cost so much', async () => {
    const other = generatedText(7, 12_000);
    const both = Uint8Array.from([...text.subarray(0, 40_000), ...other.subarray(0, 40_000)]);
    const bases = [baseOf(1, text, 2), baseOf(2, other, 3)];
    const form = await formOf(both, bases, 6);
    expect(form.chunk.children).toHaveLength(2);
    expect(form.chunk.delta?.readCost).toBe(6);
    expect(await decoded(form, bases)).toEqual(both);
    const cheaper = await formOf(both, bases, 5);
    expect(cheaper.chunk.children).toHaveLength(1);
    expect((await formOf(both, bases, 2)).chunk.children).toEqual([]);
  });

  test.each([
    ['text and its edits', text, edits],
    ['an edit and another', edits[0]!, [text, edits[1]!, noise]],
    ['noise with a hole', noise.subarray(5000), [noise, text]],
    ['a file of a few lines', text.subarray(0, 3000), [edits[0]!.subarray(0, 2800)]],
    ['a beginning', text.subarray(0, 30_000), [generatedText(8, 500), text.subarray(0, 15_000)]],
  ])('of %s is hardly larger than all tries', async (_, bytes, others) => {
    const bases = others.map((each, i) => baseOf(i + 1, each));
    const form = await formOf(bytes, bases);
    expect(await decoded(form, bases)).toEqual(bytes);
    const bookkeeping = 64 + 68;
    const least = await leastPayload(bytes, bases);
    expect(form.storedBytes).toBeLessThan(least * 1.01 + bookkeeping + 8);
  });
});
