/**
 * Memory on its way to a file: copies are whole, and stay so until they were written.
 */

import { expect, test } from 'vitest';
import { WriteMemory } from '../../../../src/engine/log/write-memory.ts';
import { generatedBytes } from '../../../support/content.ts';

const sizes = [0, 1, 4096, 12_288, 16_384, 16_385, 131_072, 524_288, 1_048_576, 3_000_000];

test('a copy has the bytes that were given, whatever the giver does to them afterwards', () => {
  const memory = new WriteMemory();
  for (const [seed, size] of sizes.entries()) {
    const given = generatedBytes(seed, size);
    const copy = memory.copyOf(given);
    given.fill(0);
    expect(Buffer.compare(copy, generatedBytes(seed, size))).toBe(0);
  }
});

test('what was taken is not written to before it is given back', () => {
  const memory = new WriteMemory();
  const fill = (seed: number): Uint8Array[] =>
    sizes.map((size, i) => memory.copyOf(generatedBytes(seed + i, size)));
  for (let round = 0; round < 3; round++) {
    const copies = fill(100);
    const taken = memory.take();
    fill(200);
    copies.forEach((copy, i) => {
      const expected = generatedBytes(100 + i, sizes[i] as number);
      expect(Buffer.compare(copy, expected)).toBe(0);
    });
    memory.giveBack(taken);
    memory.giveBack(memory.take());
  }
});

test('memory that was given back serves again', () => {
  const memory = new WriteMemory();
  const buffers = new Set<ArrayBufferLike>();
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 8; i++) buffers.add(memory.copyOf(new Uint8Array(100_000)).buffer);
    memory.giveBack(memory.take());
  }
  expect(buffers.size).toBeLessThan(20);
});
