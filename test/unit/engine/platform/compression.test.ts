/**
 * Native and portable codecs read what the other wrote, and neither believes its input.
 */

import { constants, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../../../src/base/bytes.ts';
import { chunkBytesMax } from '../../../../src/base/limits.ts';
import { nativeCompression } from '../../../../src/engine/platform/native-compression.ts';
import type { Compression, Effort } from '../../../../src/engine/platform/platform.ts';
import { portableCompression } from '../../../../src/engine/platform/portable-compression.ts';

const implementations = { native: nativeCompression, portable: portableCompression };
const encodings = ['deflate', 'zstd'] as const;
const efforts: readonly Effort[] = ['fast', 'small'];

const mebibyte = 2 ** 20;

/** Sizes around those at which work moves to the thread pool. */
const sizes = [0, 1, 63, 64, 16_384, 16_385, 32_768, 32_769, 200_000];

/** Compressible, without a period, and the same each time. */
function sample(byteCount: number): Uint8Array {
  let state = 1;
  return new Uint8Array(byteCount).map(() => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return 97 + ((state >>> 16) % (1 + ((state >>> 24) % 8)));
  });
}

/** Random bytes among repeated ones, so that there is something to compress. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.tuple(fc.nat(255), fc.nat(2000)).map(([byte, count]) => new Uint8Array(count).fill(byte)),
    ),
    { maxLength: 6 },
  )
  .map(concatBytes);

const anyImplementation = fc.constantFrom(...Object.values(implementations));
const anyEncoding = fc.constantFrom(...encodings);
const anyEffort = fc.constantFrom(...efforts);

const zstdMagic = [0x28, 0xb5, 0x2f, 0xfd];

const littleEndian = (value: number, byteCount: number): number[] =>
  Array.from({ length: byteCount }, (_, i) => (value >>> (8 * i)) & 0xff);

/** What came of damaged input: the size of the bytes, or `undefined` for an error. */
async function sizeOrError(
  compression: Compression,
  encoding: 'deflate' | 'zstd',
  bytes: Uint8Array,
  rawBytes: number,
): Promise<number | undefined> {
  try {
    return (await compression.decompress(encoding, bytes, rawBytes)).length;
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return undefined;
  }
}

