/**
 * DEFLATE and zstd in any JavaScript engine: `fflate`, and zstd compiled to WebAssembly.
 *
 * Both run where they are called and hold up everything else meanwhile. zstd is loaded when it is
 * first needed (5 to 10 ms): most processes on Node never need this one, and a platform without
 * WebAssembly can still read and write DEFLATE. That is also why DEFLATE is preferred here,
 * although this zstd compresses three times as fast as `fflate` (175 against 68 MB/s, ratio 4.7
 * against 4.65).
 *
 * Neither library says no when content is longer than announced, or when memory runs out; so sizes
 * are checked before (zstd, by the frame's header and `chunkBytesMax`) and after. Throws an `Error`
 * of whatever kind when the input is damaged.
 *
 * @module
 */

import { deflateSync, inflateSync } from 'fflate';
import { assert } from '../../base/assert.ts';
import { chunkBytesMax } from '../../base/limits.ts';
import { deflateLevels, zstdLevels } from './compression-levels.ts';
import type { Compression, Effort } from './platform.ts';
import { mustDeclareContentBytes } from './zstd-frame.ts';

type Zstd = typeof import('@bokuweb/zstd-wasm');

let loading: Promise<Zstd> | undefined;

function loadZstd(): Promise<Zstd> {
  loading ??= import('@bokuweb/zstd-wasm').then(async (zstd) => {
    await zstd.init();
    return zstd;
  });
  return loading;
}

export const portableCompression: Compression = {
  preferred: 'deflate',

  deflateNow: (bytes) => deflate(bytes, 'fast'),

  async compress(encoding, bytes, effort, dictionary): Promise<Uint8Array> {
    if (encoding !== 'zstd') return deflate(bytes, effort, dictionary);
    // Where its heap ends, the library would write through a null pointer.
    assert(bytes.length <= chunkBytesMax, 'nothing larger than a chunk is compressed');
    const zstd = await loadZstd();
    return zstd.compress(bytes, zstdLevels[effort]);
  },

  async decompress(encoding, bytes, rawBytes, dictionary): Promise<Uint8Array> {
    assert(rawBytes <= chunkBytesMax, 'nothing decompresses to more than a chunk');
    const plain =
      encoding === 'zstd' ? await unZstd(bytes, rawBytes) : inflate(bytes, rawBytes, dictionary);
    if (plain.length !== rawBytes) {
      throw new Error(`${encoding} of another size: expected=${rawBytes} found=${plain.length}`);
    }
    return plain;
  },
};

function deflate(bytes: Uint8Array, effort: Effort, dictionary?: Uint8Array): Uint8Array {
  const level = deflateLevels[effort];
  return deflateSync(bytes, dictionary === undefined ? { level } : { level, dictionary });
}

function inflate(bytes: Uint8Array, rawBytes: number, dictionary?: Uint8Array): Uint8Array {
  // `fflate` drops what does not fit in `out`. One byte more than expected shows that there was
  // more.
  const out = new Uint8Array(rawBytes + 1);
  return inflateSync(bytes, dictionary === undefined ? { out } : { out, dictionary });
}

async function unZstd(bytes: Uint8Array, rawBytes: number): Promise<Uint8Array> {
  mustDeclareContentBytes(bytes, rawBytes);
  const zstd = await loadZstd();
  return zstd.decompress(bytes);
}
