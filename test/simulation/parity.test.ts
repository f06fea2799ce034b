/**
 * Crashes at each call that parity makes: it is derived, so nothing of the store may depend on how
 * far it came.
 */

import { beforeAll, expect, test } from 'vitest';
import { liveThrough } from './session.ts';
import { simulate, workloadNamed } from './simulation.ts';
import { loadTarget, type Target } from './target.ts';
import { thoroughness } from './thoroughness.ts';

let target: Target;

beforeAll(async () => {
  target = await loadTarget('parity');
});

/** What parity does to files, from the first block to the file that is let go. */
const expected = [
  'write /store/parity/N.vp.tmp',
  'sync /store/parity/N.vp.tmp',
  'rename /store/parity/N.vp.tmp /store/parity/N.vp',
  'syncDirectory /store/parity',
  'remove /store/parity/N.vp',
];

/** Files are let go only where LevelDB proved a checkpoint, which hangs on the seed. */
const seedsMax = 12;

const workload = workloadNamed('parity');

/** The first life that makes all of these calls. */
async function seedOfAll(): Promise<number> {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { points } = await liveThrough({ target, workload, seed });
    const calls = new Set(points.map(({ before }) => before.replace(/\d+/g, 'N')));
    if (expected.every((call) => calls.has(call))) return seed;
  }
  throw new Error('no life makes all the calls of parity');
}

test('nothing is lost while parity is written, put in its place and removed', async () => {
  const { bounds } = thoroughness;
  const seed = await seedOfAll();
  const figures = await simulate({ target, workload, seed, bounds, before: /parity/ });
  expect(figures.points).toBeGreaterThan(20);
  expect(figures.states).toBeGreaterThan(200);
}, 600_000);
