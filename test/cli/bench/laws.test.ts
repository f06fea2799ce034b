/**
 * What benchmarks rest on: percentiles, popularity, the clock, spreads, contents of a seed.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spreadOf, summarised, type TurnResult } from '../../../src/cli/bench/bench-result.ts';
import { EvolvingFile } from '../../../src/cli/bench/evolving-file.ts';
import { listFolderBySeeking } from '../../../src/cli/bench/folder-listing.ts';
import { Histogram } from '../../../src/cli/bench/histogram.ts';
import { recordName } from '../../../src/cli/bench/records.ts';
import { powerTicks, roundTicks } from '../../../src/cli/bench/svg.ts';
import { WorkClock } from '../../../src/cli/bench/work-clock.ts';
import { scattered, Zipf } from '../../../src/cli/bench/zipf.ts';
import { randomSequence } from '../../../src/cli/torture/random-sequence.ts';

describe('Histogram', () => {
  // A tenth of a microsecond is its unit.
  const latencies = fc.array(
    fc.integer({ min: 0, max: 2 ** 40 }).map((units) => units / 10_000),
    { minLength: 1, maxLength: 300 },
  );

  test('a percentile is that of the sorted values, or at most 1/64 more', () => {
    fc.assert(
      fc.property(latencies, fc.double({ min: 0.1, max: 100, noNaN: true }), (values, percent) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const sorted = values.toSorted((a, b) => a - b);
        const rank = Math.max(1, Math.ceil((percent / 100) * values.length));
        const exact = sorted[rank - 1] as number;
        const found = histogram.percentileMs(percent);
        expect(found).toBeGreaterThanOrEqual(exact - 1e-9);
        expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 64) + 1e-9);
        expect(histogram.maxMs).toBe(sorted.at(-1));
        expect(histogram.count).toBe(values.length);
      }),
    );
  });

  test('two that are added are one of all values', () => {
    fc.assert(
      fc.property(latencies, latencies, (some, others) => {
        const [sum, other, all] = [new Histogram(), new Histogram(), new Histogram()];
        for (const value of some) sum.record(value);
        for (const value of others) other.record(value);
        for (const value of [...some, ...others]) all.record(value);
        sum.add(other);
        for (const percent of [1, 50, 90, 99, 100]) {
          expect(sum.percentileMs(percent)).toBe(all.percentileMs(percent));
        }
        expect(sum.meanMs).toBeCloseTo(all.meanMs, 3);
      }),
    );
  });
});

describe('Zipf', () => {
  test('draws the same for the same seed, and nothing outside', () => {
    const draw = (seed: number): number[] => {
      const zipf = new Zipf(randomSequence(seed));
      return Array.from({ length: 500 }, (_, index) => zipf.next(1 + index));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    for (const [index, rank] of draw(7).entries()) {
      expect(rank).toBeGreaterThanOrEqual(0);
      expect(rank).toBeLessThanOrEqual(index);
    }
  });

  test('draws rank r as often as 1/(r+1)^0.99 of all', () => {
    const count = 100;
    const draws = 200_000;
    const zipf = new Zipf(randomSequence(1));
    const found = new Array<number>(count).fill(0);
    for (let draw = 0; draw < draws; draw++) {
      const rank = zipf.next(count);
      found[rank] = (found[rank] as number) + 1;
    }
    const weights = Array.from({ length: count }, (_, rank) => 1 / (rank + 1) ** 0.99);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    // The method is exact for the first two ranks, and close for the others taken together.
    const share = (from: number, to: number): number =>
      found.slice(from, to).reduce((sum, each) => sum + each, 0) / draws;
    const expected = (from: number, to: number): number =>
      weights.slice(from, to).reduce((sum, each) => sum + each, 0) / total;
    expect(share(0, 1)).toBeCloseTo(expected(0, 1), 2);
    expect(share(1, 2)).toBeCloseTo(expected(1, 2), 2);
    expect(Math.abs(share(0, 10) - expected(0, 10))).toBeLessThan(0.03);
    expect(Math.abs(share(50, 100) - expected(50, 100))).toBeLessThan(0.03);
  });

  test('ranks are scattered, and stay where they are', () => {
    const places = Array.from({ length: 1000 }, (_, rank) => scattered(rank, 1000));
    expect(places).toEqual(Array.from({ length: 1000 }, (_, rank) => scattered(rank, 1000)));
    expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...places)).toBeLessThan(1000);
    expect(new Set(places).size).toBeGreaterThan(500);
  });
});

test('names of records sort as their numbers do', () => {
  const numbers = fc.integer({ min: 0, max: 10 ** 7 });
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      expect(recordName(a) < recordName(b)).toBe(a < b);
    }),
  );
});

test('an evolving file is what its seed says, and changes as much as its rate says', () => {
  const versions = (seed: number, editRate: number): Uint8Array[] => {
    const file = new EvolvingFile({ seed, sizeBytes: 20_000, editRate });
    return Array.from({ length: 30 }, () => file.next());
  };
  const some = versions(3, 0.05);
  expect(some).toEqual(versions(3, 0.05));
  expect(some[0]).toHaveLength(20_000);
  expect(versions(4, 0.05)[0]).not.toEqual(some[0]);
  for (const [index, content] of some.slice(1).entries()) {
    expect(content).not.toEqual(some[index]);
    expect(content.length).toBeGreaterThan(15_000);
    expect(content.length).toBeLessThan(25_000);
  }
  // Of an edit rate of 0, nothing changes.
  expect(versions(3, 0)[29]).toEqual(versions(3, 0)[0]);
});

test('a folder that is listed by seeking holds what lies directly in it', async () => {
  const part = fc.stringMatching(/^[a-c0-9.-]{1,3}$/);
  const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(name, { maxLength: 30 }), async (names) => {
      const sorted = names.toSorted();
      const seek = (from: string, end: string): Promise<string | undefined> =>
        Promise.resolve(sorted.find((each) => each >= from && each < end));
      for (const folder of ['', ...names.map((each) => each.replace(/[^/]*$/, ''))]) {
        const inside = sorted.filter((each) => each.startsWith(folder));
        const direct = inside.map((each) => {
          const slash = each.indexOf('/', folder.length);
          return slash < 0 ? each : each.slice(0, slash + 1);
        });
        expect(await listFolderBySeeking(folder, seek)).toEqual([...new Set(direct)]);
      }
    }),
  );
});

test('a clock of work stands still outside of it', () => {
  const clock = new WorkClock();
  const before = clock.now();
  const waited = clock.outside(() => {
    const begun = performance.now();
    while (performance.now() - begun < 20);
    return performance.now() - begun;
  });
  expect(clock.now() - before).toBeLessThan(waited);
});

describe('spreads', () => {
  const turn = (operationsPerSecond: number): TurnResult =>
    ({ operationsPerSecond }) as unknown as TurnResult;

  test('are of the median', () => {
    expect(spreadOf([100, 80, 120])).toEqual({
      median: 100,
      least: 80,
      most: 120,
      spreadPercent: 20,
    });
    expect(spreadOf([1, 3]).median).toBe(2);
    expect(spreadOf([5])).toEqual({ median: 5, least: 5, most: 5 });
  });

  test('a ratio is of pairs of turns, and noise where they do not agree', () => {
    const [first, second, third] = summarised(
      new Map([
        ['a', [100, 50, 200].map(turn)],
        ['b', [50, 20, 90].map(turn)],
        ['c', [90, 60, 210].map(turn)],
      ]),
    );
    expect(first).not.toHaveProperty('ratio');
    expect(second?.ratio).toMatchObject({ median: 200 / 90, least: 2, most: 2.5, isNoise: false });
    expect(third?.ratio).toMatchObject({ isNoise: true });
  });

  test('rates that are far apart, and a rate of one turn, are noise', () => {
    const noiseOf = (rates: number[]): boolean | undefined =>
      summarised(new Map([['a', rates.map(turn)]]))[0]?.isNoise;
    expect(noiseOf([100, 104, 98])).toBe(false);
    expect(noiseOf([100, 130, 98])).toBe(true);
    expect(noiseOf([100])).toBe(true);
  });
});

test('ticks of an axis enclose what is drawn', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (most) => {
      const ticks = roundTicks(most);
      expect(ticks[0]).toBe(0);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(most * (1 - 1e-6));
      expect(ticks.length).toBeLessThanOrEqual(6);
      const powers = powerTicks([most]);
      expect(powers[0]).toBeLessThanOrEqual(most * (1 + 1e-6));
      expect(powers.at(-1)).toBeGreaterThanOrEqual(most * (1 - 1e-6));
    }),
  );
});
