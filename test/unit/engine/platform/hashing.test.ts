/**
 * Native and portable hashes agree with the published vectors, and with each other.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8, toHex } from '../../../../src/base/bytes.ts';
import { nativeHashing } from '../../../../src/engine/platform/native-hashing.ts';
import type { Hashing } from '../../../../src/engine/platform/platform.ts';
import { portableHashing } from '../../../../src/engine/platform/portable-hashing.ts';

const implementations: [string, Hashing][] = [
  ['native', nativeHashing],
  ['portable', portableHashing],
];

/** From FIPS 180-4's examples; the last is one million times the letter a. */
const digests: [string, string][] = [
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
  ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
];

const slice = fc.uint8Array({ maxLength: 300 });
const seed = fc.nat(0xffff_ffff);

describe.each(implementations)('%s hashing', (_, hashing) => {
  test('knows the vectors of SHA-256', () => {
    for (const [text, digest] of digests) {
      expect(toHex(hashing.sha256(encodeUtf8(text)))).toBe(digest);
    }
  });

  test('knows the check value of CRC-32', () => {
    expect(hashing.crc32(encodeUtf8('123456789'), 0)).toBe(0xcbf43926);
    expect(hashing.crc32(encodeUtf8('a'), 0)).toBe(0xe8b7be43);
    expect(hashing.crc32(new Uint8Array(0), 0)).toBe(0);
  });

  test('has the CRC of a whole from the CRCs of its parts', () => {
    fc.assert(
      fc.property(slice, slice, seed, (head, tail, start) => {
        const whole = hashing.crc32(concatBytes([head, tail]), start);
        expect(hashing.crc32(tail, hashing.crc32(head, start))).toBe(whole);
        expect(hashing.crc32(new Uint8Array(0), start)).toBe(start);
      }),
    );
  });

  test('leaves the CRC as it is for no bytes, wherever they are not', () => {
    for (const nothing of [
      new Uint8Array(0),
      new Uint8Array(new ArrayBuffer(0)),
      new Uint8Array(8).subarray(8),
    ]) {
      expect(hashing.crc32(nothing, 0x1234)).toBe(0x1234);
    }
  });

  test('reads the part of memory that a view shows, and keeps none of it', () => {
    const memory = encodeUtf8('xxabcxx');
    const digest = hashing.sha256(memory.subarray(2, 5));
    memory.fill(0);
    expect(toHex(digest)).toBe(digests[1]?.[1]);
    expect(digest.buffer.byteLength).toBe(32);
    expect(Object.getPrototypeOf(digest)).toBe(Uint8Array.prototype);
  });
});

describe('native and portable hashing', () => {
  test('give the same digest', () => {
    fc.assert(
      fc.property(slice, (bytes) => {
        expect(nativeHashing.sha256(bytes)).toEqual(portableHashing.sha256(bytes));
      }),
    );
  });

  test('give the same CRC from any seed', () => {
    fc.assert(
      fc.property(slice, seed, (bytes, start) => {
        expect(nativeHashing.crc32(bytes, start)).toBe(portableHashing.crc32(bytes, start));
      }),
    );
  });
});
