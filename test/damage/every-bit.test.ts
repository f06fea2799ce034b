/**
 * Every bit of a store with every kind of file and frame is flipped, and every file is cut off at
 * every place. No answer is ever wrong: the store refuses to open, or a read says what is damaged,
 * or every answer is as before, or the journal ends before a last group that nothing vouches for.
 *
 * The other Node versions get a part of it: `VARVE_SIMULATION=short`.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { DamageBench, judgeAll, type Tally } from './every-bit.ts';

const isShort = process.env['VARVE_SIMULATION'] === 'short';
const step = isShort ? 61 : 1;
const timeoutMs = 600_000;

let bench: DamageBench;
const total: Tally = { refused: 0, named: 0, harmless: 0, shortened: 0, wrong: 0 };

beforeAll(async () => {
  bench = await DamageBench.make(0);
});

afterAll(async () => {
  await bench.close();
});

/** The files of a kind. */
const files = (kind: RegExp): string[] => [...bench.files.keys()].filter((path) => kind.test(path));

test('the store has every kind of file and frame, and 64 KiB and more of them', () => {
  const kinds = [...bench.files.keys()].map((path) => path.replace(/\/.*/, ''));
  expect([...new Set(kinds)].sort()).toEqual([
    'OWNER',
    'VARVE',
    'journal',
    'segments',
    'snapshots',
  ]);
  expect([...bench.frameTypes].sort()).toEqual(['chunk', 'commit', 'node', 'pad']);
  const byteCount = [...bench.files.values()].reduce((sum, { length }) => sum + length, 0);
  expect(byteCount).toBeGreaterThan(64 * 1024);
});

test.each([
  [/^OWNER/, ['harmless']],
  // Of two slots one is as good; most of either is zeros that nobody looks at.
  [/^VARVE/, ['harmless']],
  // The journal before the snapshot is needed for its chunks only.
  [/^journal/, ['harmless', 'named', 'refused', 'shortened']],
  [/^segments/, ['harmless', 'named']],
  // Without the snapshot, the files that went since are missed.
  [/^snapshots/, ['harmless', 'refused']],
])(
  'every bit of %s, flipped: %j',
  async (kind, verdicts) => {
    const seen = new Set<string>();
    for (const path of files(kind)) {
      const { tally, wrong } = await judgeAll(bench, path, 'flip', step);
      expect(wrong).toEqual([]);
      for (const verdict of Object.keys(tally) as (keyof Tally)[]) {
        total[verdict] += tally[verdict];
        if (tally[verdict] > 0) seen.add(verdict);
      }
    }
    expect([...seen].sort()).toEqual(verdicts);
  },
  timeoutMs,
);

test('these were all the bits', () => {
  const judged = Object.values(total).reduce((sum, count) => sum + count, 0);
  expect(judged).toBeGreaterThanOrEqual(isShort ? 8000 : 524_288);
  expect(total.wrong).toBe(0);
});

test.each([/^VARVE/, /^journal/, /^segments/, /^snapshots/])(
  '%s, cut off at every place, gives no wrong answer',
  async (kind) => {
    for (const path of files(kind)) {
      const { wrong } = await judgeAll(bench, path, 'cut', step);
      expect(wrong).toEqual([]);
    }
  },
  timeoutMs,
);
