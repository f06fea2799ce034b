/**
 * Every workload that is written down, crashed at every moment, in every way.
 *
 * `npm run torture` does the same for longer, and again for one seed (docs/testing.md).
 */

import { beforeAll, expect, test } from 'vitest';
import { simulate } from './simulation.ts';
import { loadTarget, type Target } from './target.ts';
import { thoroughness } from './thoroughness.ts';
import { workloads } from './workload.ts';

let target: Target;

beforeAll(async () => {
  target = await loadTarget('crashes-written');
});

test.each(workloads)(
  'nothing is lost in "$name"',
  async (workload) => {
    const { bounds } = thoroughness;
    const figures = await simulate({ target, workload, seed: 1, bounds });
    expect(figures.states).toBeGreaterThan(200);
    expect(figures.innerStates).toBeGreaterThan(100);
    expect(figures.images).toBeGreaterThan(20);
  },
  600_000,
);
