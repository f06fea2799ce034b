/**
 * The story: what a process had written but not yet synced when it was killed was believed by the
 * next one, and built upon. The simulated disk found it in four places, by a kill and then a power
 * cut:
 *
 * - A store whose `VARVE` file had been written and not synced was opened, and got its folders,
 *   which were synced. The power cut took the content of `VARVE`, or its name, and left the
 *   folders: the store did not open any more ("the VARVE file is damaged", "the folder is not a
 *   store").
 * - The newest slot of `VARVE` could be in the page cache only, while the next incarnation wrote
 *   over the other one, which was the last that was safe.
 * - A journal file with nothing but a header was taken as the newest, though neither the header nor
 *   the name was safe, and the next file was made behind it. The power cut took the header, and an
 *   older file without a header is damage.
 *
 * (Simulated: workloads "birth", "removals" and "kills", seed 1.)
 */

import { beforeAll, expect, test } from 'vitest';
import { simulate, workloadNamed } from '../simulation/simulation.ts';
import { loadTarget, type Target } from '../simulation/target.ts';

let target: Target;

beforeAll(async () => {
  target = await loadTarget('first-files-not-synced');
});

test.each([
  ['birth', /^(?:sync|write|syncDirectory|makeDirectory) \/store(?:\/VARVE|\/journal)?$/],
  ['removals', /^(?:sync|syncDirectory) .*journal/],
  ['kills', /VARVE/],
])(
  'a kill and a power cut in "%s" leave a store that opens',
  async (name, before) => {
    const bounds = {
      statesPerPoint: 8,
      statesPerInnerPoint: 8,
      loseIndexEvery: 64,
      continueEvery: 16,
    };
    const workload = workloadNamed(name);
    const figures = await simulate({ target, workload, seed: 1, bounds, before });
    expect(figures.points).toBeGreaterThan(0);
  },
  120_000,
);
