/**
 * Every call of the disk fails once, in every way. `npm run test:faults` has those for good, too.
 * `VARVE_SIMULATION=short` tries one case in eight.
 */

import { describe, expect, test } from 'vitest';
import { enumerateFaults } from './fault-enumeration.ts';
import { faultyLives } from './lives.ts';

const minutes = 60_000;
const isShort = process.env['VARVE_SIMULATION'] === 'short';
const step = isShort ? 8 : 1;
let [met, caseCount] = [0, 0];

describe.each(faultyLives)('in $name', (life) => {
  test(
    'a call of the disk that fails once loses nothing, and says what it must',
    async () => {
      const enumeration = await enumerateFaults(life, false, () => met++ % step === 0);
      caseCount += enumeration.caseCount;
      expect([...enumeration.findings]).toEqual([]);
    },
    5 * minutes,
  );
});

test('these are more than 5,000 cases, or their eighth', () => {
  expect(caseCount).toBeGreaterThanOrEqual(5000 / step);
});
