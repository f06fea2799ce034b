/**
 * `varve torture`: its verdict, its limits, and that it leaves nothing behind.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { builtFile } from '../support/build.ts';
import { Workplace } from '../support/command-line.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => {
  place.remove();
});

interface Verdict {
  readonly ok: boolean;
  readonly seed: number;
  readonly kills: Readonly<Record<string, number>>;
  readonly looks: number;
  readonly problems: readonly string[];
}

test('kills as often as it is told to, gives a verdict and its seed, and cleans up', async () => {
  const { exitCode, stdout, stderr } = await place.run(['torture', '--kills', '3', '--seed', '5']);
  expect(stderr).toMatch(/^varve: torture in .*varve-torture-\w+, seed 5\n$/);
  expect(stdout).toMatch(/^all is well: 3 kills, [\d,]+ acknowledged changes, 0 lost\n/);
  expect(stdout).toMatch(/\n {2}seed +5, /);
  expect(stdout).toMatch(/not tested +power cuts/);
  expect(exitCode).toBe(0);
  expect(readdirSync(place.folder)).toEqual([]);
});

test('with --json prints one document, and ends when its time is over', async () => {
  const { exitCode, stdout } = await place.run(['torture', '--minutes', '0.02', '--json']);
  const verdict = JSON.parse(stdout) as Verdict;
  expect(verdict).toMatchObject({ ok: true, problems: [] });
  expect(verdict.looks).toBeGreaterThan(0);
  expect(Object.keys(verdict.kills)).toEqual(['opening', 'load', 'compacting', 'closing']);
  expect(verdict).not.toHaveProperty('folder');
  expect(exitCode).toBe(0);
});

test('interrupted, says how far it was, and leaves no folder and no process behind', async () => {
  const argv = [builtFile('cli/main.js'), 'torture', '--minutes', '5', '--json'];
  // A group of its own, to which the signal goes as to a terminal's foreground: children too.
  const child = spawn(process.execPath, argv, { cwd: place.folder, detached: true });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const closed = once(child, 'close');
  while (!readdirSync(place.folder).some((name) => name.startsWith('varve-torture-'))) {
    await delay(20);
  }
  await delay(2000);
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await closed;
  const [stdout, stderr] = await output;
  expect(child.exitCode).toBe(130);
  expect(stderr).toMatch(/varve: interrupted\n/);
  if (stdout !== '') expect(JSON.parse(stdout)).toMatchObject({ ok: true, problems: [] });
  expect(readdirSync(place.folder)).toEqual([]);
  expect(() => process.kill(-(child.pid ?? 0), 0)).toThrow(/ESRCH/);
});

test('refuses limits that make no sense, and a folder that is not there', async () => {
  for (const option of ['--minutes=0', '--minutes=x', '--kills=0', '--seed=-1', '--seed=2e9']) {
    const { exitCode, stderr } = await place.run(['torture', option]);
    expect(exitCode, option).toBe(2);
    expect(stderr, option).toMatch(/^varve: .*expected /);
  }
  const { exitCode, stderr } = await place.run(['torture', '--directory', 'nowhere']);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/ENOENT.*nowhere/);
});
