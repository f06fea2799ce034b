/**
 * `varve bench`: its document, its table, its report, its refusals.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BenchResult } from '../../../src/cli/bench/bench-result.ts';
import { workloads } from '../../../src/cli/bench/workloads.ts';
import { expectWholePage } from '../../support/html-page.ts';
import { projectFiles } from '../../support/project-files.ts';
import { Workplace } from '../../support/command-line.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => {
  place.remove();
});

const latencyMs = {
  p50: expect.any(Number) as number,
  p90: expect.any(Number) as number,
  p99: expect.any(Number) as number,
  p999: expect.any(Number) as number,
  max: expect.any(Number) as number,
  mean: expect.any(Number) as number,
};

test('with --json prints the document that docs/benchmarks.md describes', async () => {
  const argv = ['bench', 'read-random', 'delete-and-reclaim', '--against', 'fs', '--turns', '2'];
  const quick = ['--operations', '30', '--records', '40', '--size', '200', '--seed', '4'];
  const result = await place.json<BenchResult>(...argv, ...quick, '--durability', 'os');
  expect(result).toMatchObject({ schema: 'varve-bench-1', durability: 'os', turns: 2 });
  expect(result.smoke).toBe(false);
  expect(result.machine).toMatchObject({ node: process.version });
  expect(result.targets.map(({ name }) => name)).toEqual(['varve', 'fs']);
  expect(result.skipped).toEqual([]);
  expect(result.workloads.map(({ workload }) => workload)).toEqual([
    'read-random',
    'delete-and-reclaim',
  ]);
  const [reads, removals] = result.workloads;
  expect(reads?.settings).toMatchObject({ records: 40, sizeBytes: 200, concurrency: 8, seed: 4 });
  for (const { turns } of reads?.targets ?? []) {
    expect(turns).toHaveLength(2);
    for (const turn of turns) {
      expect(turn).toEqual({
        operations: 30,
        seconds: expect.any(Number) as number,
        operationsPerSecond: expect.any(Number) as number,
        bytesPerSecond: expect.any(Number) as number,
        latencyMs,
        byKind: { read: { operations: 30, latencyMs } },
        throughput: expect.any(Array) as [],
        givenBytes: 40 * 200,
        diskBytes: expect.any(Number) as number,
        ...(process.platform === 'linux' && { writtenBytes: expect.any(Number) as number }),
        checked: { answers: 30, records: 40 },
      });
      expect(turn.throughput.length).toBeGreaterThan(0);
      expect(turn.operationsPerSecond).toBeCloseTo(turn.operations / turn.seconds, 3);
    }
  }
  expect(reads?.targets[1]?.ratio).toEqual({
    median: expect.any(Number) as number,
    least: expect.any(Number) as number,
    most: expect.any(Number) as number,
    spreadPercent: expect.any(Number) as number,
    isNoise: expect.any(Boolean) as boolean,
  });
  const removal = removals?.targets[0]?.turns[0];
  expect(removal).toMatchObject({ operations: 20, checked: { answers: 20, records: 20 } });
  expect(Object.keys(removal?.reclaim ?? {})).toEqual([
    'seconds',
    'diskBytesBefore',
    'diskBytesAfter',
  ]);
  expect(readdirSync(place.folder)).toEqual([]);
});

test('writes a report that needs nothing else, and prints a table', async () => {
  const argv = ['bench', 'list', 'mixed', '--smoke', '--against', 'fs,level,fs'];
  const table = await place.ok(...argv, '--html', 'report.html');
  expect(table).toMatch(/^Node .*\nfile system: .*\ncache: warm/);
  expect(table).toMatch(/the numbers mean nothing/);
  expect(table).toMatch(/\nmixed: .*\n {2}records of 4\.0 KiB, 8 in flight, seed 1\n/);
  expect(table).toMatch(/\n {2}level .*one turn/);
  const html = readFileSync(place.path('report.html'), 'utf8');
  expectWholePage(html);
  expect(html).not.toContain('//');
  expect(html).toContain('@media print');
  expect(html.match(/<figure>/g)).toHaveLength(8);
});

test('skips a store that is not installed, and says how to get it', async () => {
  const argv = ['bench', 'list', '--smoke', '--against', 'lmdb,fs', '--json'];
  const { exitCode, stdout, stderr } = await place.run(argv);
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/^varve: lmdb is skipped: .*npm install lmdb\n$/);
  const result = JSON.parse(stdout) as BenchResult;
  expect(result.targets.map(({ name }) => name)).toEqual(['varve', 'fs']);
  expect(result.skipped).toEqual([
    { name: 'lmdb', reason: expect.stringContaining('not installed') as string },
  ]);
});

test('takes a package from the current folder, and ends with 6 if it answers wrongly', async () => {
  const folder = place.path('node_modules', 'cacache');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'cacache', version: '0.0.7', main: 'lib.js' }),
  );
  // A store that has everything, until `lies` says otherwise.
  const source = (lies: boolean): string => `
    const rows = new Map();
    exports.put = async (cache, key, content) => void rows.set(cache + key, Buffer.from(content));
    exports.get = async (cache, key) => {
      const data = rows.get(cache + key);
      if (!data) throw Object.assign(new Error('none'), { code: 'ENOENT' });
      return { data: ${lies} ? Buffer.concat([data, Buffer.of(0)]) : data };
    };
    exports.ls = async (cache) => Object.fromEntries([...rows.keys()]
      .filter((key) => key.startsWith(cache)).map((key) => [key.slice(cache.length), 1]));
    exports.rm = { entry: async (cache, key) => rows.delete(cache + key) };
    exports.verify = async () => {};`;
  writeFileSync(join(folder, 'lib.js'), source(false));
  const argv = ['bench', 'ycsb-e', 'list-delimiter', '--smoke', '--against', 'cacache'];
  const { targets } = await place.json<BenchResult>(...argv);
  expect(targets[1]).toMatchObject({ name: 'cacache', version: 'cacache 0.0.7' });
  writeFileSync(join(folder, 'lib.js'), source(true));
  const { exitCode, stdout, stderr } = await place.run([...argv, '--json']);
  expect(exitCode).toBe(6);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/varve: cacache, ycsb-e: f000000\/r0000\d+ was stored, and other bytes/);
  expect(stderr).toMatch(/"code":"WRONG_ANSWER"/);
  expect(readdirSync(place.folder)).toEqual(['node_modules']);
});

test('refuses what makes no sense, and says what there is', async () => {
  for (const [argv, message] of [
    [['nothing'], /there is no workload 'nothing'; there are: fill-sequential, /],
    [
      ['list', '--against', 'rsync'],
      /no adapter for 'rsync'; there are: fs, level, .*, cacache, restic, borg, git$/m,
    ],
    [['--size', '0'], /expected a size, such as 4096/],
    [['--size', '4KB'], /expected a size/],
    [['--seconds', '0'], /expected a number above 0/],
    [['--edit-rate', '1.5'], /expected a share from 0 to 1/],
    [['--durability', 'none'], /Allowed choices are power, os/],
    [['--turns', '0'], /expected a count/],
  ] as const) {
    const { exitCode, stderr, stdout } = await place.run(['bench', ...argv]);
    expect(exitCode, argv.join(' ')).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  }
  expect(readdirSync(place.folder)).toEqual([]);
});

test('docs/benchmarks.md names every workload', () => {
  const [document] = projectFiles((path) => path === 'docs/benchmarks.md');
  const rows = [...(document?.text ?? '').matchAll(/^\| `([a-z-]+)` +\| .* \| [^|]* B +\|$/gm)];
  expect(rows.map(([, name]) => name)).toEqual(workloads.map(({ name }) => name));
});
