/**
 * Many long lives of a store agree with a model, across crashes, power cuts and compaction.
 *
 * `VARVE_MODEL_RUNS` says how many; `npm run test:model` is the long run.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineLife } from './engine-life.ts';

const isShort = process.env['VARVE_SIMULATION'] === 'short';
const lifeCount = Number(process.env['VARVE_MODEL_RUNS'] ?? (isShort ? 100 : 1000));

const commands = fc.array(fc.nat(2 ** 24), { minLength: 48, maxLength: 64, size: 'max' });

test('a store agrees with its model, whatever happens to it', { timeout: 86_400_000 }, async () => {
  let [lives, commandCount] = [0, 0];
  await fc.assert(
    fc.asyncProperty(commands, async (life) => {
      lives++;
      commandCount += life.length;
      await new EngineLife().live(life);
    }),
    { numRuns: lifeCount, endOnFailure: false },
  );
  console.log(`${lives} lives of ${(commandCount / lives).toFixed(1)} commands`);
  expect(lives).toBe(lifeCount);
  expect(commandCount / lives).toBeGreaterThanOrEqual(50);
});