describe('each codec', () => {
  test('reads what the other wrote, at any effort', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyImplementation,
        anyImplementation,
        anyEncoding,
        anyEffort,
        content,
        async (writer, reader, encoding, effort, bytes) => {
          const encoded = await writer.compress(encoding, bytes, effort);
          expect(await reader.decompress(encoding, encoded, bytes.length)).toEqual(bytes);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('reads what the other wrote behind a dictionary, of any size', async () => {
    const dictionaries = fc.constantFrom(0, 1, 2, 3, 1000, 32_767, 32_768);
    await fc.assert(
      fc.asyncProperty(
        anyImplementation,
        anyImplementation,
        anyEffort,
        content,
        dictionaries,
        async (writer, reader, effort, bytes, size) => {
          const dictionary = concatBytes([sample(size), bytes]).subarray(0, size);
          const encoded = await writer.compress('primed', bytes, effort, dictionary);
          const plain = await reader.decompress('primed', encoded, bytes.length, dictionary);
          expect(plain).toEqual(bytes);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('writes at once what the others read', async () => {
    for (const writer of Object.values(implementations)) {
      const encoded = writer.deflateNow(sample(5000));
      for (const reader of Object.values(implementations)) {
        expect(await reader.decompress('deflate', encoded, 5000)).toEqual(sample(5000));
      }
    }
  });

  test.each(sizes)('reads %i bytes that the other wrote', async (size) => {
    const bytes = sample(size);
    for (const encoding of encodings) {
      for (const writer of Object.values(implementations)) {
        const encoded = await writer.compress(encoding, bytes, 'fast');
        for (const reader of Object.values(implementations)) {
          const plain = await reader.decompress(encoding, encoded, size);
          expect(Buffer.compare(plain, bytes)).toBe(0);
        }
      }
    }
  });

  test('never gives out another size than asked for, whatever happened to its input', async () => {
    const damage = fc.oneof(
      fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }),
      fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
      fc.record({ kind: fc.constant('append' as const), bytes: fc.uint8Array({ minLength: 1 }) }),
    );
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        anyImplementation,
        anyImplementation,
        anyEncoding,
        content,
        damage,
        async (writer, reader, encoding, bytes, how) => {
          let encoded: Uint8Array = Uint8Array.from(await writer.compress(encoding, bytes, 'fast'));
          if (how.kind === 'cut') encoded = encoded.subarray(0, how.at % encoded.length);
          else if (how.kind === 'append') encoded = concatBytes([encoded, how.bytes]);
          else (encoded[how.at % encoded.length] as number) ^= 1 << how.bit;
          const size = await sizeOrError(reader, encoding, encoded, bytes.length);
          if (size === undefined) refused++;
          else expect(size).toBe(bytes.length);
        },
      ),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  test('takes anything for its input without giving out another size', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyImplementation,
        anyEncoding,
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(1000),
        async (reader, encoding, noise, rawBytes) => {
          const size = await sizeOrError(reader, encoding, noise, rawBytes);
          expect([undefined, rawBytes]).toContain(size);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe.each(Object.entries(implementations))('%s compression', (_, compression) => {
  test.each(encodings)('%s makes text smaller, and smaller still with time', async (encoding) => {
    const text = sample(100_000);
    const fast = await compression.compress(encoding, text, 'fast');
    const small = await compression.compress(encoding, text, 'small');
    expect(fast.length).toBeLessThan(text.length / 2);
    expect(small.length).toBeLessThan(fast.length);
  });

  test.each(encodings)('%s refuses content of another size than expected', async (encoding) => {
    for (const size of [1000, 100_000]) {
      const encoded = await compression.compress(encoding, sample(size), 'fast');
      for (const expected of [0, 1, size - 1, size + 1, 2 * size]) {
        const decompressed = compression.decompress(encoding, encoded, expected);
        await expect(decompressed, `${expected} of ${size}`).rejects.toBeInstanceOf(Error);
      }
    }
  });

  test.each(encodings)(
    '%s gives out plain arrays, and leaves its input alone',
    async (encoding) => {
      const bytes = Buffer.from(sample(5000));
      const encoded = Buffer.from(await compression.compress(encoding, bytes, 'fast'));
      const before = Buffer.from(encoded);
      const plain = await compression.decompress(encoding, encoded, bytes.length);
      for (const given of [await compression.compress(encoding, bytes, 'fast'), plain]) {
        expect(Object.getPrototypeOf(given)).toBe(Uint8Array.prototype);
      }
      expect(bytes.equals(sample(5000))).toBe(true);
      expect(encoded.equals(before)).toBe(true);
    },
  );

  test('refuses a zstd frame that does not declare its size, even if it is right', async () => {
    // One block of a zero repeated 1000 times; a window of 128 MiB, or a single segment.
    const block = [...littleEndian((1000 << 3) | 3, 3), 0];
    const silent = Uint8Array.of(...zstdMagic, 0x00, 0x88, ...block);
    const telling = Uint8Array.of(...zstdMagic, 0x60, ...littleEndian(1000 - 256, 2), ...block);
    expect(await compression.decompress('zstd', telling, 1000)).toEqual(new Uint8Array(1000));
    await expect(compression.decompress('zstd', silent, 1000)).rejects.toBeInstanceOf(Error);
  });

  test.each(Object.entries(bombs()))(
    'refuses a bomb without the memory for it: %s',
    async (_bomb, { encoding, bytes }) => {
      // Loads what is loaded when it is first needed, so that it is not counted.
      await compression.compress('zstd', sample(1000), 'fast');
      const before = process.resourceUsage().maxRSS;
      for (const rawBytes of [0, 1000, mebibyte]) {
        const decompressed = compression.decompress(encoding, bytes, rawBytes);
        await expect(decompressed).rejects.toBeInstanceOf(Error);
      }
      // In KiB: the most memory that this process ever had.
      expect(process.resourceUsage().maxRSS - before).toBeLessThan(64 * 1024);
    },
  );
});

/** 256 MiB of zeros in less than half of one, made without ever having them. */
function bombs(): Record<string, { encoding: 'deflate' | 'zstd'; bytes: Uint8Array }> {
  const part = deflateRawSync(new Uint8Array(mebibyte), { finishFlush: constants.Z_FULL_FLUSH });
  const end = deflateRawSync(new Uint8Array(0));
  const deflated = concatBytes([...Array.from({ length: 256 }, () => part), end]);

  // Blocks of 128 KiB of zeros: a header of three bytes, and the byte that is repeated.
  const block = (isLast: boolean): number[] => [
    ...littleEndian(((2 ** 17) << 3) | 2 | (isLast ? 1 : 0), 3),
    0,
  ];
  const blocks = Uint8Array.from(Array.from({ length: 2048 }, (_, i) => block(i === 2047)).flat());
  const frame = (...header: number[]): Uint8Array =>
    concatBytes([Uint8Array.of(...zstdMagic, ...header), blocks]);

  return {
    deflate: { encoding: 'deflate', bytes: deflated },
    'zstd that declares all of it': {
      encoding: 'zstd',
      bytes: frame(0xa0, ...littleEndian(256 * mebibyte, 4)),
    },
    'zstd that declares a window of 128 MiB': { encoding: 'zstd', bytes: frame(0x00, 0x88) },
    'zstd that declares 1 MiB': {
      encoding: 'zstd',
      bytes: frame(0xa0, ...littleEndian(mebibyte, 4)),
    },
  };
}

describe('nativeCompression', () => {
  test('prefers zstd exactly where Node has it', () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const hasZstd = major > 23 || (major === 23 && minor >= 8) || (major === 22 && minor >= 15);
    expect(nativeCompression.preferred).toBe(hasZstd ? 'zstd' : 'deflate');
  });
});

describe('portableCompression', () => {
  test('prefers what needs no WebAssembly', () => {
    expect(portableCompression.preferred).toBe('deflate');
  });

  test('takes the largest chunk, and nothing larger', async () => {
    const largest = new Uint8Array(chunkBytesMax);
    const encoded = await portableCompression.compress('zstd', largest, 'fast');
    const plain = await portableCompression.decompress('zstd', encoded, largest.length);
    expect(plain.length).toBe(chunkBytesMax);
    const larger = new Uint8Array(chunkBytesMax + 1);
    await expect(portableCompression.compress('zstd', larger, 'fast')).rejects.toThrow('chunk');
    for (const encoding of encodings) {
      const decompressed = portableCompression.decompress(encoding, encoded, larger.length);
      await expect(decompressed).rejects.toThrow('chunk');
    }
  });
});
