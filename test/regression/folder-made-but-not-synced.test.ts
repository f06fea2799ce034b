/**
 * The story: a process died after it had made the folder of a new store's segments and before it
 * had synced the store's folder. The next one found the folder there, made it no more and synced
 * nothing; it acknowledged an upload, the power failed, and with the folder's name the segments
 * were gone.
 */

import { expect, test } from 'vitest';
import { equalBytes } from '../../src/base/bytes.ts';
import { generatedBytes } from '../support/content.ts';
import { FaultyFileSystem } from '../support/faulty-file-system.ts';
import { fileSystemWith } from '../support/stored-files.ts';
import { contentOf, openFrom, storeFolder, upload } from '../support/test-engine.ts';

const content = generatedBytes(1, 300_000);

test('what is acknowledged after an interrupted making survives a power cut', async () => {
  for (let after = 0; after < 3; after++) {
    const fileSystem = new FaultyFileSystem();
    fileSystem.failOn({ call: 'syncDirectory', path: /^\/store$/, after, code: 'EIO' });
    await expect(openFrom(fileSystem)).rejects.toMatchObject({ code: 'IO' });

    const engine = await openFrom(fileSystem);
    const bucket = await engine.ensureBucket('b', {});
    const version = await upload(engine, bucket, 'large', content);
    const survivors = await fileSystemWith(storeFolder, fileSystem.survivors(storeFolder));
    const reopened = await openFrom(survivors);
    expect(equalBytes(await contentOf(reopened, version), content)).toBe(true);
  }
});
