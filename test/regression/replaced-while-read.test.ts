/**
 * The story: somebody read a large object slowly, and somebody else replaced it. Its chunks were
 * freed under the reader, who was told that the store is damaged; and the index, which was right,
 * was distrusted and made again at the next opening.
 */

import { expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { generatedBytes } from '../support/content.ts';
import {
  contentOf,
  openEngine,
  storeFolder,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

const content = generatedBytes(1, 100_000);

test('who reads an object gets all of it, though it is replaced meanwhile', async () => {
  const fileSystem = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem }));
  const bucket = await engine.ensureBucket('b', {});
  const version = await upload(engine, bucket, 'a', content);
  const reading = engine.read(version, { start: 0, end: content.length });
  const { value } = await reading.next();
  await upload(engine, bucket, 'a', 'new');
  await engine.totals();
  const parts = [value as Uint8Array];
  for await (const part of reading) parts.push(part);
  expect(Buffer.compare(concatBytes(parts), content)).toBe(0);

  // Then it is freed; and who comes late is told what happened.
  expect((await engine.totals()).chunks).toBe(1);
  await expect(contentOf(engine, version)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const names = await fileSystem.readDirectory(`${storeFolder}/index`).catch(() => []);
  expect(names).not.toContain('DISTRUSTED');
  await engine.close();
});
