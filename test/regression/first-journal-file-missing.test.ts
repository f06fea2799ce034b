/**
 * The story: rebuilding the index began with the first journal file that was there, and did not ask
 * whether it was the first there had been. With the oldest file gone, a store opened without an
 * error and without everything that the file had said.
 */

import { expect, test } from 'vitest';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { fileSystemWith, readFiles, withFile } from '../support/stored-files.ts';
import { openFrom, storeFolder, upload } from '../support/test-engine.ts';

test('a store whose first journal file is missing is CORRUPT', async () => {
  const fileSystem = new MemoryFileSystem();
  for (const name of ['first', 'second', 'third']) {
    const engine = await openFrom(fileSystem);
    await upload(engine, await engine.ensureBucket('b', {}), name, name);
    await engine.close();
  }
  const files = await readFiles(fileSystem, storeFolder);
  const without = withFile(files, 'journal/00000001.vj', undefined);
  const opening = openFrom(await fileSystemWith(storeFolder, without));
  await expect(opening).rejects.toMatchObject({ code: 'CORRUPT' });
});
