/**
 * `kill -9` at random moments of a mixed load: what was acknowledged is there, whole, and nothing
 * else is.
 *
 * When in a run of code a kill lands is up to the machine, so a seed names a load and not a
 * failure. `npm run test:kill` does the same for longer.
 */

import { expect, test } from 'vitest';
import { runKillRounds } from './kill-rounds.ts';

const kills = 200;
const seed = Math.floor(Math.random() * 2 ** 31);

test(`${kills} killed processes cost nothing that was acknowledged (seed ${seed})`, async () => {
  const figures = await runKillRounds(seed, kills);
  console.log(figures);
  expect(figures.looks).toBeGreaterThan(kills / 3);
  expect(figures.acknowledged).toBeGreaterThan(kills);
  expect(figures.kills.open).toBeGreaterThan(kills / 3);
}, 300_000);
