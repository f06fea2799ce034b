/**
 * Simulates crashes for as long as one likes, or one simulation again.
 *
 *     npm run torture -- [--states N] [--seed N] [--workload NAME]
 *
 * It goes through the workloads that are written down and then draws others, from the seed on,
 * until so many crash states were tried (10^8 unless it is told otherwise), and prints what it came
 * to as it goes. With a workload it runs that one only: the line that a violation ends with names
 * both.
 */

import { parseArgs } from 'node:util';
import { noFigures } from './explorer.ts';
import { narrowWorkloads } from './narrow-workloads.ts';
import { addFigures, simulate, workloadNamed } from './simulation.ts';
import { loadTarget } from './target.ts';
import { workloads } from './workload.ts';

const { values } = parseArgs({
  options: {
    states: { type: 'string', default: String(10 ** 8) },
    seed: { type: 'string', default: '1' },
    workload: { type: 'string' },
  },
});
const statesMin = Number(values.states);
const firstSeed = Number(values.seed);
const bounds = {
  statesPerPoint: 256,
  statesPerInnerPoint: 8,
  continueEvery: 16,
  loseIndexEvery: 16,
};
const target = await loadTarget('torture');
const sum = noFigures();
const written = [...workloads, ...narrowWorkloads];
const startMs = performance.now();

for (let at = 0, violations = 0; violations === 0; at++) {
  const seed = firstSeed + Math.floor(at / (written.length + 1));
  const name = values.workload ?? written[at % (written.length + 1)]?.name ?? `drawn ${seed}`;
  try {
    addFigures(sum, await simulate({ target, workload: workloadNamed(name), seed, bounds }));
  } catch (error) {
    violations = 1;
    process.exitCode = 1;
    console.log(error instanceof Error ? error.message : error);
    console.log(`again: npm run torture -- --seed ${seed} --workload "${name}"`);
  }
  const seconds = Math.round((performance.now() - startMs) / 1000);
  console.log({ workload: name, seed, ...sum, violations, seconds });
  if (sum.states >= statesMin || values.workload !== undefined) break;
}
