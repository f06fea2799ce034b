/**
 * The laws of bytes: what is written is read back, and nothing is read that was not written.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareBytes,
  concatBytes,
  decodeUtf8,
  encodeUtf8,
  equalBytes,
  fromBinaryString,
  Reader,
  toBinaryString,
  toHex,
  Writer,
} from '../../../src/base/bytes.ts';

/** A field of a record: what to write, and how to read it back. */
type Field =
  | { readonly kind: 'u8' | 'u16' | 'u32' | 'u64' | 'varint'; readonly value: number }
  | { readonly kind: 'sized'; readonly value: Uint8Array }
  | { readonly kind: 'text'; readonly value: string };

const integer = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat(),
  fc.nat(53).map((bits) => 2 ** bits - 1),
);
const text = fc.string({ unit: 'binary' });

const field = fc.oneof(
  fc.record({ kind: fc.constant('u8'), value: fc.nat(255) }),
  fc.record({ kind: fc.constant('u16'), value: fc.nat(65_535) }),
  fc.record({ kind: fc.constant('u32'), value: fc.nat(2 ** 32 - 1) }),
  fc.record({ kind: fc.constantFrom('u64', 'varint'), value: integer }),
  fc.record({ kind: fc.constant('sized'), value: fc.uint8Array({ maxLength: 400 }) }),
  fc.record({ kind: fc.constant('text'), value: text }),
) as fc.Arbitrary<Field>;

function encode(fields: readonly Field[]): Uint8Array {
  const writer = new Writer();
  for (const { kind, value } of fields) {
    (writer[kind] as (value: unknown) => Writer).call(writer, value);
  }
  expect(writer.size).toBe(writer.finish().length);
  return writer.finish();
}

function decode(bytes: Uint8Array, fields: readonly Field[]): unknown[] {
  const reader = new Reader(bytes, 'a test');
  const values = fields.map(({ kind }) => reader[kind]());
  expect(reader.atEnd).toBe(true);
  return values;
}

/** A view into the middle of something larger, as slices of a buffer are. */
function viewOf(bytes: Uint8Array): Uint8Array {
  const around = new Uint8Array(bytes.length + 7).fill(0xee);
  around.set(bytes, 3);
  return around.subarray(3, 3 + bytes.length);
}

describe('Writer and Reader', () => {
  test('what is written is read back, from a view as well', () => {
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const values = fields.map(({ value }) => value);
        expect(decode(viewOf(encode(fields)), fields)).toEqual(values);
      }),
    );
  });

  test('a field that the memory of a record has no room for is written all the same', () => {
    for (let before = 0; before < 300; before++) {
      const start = new Uint8Array(before);
      const bytes = new Writer().bytes(start).u16(0x0201).bytes(start).u32(0x06050403).finish();
      const reader = new Reader(bytes, 'a test');
      expect(reader.bytes(before)).toEqual(start);
      expect(reader.u16()).toBe(0x0201);
      expect(reader.bytes(before)).toEqual(start);
      expect(reader.u32()).toBe(0x06050403);
      const wide = new Writer()
        .bytes(start)
        .u64(2 ** 48 + 7)
        .finish();
      expect(new Reader(wide, 'a test', before).u64()).toBe(2 ** 48 + 7);
    }
  });

  test('a record that was cut short is CORRUPT, wherever the cut is', () => {
    fc.assert(
      fc.property(fc.array(field, { minLength: 1 }), fc.nat(), (fields, choice) => {
        const bytes = encode(fields);
        const cut = bytes.subarray(0, choice % bytes.length);
        expect(() => decode(viewOf(cut), fields)).toThrow(
          expect.objectContaining({ code: 'CORRUPT' }) as Error,
        );
      }),
    );
  });

  test('any bytes are read as something or are CORRUPT', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.array(field), (bytes, fields) => {
        const reader = new Reader(bytes, 'a test');
        try {
          for (const { kind } of fields) reader[kind]();
        } catch (error) {
          expect(error).toMatchObject({ code: 'CORRUPT' });
        }
        expect(reader.offset).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  test('a varint has no more bytes than its bits need', () => {
    fc.assert(
      fc.property(integer, (value) => {
        const size = new Writer().varint(value).size;
        expect(size).toBe(Math.max(1, Math.ceil(value.toString(2).length / 7)));
      }),
    );
  });

  test.each([-1, 0.5, 2 ** 53, Number.NaN])('%s is not written', (value) => {
    expect(() => new Writer().varint(value)).toThrow('bug in varve');
    expect(() => new Writer().u64(value)).toThrow('bug in varve');
  });

  test('an integer above 2^53 - 1 is not read', () => {
    const above = Uint8Array.from([0, 0, 0, 0, 0, 0, 0x20, 0]);
    expect(() => new Reader(above, 'a test').u64()).toThrow('2^53');
    const long = Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]);
    expect(() => new Reader(long, 'a test').varint()).toThrow('too long');
    expect(() => new Reader(new Uint8Array(9).fill(0x80), 'a test').varint()).toThrow('too long');
  });

  test('a text map keeps every name, also those that objects have of themselves', () => {
    const name = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toString', ''));
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, text), { selector: ([key]) => key }), (entries) => {
        const map = Object.fromEntries(entries);
        const read = new Reader(new Writer().textMap(map).finish(), 'a test').textMap();
        expect(new Map(Object.entries(read))).toEqual(new Map(Object.entries(map)));
      }),
    );
  });

  test('text that is not UTF-8 is CORRUPT', () => {
    const bytes = new Writer().sized(Uint8Array.of(0xc3, 0x28)).finish();
    expect(() => new Reader(bytes, 'a test').text()).toThrow('not UTF-8');
  });
});

describe('bytes', () => {
  const bytes = fc.uint8Array();

  test('compare as Buffers do, and as their binary strings and hexadecimals', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const order = Buffer.compare(a, b);
        expect(Math.sign(compareBytes(a, b))).toBe(order);
        expect(equalBytes(a, b)).toBe(order === 0);
        const [first, second] = [toBinaryString(a), toBinaryString(b)];
        expect(first < second ? -1 : first > second ? 1 : 0).toBe(order);
        expect(toHex(a)).toBe(Buffer.from(a).toString('hex'));
      }),
    );
  });

  test('survive the way through a binary string, and text the way through UTF-8', () => {
    fc.assert(
      fc.property(bytes, text, (value, string) => {
        expect(fromBinaryString(toBinaryString(value))).toEqual(value);
        expect(decodeUtf8(encodeUtf8(string))).toBe(string);
      }),
    );
  });

  test('that are joined share no memory with their parts', () => {
    fc.assert(
      fc.property(fc.array(bytes), (parts) => {
        const joined = concatBytes(parts);
        const expected = Buffer.concat(parts).toString('hex');
        for (const part of parts) part.fill(0);
        expect(toHex(joined)).toBe(expected);
      }),
    );
  });
});
