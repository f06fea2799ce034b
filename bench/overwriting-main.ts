/**
 * `npm run bench:compaction`: measures on this machine what compaction gives back and costs.
 *
 *     npm run bench:compaction -- [--objects COUNT] [--times COUNT] [--dir DIR]
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { measureOverwriting } from './overwriting.ts';
import { formatMachine } from './report.ts';

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '6000' },
    times: { type: 'string', default: '5' },
    dir: { type: 'string', default: tmpdir() },
  },
});

const directory = mkdtempSync(join(values.dir, 'varve-overwriting-'));
try {
  console.log(`${formatMachine(describeMachine(directory))}\n`);
  const figures = await measureOverwriting(join(directory, 'store'), {
    objects: Number(values.objects),
    times: Number(values.times),
    turns: 4,
    uploads: 1500,
    quietMs: 20_000,
  });
  const { liveBytes, uploadedBytes, seconds, spaceBusy, spaceQuiet, written } = figures;
  const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  console.log(`lives                  ${mebibytes(liveBytes)}`);
  console.log(`uploaded               ${mebibytes(uploadedBytes)} in ${seconds.toFixed(1)} s`);
  console.log(`log, for what lives    ${spaceBusy.toFixed(2)} at the end of the load`);
  console.log(`                       ${spaceQuiet.toFixed(2)} when quiet (goal: 1.25)`);
  console.log(`written, for uploaded  ${written.toFixed(2)} (goal: 1.8)`);
  for (const [turn, without] of figures.withoutCompaction.entries()) {
    const beside = figures.besideCompaction[turn];
    if (beside === undefined) continue;
    const pair = (a: number, b: number): string =>
      `${a.toFixed(2)} -> ${b.toFixed(2)} ms (${(b / a).toFixed(2)} x)`;
    console.log(
      `4 KiB upload, turn ${turn + 1}   p50 ${pair(without.p50Ms, beside.p50Ms)}, ` +
        `p99 ${pair(without.p99Ms, beside.p99Ms)}, ${mebibytes(beside.compactedBytes)} moved`,
    );
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
