/**
 * As many power cuts as one likes, on real files with the real LevelDB, and what they came to.
 *
 *     npm run test:power [-- COPIES [SEED]]
 */

import { runPowerCuts } from './power-loss.ts';

const [copies = 2000, seed = Math.floor(Math.random() * 2 ** 31)] = process.argv
  .slice(2)
  .map(Number);
console.log(`${copies} copies, seed ${seed}, Node ${process.version}`);
const startMs = performance.now();
const figures = await runPowerCuts({ seed, copies });
console.log({ ...figures, seconds: Math.round((performance.now() - startMs) / 1000) });
