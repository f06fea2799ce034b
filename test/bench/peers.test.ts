/**
 * The comparison with peers measures what it says: every row on tiny inputs, and what is judged.
 *
 * @module
 */

import fc from 'fast-check';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { achievement, type Goal, valueOf } from '../../bench/peers/goal.ts';
import { measureProgram } from '../../bench/peers/measured-program.ts';
import { runPeers } from '../../bench/peers/peers.ts';
import { formatMeasured, formatSummary, formatVerdict } from '../../bench/peers/peers-format.ts';
import { peersHtml } from '../../bench/peers/peers-html.ts';
import type { PeersResult } from '../../bench/peers/peers-result.ts';
import { peersMarkdown, peersTable } from '../../bench/peers/peers-table.ts';
import type { Row } from '../../bench/peers/row.ts';
import { rows } from '../../bench/peers/rows.ts';
import { inTurns, pairsOf } from '../../bench/peers/turns.ts';
import { judge } from '../../bench/peers/verdict.ts';
import { expectWholePage } from '../support/html-page.ts';
import { projectFiles } from '../support/project-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'varve-peers-test-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const run = (chosen: readonly Row[]): Promise<PeersResult> =>
  runPeers({
    rows: chosen,
    smoke: true,
    directory: folder,
    corporaFolder: join(folder, 'corpora'),
    say: () => undefined,
  });

describe('every row, on tiny inputs', { timeout: 600_000 }, () => {
  let result: PeersResult;

  beforeAll(async () => {
    result = await run(rows);
  }, 600_000);

  test('is answered rightly, or names what is missing', () => {
    expect(result.rows.map(({ row }) => row)).toEqual(rows.map(({ name }) => name));
    for (const { row, comparisons } of result.rows) {
      for (const each of comparisons) {
        if (each.verdict === 'skipped') {
          expect(each.reason, row).toMatch(/not (here|installed)|npm install/);
          continue;
        }
        for (const turn of each.turns) expect(turn.ours, row).toBeGreaterThanOrEqual(0);
        if (row !== 'memory') expect(each.value.median, row).toBeGreaterThan(0);
        if (!('atMost' in each.goal)) expect(each.turns[0]?.theirs, row).toBeGreaterThan(0);
      }
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a table and a document have a line for each comparison', () => {
    const count = rows.reduce((sum, { comparisons }) => sum + comparisons.length, 0);
    expect(peersMarkdown(result).split('\n')).toHaveLength(count + 2);
    expect(peersTable(result)).toContain('the numbers mean nothing');
    for (const { work } of rows) expect(peersTable(result)).toContain(work);
  });

  test('the report needs nothing else, and is whole', () => {
    const html = peersHtml(result);
    expectWholePage(html);
  });
});

test('a row that cannot be measured is named, and a wrong answer ends the run', async () => {
  const row: Row = {
    name: 'made',
    work: 'some work',
    how: 'somehow',
    comparisons: [{ against: 'nothing', goal: { timesAsFast: 2 } }],
    measure: () => Promise.resolve([{ skipped: 'it is not here' }]),
  };
  const result = await run([row]);
  const [comparison] = result.rows[0]?.comparisons ?? [];
  expect(comparison && formatVerdict(comparison)).toBe('skipped: it is not here');
  expect(comparison && formatMeasured(comparison)).toBe('');
  expect(formatSummary(result)).toBe('0 met, 0 missed, 0 noise, 1 skipped');
  const wrong = { ...row, measure: () => Promise.reject(new Error('other bytes came back')) };
  await expect(run([wrong])).rejects.toThrow('other bytes came back');
  expect(readdirSync(folder)).toEqual([]);
});

describe('verdicts', () => {
  const turnsOf = (...ratios: number[]): { ours: number; theirs: number }[] =>
    ratios.map((theirs) => ({ ours: 1, theirs }));

  test.each([
    [{ timesAsFast: 3 }, [4, 5, 3.1], 'met'],
    [{ timesAsFast: 3 }, [2, 2.5, 2.9], 'missed'],
    [{ timesAsFast: 3 }, [2, 4, 5], 'noise'],
    [{ timesAsFast: 3 }, [2, 4, 5, 6, 7], 'met'],
    [{ timesAsFast: 3 }, [4], 'noise'],
    [{ timesItsCost: 2 }, [0.6, 0.7, 0.8], 'met'],
    [{ timesItsCost: 2 }, [0.3, 0.4, 0.2], 'missed'],
  ] as const)('%j of %j: %s', (goal, ratios, expected) => {
    expect(judge(goal, turnsOf(...ratios)).verdict).toBe(expected);
  });

  test('a figure is held against its limit', () => {
    const goal: Goal = { atMost: 0.5, unit: 's' };
    const turns = [0.3, 0.4, 0.2].map((ours) => ({ ours }));
    expect(judge(goal, turns)).toMatchObject({ verdict: 'met', value: { median: 0.3 } });
  });

  test('what achieves a goal is met, whichever way it is said', () => {
    const amount = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(amount, amount, amount, (ours, theirs, limit) => {
        const fast = achievement(
          { timesAsFast: limit },
          valueOf({ timesAsFast: limit }, { ours, theirs }),
        );
        const cost = achievement(
          { timesItsCost: 1 / limit },
          valueOf({ timesItsCost: 1 / limit }, { ours, theirs }),
        );
        expect(fast).toBeCloseTo(cost, 6);
      }),
    );
  });
});

test('turns alternate, and of several others the better one counts', async () => {
  const order: string[] = [];
  const party = (name: string, cost: number) => (): Promise<number> => {
    order.push(name);
    return Promise.resolve(cost);
  };
  const limit = { turns: 3, isOver: () => false };
  const costs = await inTurns(limit, { a: party('a', 1), b: party('b', 3), c: party('c', 2) });
  expect(order.join('')).toBe('abccbaabc');
  expect(pairsOf(costs.a, costs.b, costs.c)).toEqual(Array(3).fill({ ours: 1, theirs: 2 }));
  const late = await inTurns({ turns: 9, isOver: () => true }, { a: party('a', 1) });
  expect(late.a).toEqual([1, 1]);
});

test('a program is measured with the time that its processors took', async () => {
  const busy = 'const end = Date.now() + 200; while (Date.now() < end); console.log("done")';
  const call = { program: process.execPath, argv: ['--eval', busy] };
  const { seconds, cpuSeconds, output } = await measureProgram(call);
  expect(output).toBe('done\n');
  expect(seconds).toBeGreaterThan(0.19);
  expect(cpuSeconds).toBeGreaterThan(0.01);
  const failing = { program: 'sh', argv: ['-c', 'echo no >&2; exit 3'] };
  await expect(measureProgram(failing)).rejects.toThrow(/ended with 3: no/);
});

test('docs/benchmarks.md names every row', () => {
  const [document] = projectFiles((path) => path === 'docs/benchmarks.md');
  for (const { name } of rows) expect(document?.text).toContain(`\`${name}\``);
});
