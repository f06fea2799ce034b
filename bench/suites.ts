/**
 * All suites, in the order of the way in and then the way out.
 *
 * @module
 */

import type { Suite } from './harness.ts';
import { chunk } from './suites/chunk.ts';
import { compress } from './suites/compress.ts';
import { downloadLarge } from './suites/download-large.ts';
import { downloadSmall } from './suites/download-small.ts';
import { hash } from './suites/hash.ts';
import { list } from './suites/list.ts';
import { range } from './suites/range.ts';
import { recovery } from './suites/recovery.ts';
import { uploadLarge } from './suites/upload-large.ts';
import { uploadSmall } from './suites/upload-small.ts';

export const suites: readonly Suite[] = [
  chunk,
  hash,
  compress,
  uploadSmall,
  uploadLarge,
  downloadSmall,
  downloadLarge,
  range,
  list,
  recovery,
];
