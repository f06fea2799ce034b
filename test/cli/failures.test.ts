/**
 * Where the store is looked for, what is never made by accident, and how commands fail.
 *
 * @module
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-code.ts';
import type { ExportReport } from '../../src/cli/folder-export.ts';
import { openStore, type VerifyReport } from '../../src/index.ts';
import { Workplace } from '../support/command-line.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => {
  place.remove();
});

describe('the store', () => {
  test('is where --store, else VARVE_STORE, else .varve says', async () => {
    await place.ok('mb', 'here');
    await place.run(['mb', 'there'], { env: { VARVE_STORE: place.path('there') } });
    await place.ok('mb', 'elsewhere', '--store', 'else');
    await place.ok('--store', 'else', 'mb', 'also');
    expect(await place.ok('buckets')).toBe('here\n');
    expect(await place.ok('buckets', '--store', 'there')).toBe('there\n');
    expect(await place.ok('--store', 'else', 'buckets')).toBe('also\nelsewhere\n');
  });

  test('is made by mb alone, and so is a bucket', async () => {
    writeFileSync(place.path('file'), '');
    mkdirSync(place.path('folder'));
    for (const argv of [
      ['put', 'file', 'b/a'],
      ['import', 'folder', 'b'],
      ['ls', 'b'],
      ['stats'],
    ]) {
      expect(await place.run(argv)).toMatchObject({ exitCode: exitCodes.notFound });
      expect(existsSync(place.path('.varve'))).toBe(false);
    }
    await place.fill('other');
    for (const argv of [
      ['put', 'file', 'b/a'],
      ['import', 'folder', 'b'],
      ['export', 'b', 'out'],
      ['ls', 'b'],
      ['rb', 'b'],
      ['cp', 'other/a', 'b/a'],
    ]) {
      const { exitCode, stderr } = await place.run(argv);
      expect([argv, exitCode]).toEqual([argv, exitCodes.notFound]);
      expect(stderr).toMatch(/^varve: [^\n]+\n$/);
    }
    expect(await place.ok('buckets')).toBe('other  (versioned)\n');
    expect(existsSync(place.path('out'))).toBe(false);
  });
});

describe('failures', () => {
  let shared: Workplace;

  beforeAll(async () => {
    shared = new Workplace();
    await shared.fill('b', { a: 'a' });
  });

  afterAll(() => {
    shared.remove();
  });

  test.each([
    [['frobnicate'], exitCodes.usage],
    [['get', 'b/a'], exitCodes.usage],
    [['get', 'b', 'file'], exitCodes.usage],
    [['put', 'x', 'b/a', '--frobnicate'], exitCodes.usage],
    [['put', 'x', 'b/a', '--durability', 'none'], exitCodes.usage],
    [['cat', 'b/a', '--range', '5'], exitCodes.usage],
    [['ls', 'b', '--limit', '0'], exitCodes.usage],
    [['ls', 'b', '--at', '2026-02-30'], exitCodes.usage],
    [['mb', 'UPPER'], exitCodes.usage],
    [['put', 'missing', 'b/a'], exitCodes.failure],
    [['put', '.', 'b/a'], exitCodes.usage],
    [['import', 'missing', 'b'], exitCodes.failure],
    [['cat', 'b/missing'], exitCodes.notFound],
    [['stat', 'b/missing', '--version', 'x'], exitCodes.notFound],
    [['get', 'b/a', 'no/such/folder'], exitCodes.failure],
    [['restore', 'b/a', 'x'], exitCodes.notFound],
    [['cat', 'b/a', '--range', '4-5'], exitCodes.usage],
  ])('varve %j ends with %i and one line', async (argv, exitCode) => {
    const text = await shared.run(argv);
    expect(text).toMatchObject({ exitCode, stdout: '' });
    expect(text.stderr).toMatch(/^varve: [^\n]+\n$/);
    const json = await shared.run([...argv, '--json']);
    expect(json).toMatchObject({ exitCode, stdout: '' });
    const [line, document, ...rest] = json.stderr.split('\n');
    expect(rest).toEqual(['']);
    const { error } = JSON.parse(document as string) as {
      error: { code: string; message: string };
    };
    expect(error.code).toMatch(/^[A-Z_]+$/);
    expect(`varve: ${error.message}`).toBe(line);
  });

  test('a store that another process has open is named with its holder', async () => {
    const store = await openStore(place.path('.varve'));
    const { exitCode, stderr } = await place.run(['stats']);
    await store.close();
    expect(exitCode).toBe(exitCodes.locked);
    expect(stderr).toMatch(new RegExp(`^varve: .*pid=${process.pid}\\b.*\\n$`));
    expect(await place.run(['stats'])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('no arguments show the help and are a mistake, --help and --version are none', async () => {
    const nothing = await place.run([]);
    expect(nothing).toMatchObject({ exitCode: exitCodes.usage, stdout: '' });
    expect(nothing.stderr).toContain('Usage: varve');
    expect(await place.ok('--help')).toContain('Usage: varve');
    expect(await place.ok('get', '--help')).toContain('--range');
    expect(await place.ok('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a damaged store', () => {
  test('is found by verify, and everything else in it can still be had', async () => {
    // Too much for the journal, and nothing in it twice.
    const bad = Array.from({ length: 300_000 }, (_, i) => String(Math.imul(i, i + 7919))).join('');
    await place.fill('b', { bad, good: 'good' });
    damageOneByte(place.path('.varve', 'segments'));

    const verified = await place.run(['verify', '--json']);
    expect(verified).toMatchObject({ exitCode: exitCodes.corrupt, stderr: '' });
    expect(JSON.parse(verified.stdout) as VerifyReport).toMatchObject({
      ok: false,
      damaged: [{ bucket: 'b', name: 'bad' }],
    });
    expect((await place.run(['verify'])).stdout).toMatch(/^damaged: b\/bad.*\n[^]*DAMAGED\n$/);

    expect((await place.run(['cat', 'b/bad'])).exitCode).toBe(exitCodes.corrupt);
    expect((await place.run(['get', 'b/bad', 'out'])).exitCode).toBe(exitCodes.corrupt);
    expect(existsSync(place.path('out'))).toBe(false);

    const exported = await place.run(['export', 'b', 'folder', '--json']);
    expect(exported.exitCode).toBe(exitCodes.corrupt);
    expect(JSON.parse(exported.stdout) as ExportReport).toMatchObject({
      files: 1,
      failed: [{ name: 'bad', code: 'CORRUPT' }],
    });
    expect(readdirSync(place.path('folder'))).toEqual(['good']);
  });
});

/** Changes a byte in the middle of the largest file of a folder. */
function damageOneByte(folder: string): void {
  const [largest] = readdirSync(folder)
    .map((name) => ({ path: `${folder}/${name}`, bytes: readFileSync(`${folder}/${name}`) }))
    .sort((a, b) => b.bytes.length - a.bytes.length);
  if (largest === undefined) throw new Error(`${folder} is empty`);
  const middle = largest.bytes.length >>> 1;
  largest.bytes[middle] = (largest.bytes[middle] as number) ^ 1;
  writeFileSync(largest.path, largest.bytes);
}
