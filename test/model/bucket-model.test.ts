/**
 * A long random life of a bucket agrees with a `Map`, across any number of reopenings.
 *
 * @module
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../src/index.ts';
import { BucketModel } from '../support/bucket-model.ts';
import { anyCommands, compareAll, type RealBucket } from './bucket-commands.ts';

/** One life: the commands, a comparison of everything, and a check of every byte. */
async function live(versioned: boolean, commands: Parameters<typeof run>[1]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-model-'));
  const path = join(folder, 'store');
  const store = await openStore(path);
  const real: RealBucket = {
    store,
    bucket: store.bucket('b', { versioned }),
    versioned,
    async reopen() {
      await real.store.close();
      real.store = await openStore(path, { mustExist: true });
      real.bucket = real.store.bucket('b', { versioned });
    },
  };
  try {
    await run({ model: new BucketModel(versioned), real }, commands);
  } finally {
    await real.store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(
  sides: { readonly model: BucketModel; readonly real: RealBucket },
  commands: Iterable<fc.AsyncCommand<BucketModel, RealBucket>>,
): Promise<void> {
  await fc.asyncModelRun(() => sides, commands);
  await compareAll().run(sides.model, sides.real);
  expect(await sides.real.store.verify()).toMatchObject({ ok: true, problems: [], damaged: [] });
}

describe('a bucket in a folder', () => {
  test.each([true, false])('agrees with the model (versioned: %j)', async (versioned) => {
    await fc.assert(
      fc.asyncProperty(anyCommands, (commands) => live(versioned, commands)),
      // Making a failed life shorter must not take so long that the failure is never told.
      { numRuns: 12, interruptAfterTimeLimit: 40_000 },
    );
  });
});
