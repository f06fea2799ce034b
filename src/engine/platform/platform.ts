/**
 * The machine, as the engine sees it: every port in one value.
 *
 * The engine is given a platform and touches nothing else. Two implementations of hash and codecs
 * give the same answers: *native* for Node, *portable* for everywhere, the second being the oracle
 * of the first in tests. Nothing outside this folder may import a Node module, read a clock or draw
 * a random number; a test holds that.
 *
 * @module
 */

import type { Encoding } from '../model.ts';
import type { FileSystem } from './file-system.ts';
import type { KeyValueStoreIn } from './key-value-store.ts';

/** Time. */
export interface Clock {
  /** Milliseconds since 1970. May go backwards; the engine never orders by it. */
  nowMs(): number;
  /** Runs `action` once, after the delay. Does not keep a process alive. */
  schedule(delayMs: number, action: () => void): { cancel(): void };
  /** Lets everything else that is ready run first: for long work in slices. */
  yield(): Promise<void>;
}

/** Randomness. */
export interface Randomness {
  /** Unpredictable bytes: nobody else draws the same. */
  bytes(byteCount: number): Uint8Array;
}

/** Names and checksums. */
export interface Hashing {
  /** SHA-256 (FIPS 180-4): 32 bytes, in memory of their own. */
  sha256(bytes: Uint8Array): Uint8Array;
  /**
   * CRC-32 (IEEE 802.3, as in zlib): unsigned. `seed` is the CRC of the bytes before these, 0 if
   * there are none.
   */
  crc32(bytes: Uint8Array, seed: number): number;
}

/** How hard: `fast` on the way in, `small` when there is time, `smallest` if it pays. */
export type Effort = 'fast' | 'small' | 'smallest';

/** What compresses. */
export type Codec = Exclude<Encoding, 'raw'>;

/** Compression. The bytes passed in must not change before the promise settles. */
export interface Compression {
  /** What this platform writes. Every platform reads every encoding. */
  readonly preferred: Exclude<Codec, 'primed'>;
  /** DEFLATE, `fast` and at once: for what is too small to be waited for. */
  deflateNow(bytes: Uint8Array): Uint8Array;
  /** @param dictionary - What `primed` begins behind. Of others none. */
  compress(
    encoding: Codec,
    bytes: Uint8Array,
    effort: Effort,
    dictionary?: Uint8Array,
  ): Promise<Uint8Array>;
  /**
   * The plain bytes: exactly `rawBytes` of them, and about that much memory, whatever the input
   * says. Throws an `Error` (any) for damaged input, but not for all damage: the caller checks the
   * hash, and bounds `rawBytes` before.
   */
  decompress(
    encoding: Codec,
    bytes: Uint8Array,
    rawBytes: number,
    dictionary?: Uint8Array,
  ): Promise<Uint8Array>;
}

/** Who runs this process, for messages about locks. */
export interface ProcessIdentity {
  readonly pid: number;
}

/** Everything the engine needs of the machine. */
export interface Platform {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly hashing: Hashing;
  readonly compression: Compression;
  readonly process: ProcessIdentity;
  /**
   * Whether LevelDB lies in memory or in a folder of the real file system; or what stands in for it
   * in a folder.
   */
  readonly indexIn: 'memory' | 'folder' | KeyValueStoreIn;
}
