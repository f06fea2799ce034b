/**
 * Growing bytes against a plain array, at the borders of the blocks.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GrowingBytes } from '../../../../src/engine/platform/growing-bytes.ts';

const mebibyte = 2 ** 20;

describe('GrowingBytes', () => {
  test('holds what a plain array would hold, at the borders of blocks too', () => {
    const border = fc.constantFrom(0, 2 ** 12, 2 ** 13, mebibyte, 2 * mebibyte);
    const place = fc
      .record({ border, distance: fc.integer({ min: -50, max: 50 }) })
      .map((at) => Math.max(0, at.border + at.distance));
    fc.assert(
      fc.property(
        fc.array(fc.record({ position: place, bytes: fc.uint8Array({ maxLength: 100 }) })),
        fc.array(fc.record({ position: place, byteCount: fc.nat(200) })),
        (writes, reads) => {
          const bytes = new GrowingBytes();
          const expected = new Uint8Array(2 * mebibyte + 200);
          let size = 0;
          for (const write of writes) {
            bytes.write(write.bytes, write.position);
            expected.set(write.bytes, write.position);
            if (write.bytes.length > 0) size = Math.max(size, write.position + write.bytes.length);
          }
          expect(bytes.size).toBe(size);
          for (const { position, byteCount } of reads) {
            const target = new Uint8Array(byteCount).fill(0xff);
            const count = bytes.read(target, position);
            const end = Math.min(position + byteCount, size);
            expect(count).toBe(Math.max(0, end - position));
            expect(target.subarray(0, count)).toEqual(
              expected.subarray(position, position + count),
            );
            expect(target.subarray(count).every((byte) => byte === 0xff)).toBe(true);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('reads one range across many blocks', () => {
    const bytes = new GrowingBytes();
    const content = new Uint8Array(5 * mebibyte).map((_, i) => Math.imul(i, 2_654_435_761) >>> 24);
    bytes.write(content, 3);
    const target = new Uint8Array(content.length);
    expect(bytes.read(target, 3)).toBe(content.length);
    expect(Buffer.compare(target, content)).toBe(0);
  });

  test('takes positions beyond 4 GiB without the memory before them', () => {
    const bytes = new GrowingBytes();
    const before = process.memoryUsage().arrayBuffers;
    bytes.write(Uint8Array.of(1, 2, 3), 2 ** 40);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * mebibyte);
    expect(bytes.size).toBe(2 ** 40 + 3);
    const target = new Uint8Array(5);
    expect(bytes.read(target, 2 ** 40 - 1)).toBe(4);
    expect(target).toEqual(Uint8Array.of(0, 1, 2, 3, 0));
  });
});
