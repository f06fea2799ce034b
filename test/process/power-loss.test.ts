/**
 * A power cut at any call takes nothing that was acknowledged and safe: real files, the real
 * LevelDB. The simulated disk tries far more states; what it cannot try is LevelDB itself.
 *
 * `npm run test:power` does the same for longer.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runPowerCuts } from './power-loss.ts';

const copies = 100;
const seed = Math.floor(Math.random() * 2 ** 31);

test(`${copies} copies that lost what was not synced open, whole (seed ${seed})`, async () => {
  const figures = await runPowerCuts({ seed, copies });
  console.log(figures);
  expect(figures.copies).toBe(copies);
  expect(figures.acknowledged).toBeGreaterThan(copies);
  // Changes under way are lost in some copies, and not in all: so something was lost, and kept.
  expect(figures.foundUndone).toBeGreaterThan(0);
  expect(figures.foundDone).toBeGreaterThan(0);
}, 180_000);

test(`on a disk that only says that it has synced, the loss is seen (seed ${seed})`, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-dishonest-'));
  try {
    const cuts = runPowerCuts({ seed, copies, directory, isHonest: false });
    await expect(cuts).rejects.toThrow(/what is left is in/);
  } finally {
    rmSync(directory, { recursive: true });
  }
}, 180_000);
