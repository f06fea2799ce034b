/**
 * DEFLATE and zstd through `node:zlib`: the only file that imports it, and so CRC-32 is here too.
 *
 * Node has zstd from 22.15 on. Before, zstd is read and, if asked for, written by the portable
 * implementation, and DEFLATE is preferred: on Node 20, level 1 of zstd in WebAssembly is 4 %
 * smaller than level 1 of DEFLATE in pieces of 64 KiB, and 2 % larger in pieces of 4 KiB; but it
 * takes 13 % longer to compress, 27 % longer to decompress, and all of it on the main thread.
 *
 * Small inputs are done at once, larger ones on the thread pool: going there and back costs the
 * main thread 30 µs to decompress and about 100 µs to compress, which is as long as it takes to do
 * the work for 16 KiB of input (compression) or 32 KiB of output (decompression). A delta
 * is compressed with more effort, and at once up to 8 KiB: that takes 0.13 ms, and the way over the
 * pool 0.36 ms of both processors.
 *
 * Throws an `Error` of whatever kind when the input is damaged.
 *
 * @module
 */

import * as zlib from 'node:zlib';
import { deflateLevels, zstdLevels } from './compression-levels.ts';
import type { Codec, Compression } from './platform.ts';
import { portableCompression } from './portable-compression.ts';
import { shortCrc32 } from './short-crc32.ts';
import { mustDeclareContentBytes } from './zstd-frame.ts';

const compressAtOnceBytesMax = { fast: 16 * 1024, small: 8 * 1024, smallest: 8 * 1024 } as const;
const decompressAtOnceBytesMax = 32 * 1024;

/** What of zstd `node:zlib` has where it has it: the types in use here are those of Node 20. */
interface NodeZstd {
  readonly constants: { readonly ZSTD_c_compressionLevel: number };
  zstdCompress(bytes: Uint8Array, options: ZstdOptions, done: Callback): void;
  zstdCompressSync(bytes: Uint8Array, options: ZstdOptions): Buffer;
  zstdDecompress(bytes: Uint8Array, options: zlib.ZlibOptions, done: Callback): void;
  zstdDecompressSync(bytes: Uint8Array, options: zlib.ZlibOptions): Buffer;
}

interface ZstdOptions {
  readonly params: Readonly<Record<number, number>>;
  /** The size that the frame is to declare. */
  readonly pledgedSrcSize: number;
}

type Callback = (error: Error | null, result: Buffer) => void;

const nodeZstd: NodeZstd | undefined =
  'zstdCompress' in zlib ? (zlib as unknown as NodeZstd) : undefined;

export const nativeCompression: Compression = {
  preferred: nodeZstd === undefined ? 'deflate' : 'zstd',

  deflateNow: (bytes) => plainView(zlib.deflateRawSync(bytes, { level: deflateLevels.fast })),

  async compress(encoding, bytes, effort, dictionary): Promise<Uint8Array> {
    const atOnce = bytes.length <= compressAtOnceBytesMax[effort];
    if (encoding !== 'zstd') {
      const options = { level: deflateLevels[effort], ...dictionaryOption(dictionary) };
      return atOnce
        ? plainView(zlib.deflateRawSync(bytes, options))
        : onPool((done) => zlib.deflateRaw(bytes, options, done));
    }
    if (nodeZstd === undefined) return portableCompression.compress(encoding, bytes, effort);
    const { constants, zstdCompress, zstdCompressSync } = nodeZstd;
    const options = {
      params: { [constants.ZSTD_c_compressionLevel]: zstdLevels[effort] },
      pledgedSrcSize: bytes.length,
    };
    return atOnce
      ? plainView(zstdCompressSync(bytes, options))
      : onPool((done) => zstdCompress(bytes, options, done));
  },

  async decompress(encoding, bytes, rawBytes, dictionary): Promise<Uint8Array> {
    const plain = await decode(encoding, bytes, rawBytes, dictionary);
    // Content that is cut short is no error to the zstd of Node 22.
    if (plain.length !== rawBytes) {
      throw new Error(`${encoding} of another size: expected=${rawBytes} found=${plain.length}`);
    }
    return plain;
  },
};

/** At most `rawBytes` of plain bytes, or an error. */
async function decode(
  encoding: Codec,
  bytes: Uint8Array,
  rawBytes: number,
  dictionary: Uint8Array | undefined,
): Promise<Uint8Array> {
  const atOnce = rawBytes <= decompressAtOnceBytesMax;
  const options = {
    // All in one buffer. The byte more keeps zlib from starting another when the first is full.
    chunkSize: Math.max(zlib.constants.Z_MIN_CHUNK, rawBytes + 1),
    maxOutputLength: Math.max(1, rawBytes),
    ...dictionaryOption(dictionary),
  };
  if (encoding !== 'zstd') {
    return atOnce
      ? plainView(zlib.inflateRawSync(bytes, options))
      : onPool((done) => zlib.inflateRaw(bytes, options, done));
  }
  if (nodeZstd === undefined) return portableCompression.decompress(encoding, bytes, rawBytes);
  // zstd sizes its window by the header, so a wrong one must not get there.
  mustDeclareContentBytes(bytes, rawBytes);
  const { zstdDecompress, zstdDecompressSync } = nodeZstd;
  return atOnce
    ? plainView(zstdDecompressSync(bytes, options))
    : onPool((done) => zstdDecompress(bytes, options, done));
}

function dictionaryOption(dictionary: Uint8Array | undefined): { dictionary?: Uint8Array } {
  return dictionary === undefined ? {} : { dictionary };
}

/** Of fewer bytes the call of zlib takes longer than the work. */
const zlibCrc32BytesMin = 128;

/** CRC-32 (IEEE 802.3), continued from `seed`. For `native-hashing.ts`, which has `node:crypto`. */
export function nativeCrc32(bytes: Uint8Array, seed: number): number {
  return bytes.length < zlibCrc32BytesMin ? shortCrc32(bytes, seed) : zlib.crc32(bytes, seed);
}

function onPool(start: (done: Callback) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    start((error, result) => {
      if (error) reject(error);
      else resolve(plainView(result));
    });
  });
}

/** The same memory without the methods of `Buffer`, whose `slice` shares where others copy. */
function plainView(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
