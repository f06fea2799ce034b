/**
 * Lives with a LevelDB that gives older rows, flips bits, or fails to write: no answer is wrong.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { liveBeside, type Fault, type LifeFigures } from './misbehaving-index.ts';
import { loadTarget, type Target } from './target.ts';
import { thoroughness } from './thoroughness.ts';

const faults: readonly Fault[] = ['stale', 'flips', 'failsToWrite'];

let target: Target;

beforeAll(async () => {
  target = await loadTarget('misbehaving-index');
});

async function live(on: Target, fault: Fault, lifeCount: number): Promise<LifeFigures> {
  const sum = { deeds: 0, named: 0, faults: 0 };
  for (let seed = 1; seed <= lifeCount; seed++) {
    const { deeds, named, faults: count } = await liveBeside(on, fault, seed);
    sum.deeds += deeds;
    sum.named += named;
    sum.faults += count;
  }
  return sum;
}

describe('an index that misbehaves', () => {
  test.each(faults)(
    'never makes an answer wrong: %s',
    async (fault) => {
      const lifeCount = Number(process.env['VARVE_LIVES'] ?? thoroughness.lifeCount);
      const figures = await live(target, fault, lifeCount);
      expect(figures.deeds).toBeGreaterThan(15 * lifeCount);
      expect(figures.faults).toBeGreaterThan(lifeCount / 4);
      expect(figures.named).toBeGreaterThan(0);
    },
    600_000,
  );

  test('would be found out if a row that was deleted lately were read as others are', async () => {
    const mutant = await loadTarget('misbehaving-index-mutant', [
      {
        file: 'engine/index/recent-keys.ts',
        search: 'return this.#newer.has(key)',
        replace: 'return false',
      },
    ]);
    await expect(live(mutant, 'stale', 20)).rejects.toThrow(/stale, seed \d+, after \d+ deeds/);
  }, 600_000);
});
