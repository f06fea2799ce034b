/**
 * How many small downloads are there in a second?
 */

import { cacacheKind } from '../../../src/cli/bench/cacache-target.ts';
import { levelKind } from '../../../src/cli/bench/level-target.ts';
import { varveKind } from '../../../src/cli/bench/varve-target.ts';
import type { Row } from '../row.ts';
import { againstTarget, perSecond, secondsEach, targetTurns } from '../target-turns.ts';

export const downloadTogether: Row = {
  name: 'download-together',
  work: 'download 4 KiB, 16 in flight',
  how:
    'The workload read-random of varve bench over 4,000 records of random bytes, in the page ' +
    'cache. Varve and cacache verify what they read, level does not. Every answer is compared, ' +
    'off the clock.',
  comparisons: [
    { against: 'level get', goal: { timesAsFast: 0.8 } },
    { against: 'cacache', goal: { timesAsFast: 10 } },
  ],
  measure: async (place) => {
    const costs = await targetTurns(place, {
      kinds: [varveKind, levelKind, cacacheKind],
      workload: 'read-random',
      records: place.scale.isSmoke ? 50 : 4000,
      concurrency: 16,
      operations: place.scale.isSmoke ? place.scale.operations : Infinity,
      cost: secondsEach,
    });
    return ['level', 'cacache'].map((name) => againstTarget(costs, name, perSecond));
  },
};
