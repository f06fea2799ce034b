/**
 * `npm run bench:scale`: measures how what operations cost grows with the store.
 *
 *     npm run bench:scale -- [--full] [--sizes 10000,100000] [--repeats COUNT] [--dir FOLDER]
 *                            [--out FOLDER] [--smoke]
 *
 * By default stores of 10^3 to 10^5 objects, in less than a minute or two; `--full` goes to 10^6.
 * Everything lies in a new folder below `--dir`, and is removed. With `--out`, the figures as JSON
 * and a chart as SVG are saved there.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { formatMachine } from './report.ts';
import { measureScale, type Prober, type SizeFigures } from './scale/measure-scale.ts';
import type { ProbeFigures } from './scale/probe.ts';
import { drawScale, formatScale } from './scale/scale-report.ts';

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    sizes: { type: 'string' },
    repeats: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
    out: { type: 'string' },
    smoke: { type: 'boolean', default: false },
  },
});

const usualSizes = values.smoke ? '100,1000' : '1000,10000,100000';
const sizes = (values.sizes ?? (values.full ? `${usualSizes},1000000` : usualSizes))
  .split(',')
  .map(Number);
const repeats = Number(values.repeats ?? (values.smoke ? 32 : 512));
/** Less than lies between two checkpoints. */
const tail = values.smoke ? 100 : 8000;

/** Each in a process of its own, with the memory that it takes and nothing of ours. */
const prober: Prober = {
  probe: async (directory, options) => {
    const output = run(['probe', directory, String(options.objects), String(options.repeats)], 0);
    return JSON.parse(output) as ProbeFigures;
  },
  crash: async (directory, objects, count) => {
    run(['leave-open', directory, String(objects), String(count)], null);
  },
};

function run(args: readonly string[], expected: number | null): string {
  const program = fileURLToPath(new URL('scale/probe-process.js', import.meta.url));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', program, ...args],
    { encoding: 'utf8' },
  );
  if (status !== expected) throw new Error(`a measuring process failed: ${stderr}`);
  return stdout;
}

const sandbox = mkdtempSync(join(resolve(values.dir), 'varve-scale-'));
try {
  const machine = describeMachine(sandbox);
  console.log(`${formatMachine(machine)}\n`);
  const figures: SizeFigures[] = [];
  for await (const each of measureScale(sandbox, prober, { sizes, repeats, tail })) {
    figures.push(each);
    console.error(`measured: ${each.objects} objects`);
  }
  console.log(formatScale(figures));
  if (values.out !== undefined) {
    const folder = resolve(values.out);
    mkdirSync(folder, { recursive: true });
    const report = { machine, repeats, tail, figures };
    writeFileSync(join(folder, 'scale.json'), `${JSON.stringify(report, undefined, 2)}\n`);
    const caption = `Node ${machine.node}, ${machine.cores} × ${machine.cpu}`;
    writeFileSync(join(folder, 'scale.svg'), drawScale(figures, caption));
  }
} finally {
  rmSync(sandbox, { recursive: true, force: true });
}
