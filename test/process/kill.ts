/**
 * Kills as many processes as one likes, and prints what that came to.
 *
 *     node --import tsx kill.ts [KILLS [SEED]]
 *
 * `npm run test:kill` does it with 1000 kills.
 */

import { runKillRounds } from './kill-rounds.ts';

const [kills = 200, seed = Math.floor(Math.random() * 2 ** 31)] = process.argv.slice(2).map(Number);
console.log(`${kills} kills, seed ${seed}`);
const startMs = performance.now();
const figures = await runKillRounds(seed, kills);
console.log({ ...figures, seconds: (performance.now() - startMs) / 1000 });
