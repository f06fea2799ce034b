/**
 * The harness can fail: it finds each of these mistakes in the protocol.
 *
 * Each is tried with the one workload, and at the crashes, that find it soonest.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/project-files.ts';
import { Violation } from './answers.ts';
import type { Aim } from './mutant.ts';
import { mutants } from './mutants.ts';
import { simulate, workloadNamed, type SimulationOptions } from './simulation.ts';
import { loadTarget, type Target } from './target.ts';

function aimedAt(aim: Aim, target: Target, seedOffset = 0): SimulationOptions {
  const {
    workload,
    before,
    statesPerPoint = 20,
    statesPerInnerPoint = 3,
    continueEvery = 32,
    loseIndexEvery = 1024,
  } = aim;
  const bounds = { statesPerPoint, statesPerInnerPoint, continueEvery, loseIndexEvery };
  const options = {
    target,
    workload: workloadNamed(workload),
    seed: (aim.seed ?? 1) + seedOffset,
    bounds,
  };
  return before === undefined ? options : { ...options, before };
}

async function simulateAll(aim: Aim, target: Target): Promise<void> {
  for (let at = 0; at < (aim.seeds ?? 1); at++) await simulate(aimedAt(aim, target, at));
}

/** The simulator is the same on every Node: `VARVE_SIMULATION=short` tries a sixth of them. */
const isShort = process.env['VARVE_SIMULATION'] === 'short';
const tried = mutants.filter((_, at) => !isShort || at % 6 === 0);

test.each(tried.map((one) => [one.name, one] as const))(
  'found: %s',
  async (name, { changes, aim }) => {
    const target = await loadTarget(name.replaceAll(' ', '-'), changes);
    await expect(simulateAll(aim, target)).rejects.toThrow(Violation);
  },
  300_000,
);

test('the engine as it is stands the crashes that are tried nowhere else', async () => {
  const target = await loadTarget('sound');
  const narrow = mutants.filter(({ aim }) => aim.statesPerInnerPoint === 0);
  const aims = new Map(narrow.map(({ aim }) => [`${aim.workload} ${String(aim.before)}`, aim]));
  for (const aim of aims.values()) {
    const statesPerPoint = Math.min(aim.statesPerPoint ?? 20, 60);
    const { points } = await simulate(aimedAt({ ...aim, statesPerPoint }, target));
    expect(points).toBeGreaterThan(0);
  }
}, 300_000);

test('each has a name of its own, and docs/testing.md lists it', () => {
  const names = mutants.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const document = readFileSync(join(projectRoot, 'docs/testing.md'), 'utf8');
  for (const name of names) expect(document).toContain(`| ${name} `);
});
