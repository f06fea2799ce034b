/**
 * Workloads that seeds make, crashed at every moment, in every way; and that a seed says it all.
 */

import { beforeAll, expect, test } from 'vitest';
import { simulate, traceOf } from './simulation.ts';
import { loadTarget, type Target } from './target.ts';
import { thoroughness } from './thoroughness.ts';
import { drawnWorkload, workloads } from './workload.ts';

let target: Target;

beforeAll(async () => {
  target = await loadTarget('crashes-drawn');
});

const seeds = Array.from({ length: thoroughness.drawnCount }, (_, at) => at + 1);

test.each(seeds)(
  'nothing is lost with seed %i',
  async (seed) => {
    const { bounds } = thoroughness;
    const figures = await simulate({ target, workload: drawnWorkload(seed), seed, bounds });
    expect(figures.points).toBeGreaterThan(3);
    expect(figures.states).toBeGreaterThan(20);
  },
  600_000,
);

test('a seed makes the same calls, byte for byte, and another makes others', async () => {
  const digests = new Set<string>();
  let callCount = 0;
  for (let seed = 0; seed < 100; seed++) {
    const workload = workloads[seed % workloads.length] ?? drawnWorkload(seed);
    const [once, again] = [
      await traceOf(target, workload, seed),
      await traceOf(target, workload, seed),
    ];
    expect(again).toEqual(once);
    digests.add(once.digest);
    callCount += once.callCount;
  }
  expect(digests.size).toBe(100);
  expect(callCount).toBeGreaterThan(10_000);
}, 600_000);
