/**
 * `npm run bench:size`: measures on this machine what evolving files take, beside other tools.
 *
 *     npm run bench:size -- [--corpora a,b] [--tools x,y] [--optimize] [--out FOLDER]
 *                           [--corpora-dir FOLDER] [--dir FOLDER] [--reads COUNT] [--smoke]
 *
 * Corpora are fetched with npm into `--corpora-dir` and stay there; everything else lies in a new
 * folder below `--dir`, and is removed. With `--out`, the figures as JSON and a chart as SVG are
 * saved there. `--smoke`: one small corpus, Varve and git.
 *
 * @module
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { formatMachine } from './report.ts';
import { drawChart } from './size/chart.ts';
import { corpora, smokeCorpus } from './size/corpora.ts';
import { type CorpusResult, measureCorpus } from './size/measure.ts';
import { otherTools } from './size/other-tools.ts';
import { formatCorpus, formatRatios } from './size/size-report.ts';
import { hasCommand } from './size/varve-tool.ts';

const { values } = parseArgs({
  options: {
    corpora: { type: 'string' },
    tools: { type: 'string' },
    optimize: { type: 'boolean', default: false },
    out: { type: 'string' },
    'corpora-dir': { type: 'string', default: join(tmpdir(), 'varve-corpora') },
    dir: { type: 'string', default: tmpdir() },
    reads: { type: 'string' },
    smoke: { type: 'boolean', default: false },
  },
});

const toolNames = ['varve', ...otherTools.map(({ name }) => name)];
const chosenCorpora = values.smoke
  ? [smokeCorpus]
  : chosen(values.corpora, 'corpus', corpora, ({ name }) => name);
const chosenTools = chosen(
  values.tools ?? (values.smoke ? 'varve,git' : undefined),
  'tool',
  toolNames,
  (name) => name,
);
if (values.optimize && !hasCommand('optimize')) {
  throw new Error('this varve has no command to optimize a store with');
}

const sandbox = mkdtempSync(join(resolve(values.dir), 'varve-size-'));
try {
  await main();
} finally {
  rmSync(sandbox, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const machine = describeMachine(sandbox);
  console.log(`${formatMachine(machine)}\n`);
  const results: CorpusResult[] = [];
  for (const corpus of chosenCorpora) {
    const result = await measureCorpus(corpus, {
      corporaFolder: resolve(values['corpora-dir']),
      sandbox,
      tools: otherTools.filter(({ name }) => chosenTools.includes(name)),
      withVarve: chosenTools.includes('varve'),
      optimize: values.optimize,
      reads: Number(values.reads ?? (values.smoke ? 5 : 200)),
    });
    if (result === undefined) {
      console.log(`${corpus.name}: not measured, as it cannot be fetched\n`);
      continue;
    }
    results.push(result);
    console.log(`${formatCorpus(result)}\n`);
  }
  console.log(formatRatios(results));
  if (values.out !== undefined) save(resolve(values.out), { machine, results });
}

function save(
  folder: string,
  report: { machine: ReturnType<typeof describeMachine>; results: readonly CorpusResult[] },
): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'size.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  const { node, cpu, cores } = report.machine;
  const measuredOn = `Node ${node}, ${cores} × ${cpu}`;
  const caption = `Bytes of the whole folder after the last import. ${measuredOn}`;
  writeFileSync(join(folder, 'size.svg'), drawChart(report.results, caption));
}

/** Those that a list names, in the order in which they are known; all, if there is no list. */
function chosen<T>(
  list: string | undefined,
  what: string,
  all: readonly T[],
  nameOf: (each: T) => string,
): readonly T[] {
  if (list === undefined) return all;
  const wanted = list.split(',');
  const known = all.map(nameOf);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`no such ${what}: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  }
  return all.filter((each) => wanted.includes(nameOf(each)));
}
