/**
 * However small the objects, a crash leaves no more to replay than a fraction of a second's work:
 * a checkpoint is taken after so many operations, too, and not only after so many bytes.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeCrashedStore } from '../../bench/crashed-store.ts';
import { checkpointBytes, checkpointOperations } from '../../src/base/limits.ts';
import { readSuperblock } from '../../src/engine/incarnation.ts';
import { LogFiles } from '../../src/engine/log/log-files.ts';
import { recoverJournal } from '../../src/engine/log/recovery.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';

test('small objects are at most so many operations behind the last checkpoint', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'varve-distance-'));
  const stored = checkpointOperations + 8192;
  const { directory, tailBytes } = await makeCrashedStore(folder, stored, stored);
  expect(tailBytes).toBeLessThan(checkpointBytes / 4);

  const platform = nodePlatform();
  const { fileSystem, hashing } = platform;
  const storeId = (await readSuperblock(platform, directory))?.storeId as Uint8Array;
  const files = await LogFiles.open(fileSystem, hashing.crc32, directory, storeId);
  const recovered = await recoverJournal(files, hashing.crc32);
  await files.close();
  expect(recovered.lastLsn).toBeGreaterThan(stored);
  expect(recovered.operationsSinceCheckpoint).toBeLessThan(checkpointOperations);
  rmSync(folder, { recursive: true });
});
