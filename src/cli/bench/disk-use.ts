/**
 * What a run takes on the disk, and what it had written there.
 *
 * @module
 */

import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../exit-code.ts';

/** The bytes that the files of a folder occupy, in whole blocks; holes in files take none. */
export function occupiedBytes(folder: string): number {
  // Folders count too: thousands of small files are not free.
  let bytes = blocksOf(folder);
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    bytes += blocksOf(join(folder, entry));
  }
  return bytes;
}

function blocksOf(path: string): number {
  try {
    const { blocks, size } = lstatSync(path);
    // Windows counts no blocks.
    return blocks > 0 ? blocks * 512 : Math.ceil(size / 4096) * 4096;
  } catch (error) {
    // A store may take files away while they are counted.
    if (isSystemError(error) && error.code === 'ENOENT') return 0;
    throw error;
  }
}

/**
 * How many bytes this process has had written to disks so far, as the kernel counts it: whole
 * pages, and a page again for each time that it is written back. Only Linux tells.
 */
export function writtenBytes(): number | undefined {
  const path = '/proc/self/io';
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  const match = /^write_bytes: (\d+)$/m.exec(readFileSync(path, 'utf8'));
  return match === null ? undefined : Number(match[1]);
}
