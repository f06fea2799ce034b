/**
 * Uploads that are in flight together share their syncs.
 *
 * The real disk, behind a file system that counts: what makes an upload slow is `fdatasync`, so the
 * count is what matters, and unlike a time it is the same on every machine.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Session } from '../../src/api/session.ts';
import { Store } from '../../src/api/store.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';
import { generatedBytes } from '../support/content.ts';

const uploads = 2048;
const inFlight = 64;
const bytesEach = 4096;

/** The same file system; `onSync` hears of every sync of a file. */
function counting(fileSystem: FileSystem, onSync: () => void): FileSystem {
  return {
    ...fileSystem,
    async open(path, mode) {
      const file = await fileSystem.open(path, mode);
      return {
        read: (target, position) => file.read(target, position),
        write: (parts, position) => file.write(parts, position),
        async sync() {
          onSync();
          await file.sync();
        },
        size: () => file.size(),
        truncate: (sizeBytes) => file.truncate(sizeBytes),
        close: () => file.close(),
      };
    },
  };
}

test(`${inFlight} durable uploads in flight share a sync by twenty and more`, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-group-'));
  let syncs = 0;
  const machine = nodePlatform();
  const fileSystem = counting(machine.fileSystem, () => syncs++);
  const platform = { ...machine, fileSystem };
  const open = (): Promise<Engine> => Engine.open({ platform, directory, createIfMissing: true });
  const session = new Session(platform.clock, open);
  const bucket = new Store(session).bucket('bucket');
  await bucket.upload('first', 'makes the bucket and the journal');

  const content = generatedBytes(1, uploads * bytesEach);
  syncs = 0;
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < uploads) {
      const i = next++;
      const bytes = content.subarray(i * bytesEach, (i + 1) * bytesEach);
      await bucket.upload(`name-${i}`, bytes, { durability: 'power' });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  console.log({ uploads, syncs, each: uploads / syncs });
  // Each of them was safe when it was acknowledged: so there are syncs at all.
  expect(syncs).toBeGreaterThan(uploads / inFlight / 2);
  expect(uploads / syncs).toBeGreaterThanOrEqual(20);
  await session.close();
  rmSync(directory, { recursive: true });
});
