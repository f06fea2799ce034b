/**
 * `npm run bench`: measures on this machine what the store does, beside the least it could cost.
 *
 *     npm run bench -- [SUITE…] [--smoke] [--json FILE] [--dir DIR] [--objects COUNT]
 *
 * `--objects` says how many objects the store of `recovery` has (default: 100,000). `--dir` names
 * a folder on the disk to measure (default: the system's folder for temporary files). Everything
 * that is written lies in a new folder below it, which is removed at the end.
 *
 * @module
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkSuite, measureSuite, type Suite, type SuiteResult } from './harness.ts';
import { describeMachine } from './machine.ts';
import { formatMachine, formatSuite } from './report.ts';
import { suites } from './suites.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    smoke: { type: 'boolean', default: false },
    json: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
    objects: { type: 'string' },
  },
});

const sizes = values.objects === undefined ? {} : { objects: Number(values.objects) };
const sandbox = mkdtempSync(join(values.dir, 'varve-bench-'));
try {
  await main(chosenSuites(positionals));
} finally {
  rmSync(sandbox, { recursive: true, force: true });
}

function chosenSuites(names: readonly string[]): readonly Suite[] {
  const unknown = names.filter((name) => !suites.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    const known = suites.map(({ name }) => name).join(', ');
    throw new Error(`no such suite: ${unknown.join(', ')}; there are ${known}`);
  }
  return suites.filter(({ name }) => names.length === 0 || names.includes(name));
}

async function main(chosen: readonly Suite[]): Promise<void> {
  const machine = describeMachine(sandbox);
  console.log(`${formatMachine(machine)}\n`);
  const results: SuiteResult[] = [];
  for (const suite of chosen) {
    const directory = join(sandbox, suite.name);
    mkdirSync(directory);
    if (values.smoke) {
      const facts = await checkSuite(suite, directory);
      console.log([`${suite.name}: checked`, ...facts].join('\n  '));
    } else {
      const result = await measureSuite(suite, directory, sizes);
      results.push(result);
      console.log(`${formatSuite(result)}\n`);
    }
    rmSync(directory, { recursive: true, force: true });
  }
  if (values.json !== undefined && !values.smoke) {
    writeFileSync(values.json, `${JSON.stringify({ machine, results }, undefined, 2)}\n`);
  }
}
