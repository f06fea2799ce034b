/**
 * The default store: where it lies, when it opens, and that it is closed when the process ends.
 *
 * Each case is a process of its own, because a process has one default store.
 *
 * @module
 */

import { access, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openStore } from '../../src/index.ts';
import { compileLibrary } from '../encore/compiled-library.ts';
import { type Ended, runProgram } from '../encore/node-process.ts';

let library: string;
let folder: string;
let folders: string;

beforeAll(async () => {
  library = await compileLibrary();
  folders = await mkdtemp(join(tmpdir(), 'varve-default-'));
});

afterAll(async () => {
  await rm(library, { recursive: true, force: true });
  await rm(folders, { recursive: true, force: true });
});

beforeEach(async () => {
  folder = await mkdtemp(join(folders, 'cwd-'));
});

/** Runs a program that has the library at hand, in an empty folder. */
function run(program: string, env: Record<string, string> = {}): Promise<Ended> {
  const url = pathToFileURL(join(library, 'index.js')).href;
  return runProgram(`import { Bucket, openStore } from '${url}';\n${program}`, {
    env,
    cwd: folder,
  });
}

const uploadAndPrint = `
  const bucket = new Bucket('b', { versioned: true });
  await bucket.upload('a', 'hello');
  console.log((await new Bucket('b').download('a')).toString());`;

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

test('is .varve under the current directory', async () => {
  expect(await run(uploadAndPrint)).toEqual({ exitCode: 0, stdout: 'hello\n', stderr: '' });
  await using store = await openStore(join(folder, '.varve'), { mustExist: true });
  expect((await store.bucket('b').download('a')).toString()).toBe('hello');
});

test('is the folder that VARVE_STORE names, in tests too', async () => {
  const path = join(folder, 'elsewhere');
  const env = { VARVE_STORE: path, NODE_ENV: 'test' };
  expect(await run(uploadAndPrint, env)).toEqual({ exitCode: 0, stdout: 'hello\n', stderr: '' });
  await using store = await openStore(path, { mustExist: true });
  expect(await store.bucket('b').exists('a')).toBe(true);
  expect(await exists(join(folder, '.varve'))).toBe(false);
});

test.each([{ VARVE_STORE: 'memory' }, { NODE_ENV: 'test' }, { NODE_ENV: 'test', VARVE_STORE: '' }])(
  'is in memory with %j, and leaves nothing behind',
  async (env) => {
    expect(await run(uploadAndPrint, env as Record<string, string>)).toMatchObject({
      exitCode: 0,
      stdout: 'hello\n',
    });
    expect(await readdir(folder)).toEqual([]);
  },
);

test('is not opened by a bucket that is only declared', async () => {
  const program = `
    const bucket = new Bucket('b');
    bucket.ref('read');
    bucket.at(new Date());
    bucket.list();
    bucket.downloadStream('a');`;
  expect(await run(program)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  expect(await readdir(folder)).toEqual([]);
});

test('is read from the environment when it is first used', async () => {
  const program = `
    const bucket = new Bucket('b');
    process.env.VARVE_STORE = 'late';
    await bucket.upload('a', 'x');`;
  expect(await run(program)).toMatchObject({ exitCode: 0 });
  expect(await readdir(folder)).toEqual(['late']);
});

test('that cannot be opened says so each time, and is tried again', async () => {
  const program = `
    const other = await openStore('.varve');
    const bucket = new Bucket('b');
    for (let i = 0; i < 2; i++) await bucket.exists('a').catch(({ code }) => console.log(code));
    await other.close();
    console.log(await bucket.exists('a'));`;
  expect(await run(program)).toMatchObject({ exitCode: 0, stdout: 'LOCKED\nLOCKED\nfalse\n' });
});

test('is closed when nothing is left to do, and opens again for who still wants it', async () => {
  const program = `
    const bucket = new Bucket('b');
    await bucket.upload('a', 'x');
    let times = 0;
    process.on('beforeExit', async () => {
      if (times++ < 2) console.log(await bucket.exists('a'));
    });`;
  expect(await run(program)).toEqual({ exitCode: 0, stdout: 'true\ntrue\n', stderr: '' });
  await using store = await openStore(join(folder, '.varve'));
  expect(await store.bucket('b').exists('a')).toBe(true);
});

test('has lost nothing when the process ended without closing it', async () => {
  const program = `${uploadAndPrint}\nprocess.exit(7);`;
  expect(await run(program)).toMatchObject({ exitCode: 7, stdout: 'hello\n' });
  await using store = await openStore(join(folder, '.varve'), { mustExist: true });
  expect((await store.bucket('b').download('a')).toString()).toBe('hello');
});

test('is one store for buckets that name it and buckets that do not', async () => {
  const program = `
    const store = await openStore({ memory: true });
    await new Bucket('b', { store }).upload('a', 'x');
    console.log(await store.bucket('b').exists('a'), await new Bucket('b').exists('a'));
    try { new Bucket('b', { store: {} }); } catch (error) { console.log(error.name); }
    await store.close();`;
  const env = { VARVE_STORE: 'memory' };
  expect(await run(program, env)).toMatchObject({ exitCode: 0, stdout: 'true false\nTypeError\n' });
});
