/**
 * The laws of packing and unpacking, with the compression of this Node.
 */

import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkBytesMax } from '../../../src/base/limits.ts';
import {
  decodePayload,
  dictionaryOf,
  encodePayload,
  encodePrimed,
  looksCompressible,
} from '../../../src/engine/chunk/compress.ts';
import { nativeCompression } from '../../../src/engine/platform/native-compression.ts';
import type { Compression } from '../../../src/engine/platform/platform.ts';
import { arbitraryContent, generatedBytes, generatedText } from '../../support/content.ts';

const compression = nativeCompression;

const effort = fc.constantFrom('fast' as const, 'small' as const);

describe('encodePayload', () => {
  test('what it packs, decodePayload unpacks', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryContent(2000), effort, async (bytes, how) => {
        const { encoding, payload } = await encodePayload(compression, bytes, how);
        const unpacked = await decodePayload(compression, encoding, payload, bytes.length);
        expect(unpacked).toEqual(bytes);
      }),
    );
  });

  test('keeps a compressed payload only if it is at least 1/32 smaller', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryContent(2000), effort, async (bytes, how) => {
        const { encoding, payload } = await encodePayload(compression, bytes, how);
        if (encoding === 'raw') expect(payload).toBe(bytes);
        else expect(payload.length).toBeLessThanOrEqual((bytes.length * 31) / 32);
      }),
    );
  });

  test('saving 1 byte in 64 is not worth it, 1 in 16 is', async () => {
    const bytes = generatedBytes(9, 65_536);
    bytes.fill(0, 0, 1024);
    expect(looksCompressible(bytes)).toBe(true);
    expect((await encodePayload(compression, bytes, 'small')).encoding).toBe('raw');
    bytes.fill(0, 0, 4096);
    expect((await encodePayload(compression, bytes, 'small')).encoding).not.toBe('raw');
  });

  test('compresses text of 64 bytes and more, and nothing smaller', async () => {
    const text = generatedText(1, 65_536);
    for (const byteCount of [64, 100, 1000, 65_536]) {
      expect(looksCompressible(text.subarray(0, byteCount))).toBe(true);
    }
    expect(looksCompressible(new Uint8Array(63))).toBe(false);
    expect((await encodePayload(compression, text, 'fast')).encoding).toBe(compression.preferred);
    expect((await encodePayload(compression, new Uint8Array(63), 'fast')).encoding).toBe('raw');
  });

  test('sees that each byte has a bit that is always the same', async () => {
    const bytes = generatedBytes(8, 65_536).map((byte) => byte & 0x7f);
    expect(looksCompressible(bytes)).toBe(true);
    expect((await encodePayload(compression, bytes, 'small')).encoding).not.toBe('raw');
  });

  test('does not try random bytes, and hardly ever compressed ones', () => {
    const tries = (bytes: Uint8Array): number => {
      let count = 0;
      for (let at = 0; at + 65_536 <= bytes.length; at += 65_536) {
        if (looksCompressible(bytes.subarray(at, at + 65_536))) count++;
      }
      return count;
    };
    expect(tries(generatedBytes(3, 4_000_000))).toBe(0);
    expect(tries(deflateRawSync(generatedText(2, 4_000_000), { level: 9 }))).toBeLessThan(2);
  });

  test('sees text anywhere among random bytes, if it is an eighth of them', () => {
    for (let at = 0; at <= 65_536 - 10_240; at += 1024) {
      const bytes = generatedBytes(4, 65_536);
      bytes.set(generatedText(5, 10_240), at);
      expect(looksCompressible(bytes)).toBe(true);
    }
  });

  test('passes on the failure of the compressor', async () => {
    const failing: Compression = {
      ...compression,
      compress: () => Promise.reject(new RangeError('no memory')),
    };
    await expect(encodePayload(failing, new Uint8Array(1000), 'fast')).rejects.toThrow(RangeError);
  });
});

describe('encodePrimed', () => {
  const words = generatedText(9, 50_000);
  const dictionary = dictionaryOf([words.subarray(0, 20_000), words.subarray(20_000)]);

  test('a dictionary is the end of the bases', () => {
    expect(dictionary).toEqual(words.subarray(words.length - 32_768));
    expect(dictionaryOf([words.subarray(0, 9)])).toEqual(words.subarray(0, 9));
  });

  test('what it writes is read with the same bases, and with no others', async () => {
    const delta = words.subarray(40_000, 40_300);
    const { encoding, payload } = await encodePrimed(compression, delta, dictionary);
    expect(encoding).toBe('primed');
    expect(payload.length).toBeLessThan(20);
    const read = (bases?: readonly Uint8Array[]): Promise<Uint8Array> =>
      decodePayload(compression, encoding, payload, delta.length, bases);
    expect(await read([words])).toEqual(delta);
    expect(await read([generatedText(10, 50_000)])).not.toEqual(delta);
    await expect(read([])).rejects.toMatchObject({ code: 'CORRUPT' });
    await expect(read()).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  test('what has nothing in common stays as it is', async () => {
    for (const size of [0, 1, 40, 5000]) {
      const bytes = generatedBytes(11, size);
      const encoded = await encodePrimed(compression, bytes, dictionary);
      expect(encoded).toEqual({ encoding: 'raw', payload: bytes });
    }
  });

  test('a large delta is compressed with what the platform prefers', async () => {
    const { encoding } = await encodePrimed(compression, generatedText(12, 70_000), dictionary);
    expect(encoding).toBe(compression.preferred);
  });
});

describe('decodePayload', () => {
  test('of damaged bytes it gives as many as asked, or CORRUPT', async () => {
    const text = generatedText(6, 3000);
    const { encoding, payload } = await encodePayload(compression, text, 'fast');
    expect(encoding).toBe(compression.preferred);
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(payload.length - 1), fc.nat(254), async (at, change) => {
        const damaged = Uint8Array.from(payload);
        damaged[at] = (damaged[at] as number) ^ (change + 1);
        try {
          const bytes = await decodePayload(compression, encoding, damaged, text.length);
          expect(bytes.length).toBe(text.length);
        } catch (error) {
          expect(error).toMatchObject({ code: 'CORRUPT' });
          refused++;
        }
      }),
    );
    expect(refused).toBeGreaterThan(0);
  });

  test('a decompressor that fails is CORRUPT, with its error as the cause', async () => {
    const garbage = new Uint8Array(100).fill(0xff);
    await expect(decodePayload(compression, 'deflate', garbage, 500)).rejects.toMatchObject({
      code: 'CORRUPT',
      cause: { code: 'Z_DATA_ERROR' },
    });
  });

  test('another size than the one asked for is CORRUPT', async () => {
    const text = generatedText(7, 1000);
    const payload = deflateRawSync(text);
    for (const rawBytes of [0, 999, 1001]) {
      await expect(decodePayload(compression, 'deflate', payload, rawBytes)).rejects.toMatchObject({
        code: 'CORRUPT',
      });
      await expect(decodePayload(compression, 'raw', text, rawBytes)).rejects.toMatchObject({
        code: 'CORRUPT',
      });
    }
  });

  test('a size that no chunk can have is CORRUPT before any memory is taken', async () => {
    const asked: number[] = [];
    const recording: Compression = {
      ...compression,
      decompress: async (encoding, bytes, rawBytes) => {
        asked.push(rawBytes);
        return compression.decompress(encoding, bytes, rawBytes);
      },
    };
    await expect(
      decodePayload(recording, 'deflate', deflateRawSync(new Uint8Array(9)), chunkBytesMax + 1),
    ).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(asked).toEqual([]);
  });
});
