/**
 * The machine without Node: everything in memory, hashes and codecs in JavaScript and WebAssembly.
 *
 * Imports nothing of Node, directly or not; a test holds that. In tests it is the oracle of the
 * native platform.
 *
 * @module
 */

import { systemClock } from './clock.ts';
import { MemoryFileSystem } from './memory-file-system.ts';
import type { Platform } from './platform.ts';
import { portableCompression } from './portable-compression.ts';
import { portableHashing } from './portable-hashing.ts';
import { cryptoRandomness } from './randomness.ts';

/** A store in memory: each call gives an empty file system of its own. */
export function portablePlatform(): Platform {
  return {
    fileSystem: new MemoryFileSystem(),
    clock: systemClock,
    randomness: cryptoRandomness,
    hashing: portableHashing,
    compression: portableCompression,
    // No process that can be named: no other process can get at this memory either.
    process: { pid: 0 },
    indexIn: 'memory',
  };
}
