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

/** One with which LevelDB proves its last checkpoint, so that files are let go. */
const seed = 1;

test('nothing is lost while parity is written, put in its place and removed', async () => {
  const workload = workloadNamed('parity');
  const { points } = await liveThrough({ target, workload, seed });
  const calls = new Set(points.map(({ before }) => before.replace(/\d+/g, 'N')));
  const expected = [
    'write /store/parity/N.vp.tmp',
    'sync /store/parity/N.vp.tmp',
    'rename /store/parity/N.vp.tmp /store/parity/N.vp',
    'syncDirectory /store/parity',
    'remove /store/parity/N.vp',
  ];
  expect(expected.filter((call) => !calls.has(call))).toEqual([]);
  const { bounds } = thoroughness;
  const figures = await simulate({ target, workload, seed, bounds, before: /parity/ });
  expect(figures.points).toBeGreaterThan(20);
  expect(figures.states).toBeGreaterThan(200);
}, 600_000);
