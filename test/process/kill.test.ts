/**
 * `kill -9` at random moments of a mixed load: what was acknowledged is there, whole, and nothing
 * else is.
 *
 * This is what `varve torture` does, here on the disk for temporary files. When in a run of code a
 * kill lands is up to the machine, so a seed names a plan and not a failure. `npm run test:kill`
 * does it for longer.
 */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Torture } from '../../src/cli/torture/torture.ts';
import { builtFile } from '../support/build.ts';

const isShort = process.env['VARVE_SIMULATION'] === 'short';
const kills = isShort ? 60 : 200;
const seed = Math.floor(Math.random() * 2 ** 31);

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'varve-kill-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

test(`${kills} killed processes cost nothing that was acknowledged (seed ${seed})`, async () => {
  const script = builtFile('cli/torture/load-process.js');
  const torture = new Torture({ directory, seed, kills, timeMs: Infinity, script });
  expect(await torture.run()).toEqual([]);
  const { figures } = torture;
  console.log(figures);
  expect(figures.looks).toBeGreaterThan(kills / 3);
  expect(figures.acknowledged).toBeGreaterThan(kills);
  expect(figures.kills.load).toBeGreaterThan(kills / 4);
  expect(figures.kills.compacting).toBeGreaterThan(0);
  expect(existsSync(torture.folder)).toBe(false);
}, 300_000);

/** A process that plays a load. */
async function problemsWith(body: string): Promise<string[]> {
  const script = join(directory, 'load.mjs');
  writeFileSync(
    script,
    `import { once } from 'node:events';
    import { writeSync } from 'node:fs';
    import { openStore } from ${JSON.stringify(`file://${builtFile('index.js')}`)};
    const tell = (report) => writeSync(1, JSON.stringify(report) + '\\n');
    tell({ step: 'loaded' });
    const [line] = await once(process.stdin, 'data');
    const { directory } = JSON.parse(line.toString());
    tell({ step: 'opening' });
    const store = await openStore(directory);
    ${body}
    tell({ step: 'open' });
    tell({ step: 'compacting' });
    tell({ step: 'closing' });
    setInterval(() => {}, 1000);`,
  );
  const torture = new Torture({ directory, seed: 1, kills: 3, timeMs: Infinity, script });
  const problems = await torture.run();
  expect(existsSync(torture.folder)).toBe(problems.length > 0);
  return problems;
}

const put = `{ kind: 'put', sha256: '${'0'.repeat(64)}', size: 1 }`;
const where = `bucket: 'plain', name: 'a'`;

test('the torture hears of a change that was acknowledged and never made', async () => {
  const problems = await problemsWith(
    `tell({ step: 'begin', ${where}, change: ${put} });
    tell({ step: 'done', ${where} });`,
  );
  expect(problems.join('\n')).toMatch(/plain a is not what it must be: [^]*"found": \[\]/);
});

test('the torture hears of an object that nobody began to store', async () => {
  const problems = await problemsWith(`await store.bucket('plain').upload('ghost', 'boo');`);
  expect(problems).toContain('nobody made ghost');
});

test('the torture hears of content that is not what was stored', async () => {
  const problems = await problemsWith(
    `tell({ step: 'begin', ${where}, change: ${put} });
    await store.bucket('plain').upload('a', 'x');
    tell({ step: 'done', ${where} });`,
  );
  expect(problems.join('\n')).toMatch(/plain a is not what it must be/);
});

test('the torture hears of a process that fails by itself', async () => {
  const problems = await problemsWith(`throw new Error('out of order');`);
  expect(problems.join('\n')).toMatch(/the load ended with 1: [^]*out of order/);
});

test('an unfinished change that is found done, or not done, is no problem', async () => {
  const begun = `tell({ step: 'begin', ${where}, change: ${put} });`;
  expect(await problemsWith(begun)).toEqual([]);
});
