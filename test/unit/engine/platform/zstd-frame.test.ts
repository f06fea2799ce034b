/**
 * The header of a zstd frame, field by field as RFC 8878 lays it out.
 */

import { describe, expect, test } from 'vitest';
import {
  declaredContentBytes,
  mustDeclareContentBytes,
} from '../../../../src/engine/platform/zstd-frame.ts';

const frame = (...header: number[]): Uint8Array => Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, ...header);

describe('declaredContentBytes', () => {
  test.each([
    ['one byte, in a single segment', frame(0x20, 200), 200],
    ['two bytes, counted from 256', frame(0x60, 0x01, 0x02), 0x0201 + 256],
    ['four bytes', frame(0xa0, 1, 2, 3, 4), 0x04030201],
    ['eight bytes', frame(0xe0, 0, 0, 0, 0, 1, 0, 0, 0), 2 ** 32],
    ['a window before it', frame(0x40, 0x99, 0x01, 0x02), 0x0201 + 256],
    ['a dictionary id of one byte before it', frame(0x21, 0x99, 7), 7],
    ['a dictionary id of two bytes before it', frame(0x22, 0x99, 0x99, 7), 7],
    ['a dictionary id of four bytes before it', frame(0x23, 0x99, 0x99, 0x99, 0x99, 7), 7],
  ])('reads a size with %s', (_, bytes, size) => {
    expect(declaredContentBytes(bytes)).toBe(size);
    // Of a view as well, and not of the memory around it.
    const memory = new Uint8Array(bytes.length + 6).fill(0xff);
    memory.set(bytes, 3);
    expect(declaredContentBytes(memory.subarray(3, 3 + bytes.length))).toBe(size);
  });

  test('finds none where none is declared, or the header is cut short', () => {
    expect(declaredContentBytes(frame(0x00, 0x99, 1, 2, 3, 4, 5, 6, 7, 8))).toBeUndefined();
    const whole = frame(0xe3, 0x99, 0x99, 0x99, 0x99, 1, 2, 3, 4, 5, 6, 7, 8);
    for (let size = 0; size < whole.length; size++) {
      expect(declaredContentBytes(whole.subarray(0, size))).toBeUndefined();
    }
  });

  test('finds none in what is no frame', () => {
    const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 0x20, 200);
    expect(declaredContentBytes(skippable)).toBeUndefined();
  });
});

describe('mustDeclareContentBytes', () => {
  test('throws for another size, and for none', () => {
    expect(() => mustDeclareContentBytes(frame(0x20, 200), 200)).not.toThrow();
    expect(() => mustDeclareContentBytes(frame(0x20, 200), 199)).toThrow('declared=200');
    expect(() => mustDeclareContentBytes(frame(0x00, 0x99), 0)).toThrow('declared=undefined');
  });
});
