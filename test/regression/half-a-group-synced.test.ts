/**
 * The story: a commit says up to where its file is safe. A sync in the background could come while
 * a group was being written, and make the first half of it safe; the commit at its end then said
 * so. When a power cut tore that commit, recovery read in its head that more was safe than it could
 * accept, took the tear for damage, and the store did not open.
 */

import { expect, test } from 'vitest';
import { Incarnation } from '../../src/engine/incarnation.ts';
import { Journal } from '../../src/engine/journal.ts';
import { LogFiles } from '../../src/engine/log/log-files.ts';
import { recoverJournal } from '../../src/engine/log/recovery.ts';
import { decodeSuperblock } from '../../src/engine/log/superblock.ts';
import { noTotals } from '../../src/engine/model.ts';
import { generatedBytes } from '../support/content.ts';
import { fileSystemWith, mustGetFile, readFiles, withFile } from '../support/stored-files.ts';
import { openEngine, storeFolder, testPlatform } from '../support/test-engine.ts';

test('a commit that is torn behind the synced half of its group is a torn end', async () => {
  const platform = testPlatform();
  const { fileSystem, hashing } = platform;
  await (await openEngine(platform)).close();
  const stored = await readFiles(fileSystem, storeFolder);
  const superblock = decodeSuperblock(hashing.crc32, mustGetFile(stored, 'VARVE'));
  if (superblock === undefined) throw new Error('the store was made');
  const open = (on = fileSystem): Promise<LogFiles> =>
    LogFiles.open(on, hashing.crc32, storeFolder, superblock.storeId);

  const incarnation = new Incarnation(platform, storeFolder, await open(), superblock);
  const journal = new Journal(incarnation, await recoverJournal(await open(), hashing.crc32));
  await journal.prepare(1);
  const payload = generatedBytes(1, 1000);
  const id = { domain: 0, kind: 'data', digest: hashing.sha256(payload) } as const;
  journal.appendChunk({ id, encoding: 'raw', payload, rawBytes: 1000, children: [] });
  await journal.sync();
  const position = journal.append(
    1,
    { totals: noTotals, timeMs: 0, lastBucketId: 0, operations: [{ kind: 'close' }] },
    [id],
  );
  await journal.sync();
  await journal.close();

  const files = await readFiles(fileSystem, storeFolder);
  const whole = mustGetFile(files, 'journal/00000001.vj');
  for (let size = position.offset; size < whole.length; size += 7) {
    const cut = withFile(files, 'journal/00000001.vj', whole.subarray(0, size));
    const recovered = await recoverJournal(
      await open(await fileSystemWith(storeFolder, cut)),
      hashing.crc32,
    );
    expect(recovered.last).toBeUndefined();
  }
});
