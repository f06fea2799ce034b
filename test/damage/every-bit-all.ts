/**
 * Flips bits of one store after another, each with other content, until so many were flipped:
 * `npm run test:bits -- 10000000`. Prints what they came to; ends with 1 if an answer was wrong.
 */

import { DamageBench, judgeAll, type Tally } from './every-bit.ts';

const wanted = Number(process.argv[2] ?? 10_000_000);
const total: Tally = { refused: 0, named: 0, harmless: 0, shortened: 0, wrong: 0 };
let flipped = 0;

for (let seed = 0; flipped < wanted; seed++) {
  const bench = await DamageBench.make(seed);
  for (const path of bench.files.keys()) {
    const { tally, wrong } = await judgeAll(bench, path, 'flip');
    for (const verdict of Object.keys(tally) as (keyof Tally)[]) {
      total[verdict] += tally[verdict];
      flipped += tally[verdict];
    }
    for (const damage of wrong) console.log(`WRONG: seed ${seed}, ${JSON.stringify(damage)}`);
  }
  await bench.close();
  console.log(`${flipped} bits in ${seed + 1} stores: ${JSON.stringify(total)}`);
}
process.exitCode = total.wrong === 0 ? 0 : 1;
