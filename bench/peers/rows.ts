/**
 * All rows, in the order of the table.
 *
 * @module
 */

import type { Row } from './row.ts';
import { copyLarge } from './rows/copy-large.ts';
import { downloadTogether } from './rows/download-together.ts';
import { importReleases } from './rows/import-releases.ts';
import { importTree } from './rows/import-tree.ts';
import { importUnchanged } from './rows/import-unchanged.ts';
import { listGroups } from './rows/list-groups.ts';
import { listNames } from './rows/list-names.ts';
import { manyChunks } from './rows/many-chunks.ts';
import { memory } from './rows/memory.ts';
import { openLarge } from './rows/open-large.ts';
import { rangeRead } from './rows/range-read.ts';
import { streamAgain } from './rows/stream-again.ts';
import { streamDown } from './rows/stream-down.ts';
import { streamUp } from './rows/stream-up.ts';
import { uploadAlone } from './rows/upload-alone.ts';
import { uploadBesideStream } from './rows/upload-beside-stream.ts';
import { uploadTogether } from './rows/upload-together.ts';

export const rows: readonly Row[] = [
  importReleases,
  importTree,
  streamUp,
  streamAgain,
  streamDown,
  rangeRead,
  uploadTogether,
  uploadAlone,
  downloadTogether,
  listNames,
  listGroups,
  copyLarge,
  manyChunks,
  openLarge,
  memory,
  uploadBesideStream,
  importUnchanged,
];
