/**
 * The machine under Node: on disk, and in memory.
 *
 * @module
 */

import { systemClock } from './clock.ts';
import { MemoryFileSystem } from './memory-file-system.ts';
import { nativeCompression } from './native-compression.ts';
import { nativeHashing } from './native-hashing.ts';
import { nodeFileSystem } from './node-file-system.ts';
import type { Platform } from './platform.ts';
import { cryptoRandomness } from './randomness.ts';

/** A store in a folder of this machine. */
export function nodePlatform(): Platform {
  return {
    fileSystem: nodeFileSystem,
    clock: systemClock,
    randomness: cryptoRandomness,
    hashing: nativeHashing,
    compression: nativeCompression,
    process: { pid: process.pid },
    indexIn: 'folder',
  };
}

/** A store in memory: each call gives an empty file system of its own. */
export function memoryPlatform(): Platform {
  return { ...nodePlatform(), fileSystem: new MemoryFileSystem(), indexIn: 'memory' };
}
