/**
 * The long run of the fault enumeration: every call of the disk fails, in every way, once and for
 * good. Prints what it did; ends with a failure if a law was broken. `npm run test:faults`.
 */

import { enumerateFaults } from './fault-enumeration.ts';
import { faultyLives } from './lives.ts';

let caseCount = 0;
let findingCount = 0;
const used = process.cpuUsage();
for (const life of faultyLives) {
  for (const isLasting of [false, true]) {
    const found = await enumerateFaults(life, isLasting);
    caseCount += found.caseCount;
    findingCount += found.findings.size;
    const how = isLasting ? 'for good' : 'once';
    console.log(`${life.name}: ${found.siteCount} calls, ${found.caseCount} cases, failing ${how}`);
    for (const [text, where] of found.findings) {
      console.log(`  ${text}\n    in ${where.length}: ${where.slice(0, 5).join('; ')}`);
    }
  }
}
const seconds = (process.cpuUsage(used).user / 1e6).toFixed(0);
console.log(`${caseCount} cases in ${seconds} s of one core: ${findingCount} laws broken`);
if (findingCount > 0) process.exitCode = 1;
