/**
 * The benchmarks still measure what they say: every case, on tiny inputs, without taking time.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Case, checkSuite, isNoise, type Suite } from '../../bench/harness.ts';
import { measureOverwriting } from '../../bench/overwriting.ts';
import { suites } from '../../bench/suites.ts';

const folder = mkdtempSync(join(tmpdir(), 'varve-smoke-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const emptyFolder = (): string => mkdtempSync(join(folder, 'suite-'));

describe('the benchmarks', () => {
  test.each(suites)('$name gives its check values on tiny inputs', async (suite) => {
    await expect(checkSuite(suite, emptyFolder())).resolves.toBeInstanceOf(Array);
  });

  test('with 64 uploads in flight, at least 20 share an fdatasync', async () => {
    const suite = suites.find(({ name }) => name === 'upload-small') as Suite;
    const facts = await checkSuite(suite, emptyFolder());
    const together = facts.find((fact) => fact.startsWith('64 in flight')) as string;
    expect(Number(/([\d.]+) uploads per fdatasync/.exec(together)?.[1])).toBeGreaterThanOrEqual(20);
  });
});

test('the measurement of compaction comes to figures, and the store is whole', async () => {
  const sizes = { objects: 40, times: 2, turns: 1, uploads: 50, quietMs: 0 };
  const figures = await measureOverwriting(join(emptyFolder(), 'store'), sizes);
  expect(figures.uploadedBytes).toBeGreaterThan(figures.liveBytes);
  expect(figures.written).toBeGreaterThan(1);
  expect(figures.withoutCompaction).toHaveLength(1);
});

describe('checkSuite', () => {
  const suiteOf = (floor: Case): { suite: Suite; closed: () => boolean } => {
    let closed = false;
    const close = async (): Promise<void> => {
      closed = true;
    };
    const open = async (): Promise<Awaited<ReturnType<Suite['open']>>> => {
      return { floor, cases: [], close };
    };
    return { suite: { name: 'a', question: 'b?', open }, closed: () => closed };
  };
  const one: Case = { name: 'one', work: { bytes: 1 }, check: '1', run: () => '1' };

  test('refuses a check value that moved, and closes the suite', async () => {
    let runs = 0;
    const { suite, closed } = suiteOf({ ...one, run: () => String(++runs) });
    await expect(checkSuite(suite, folder)).rejects.toThrow('expected=1 found=2');
    expect(closed()).toBe(true);
  });

  test('fails when a conclusion does not hold', async () => {
    const conclude = (): string => {
      throw new Error('too few');
    };
    await expect(checkSuite(suiteOf({ ...one, conclude }).suite, folder)).rejects.toThrow(
      'too few',
    );
  });

  test('runs as many at a time as a case says, each prepared', async () => {
    let [prepared, running, most] = [0, 0, 0];
    const { suite } = suiteOf({
      ...one,
      inFlight: 5,
      prepare: () => {
        prepared++;
      },
      run: async () => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running--;
        return '1';
      },
    });
    await checkSuite(suite, folder);
    expect({ prepared, most }).toEqual({ prepared: 15, most: 5 });
  });
});

describe('isNoise', () => {
  test.each([
    [0, false],
    [10, false],
    [10.1, true],
    // One sample has no error that could be known.
    [Number.NaN, true],
  ])('an error of %d percent: %s', (errorPercent, expected) => {
    expect(isNoise(errorPercent)).toBe(expected);
  });
});
