/**
 * The drop-in as an application meets it: an environment variable, an unmodified package, plain
 * Node.
 *
 * That every method of the package behaves is in the contract; here is what surrounds it.
 *
 * @module
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collect, namesOf, textOf, uploadNames } from '../contract/bucket/target.ts';
import { type EncorePackage, loadEncorePackage } from './encore-package.ts';
import { runProgram } from './node-process.ts';

let loaded: EncorePackage;
let folder: string;

beforeAll(async () => {
  loaded = await loadEncorePackage();
  folder = await mkdtemp(join(tmpdir(), 'varve-drop-in-'));
});

afterAll(async () => {
  await loaded.remove();
  await rm(folder, { recursive: true, force: true });
});

describe('an application in a process of its own', () => {
  test('keeps its objects from one run to the next, and prints nothing of ours', async () => {
    const env = {
      ENCORE_RUNTIME_LIB: loaded.runtimeFile,
      VARVE_STORE: join(folder, 'store'),
    };
    const write = `
      import { Bucket } from 'encore.dev/storage/objects';
      const files = new Bucket('files', { versioned: false });
      const type = { contentType: 'text/plain' };
      const { size } = await files.upload('a.txt', Buffer.from('hello'), type);
      console.log(size);`;
    const read = `
      import { Bucket, ObjectNotFound } from 'encore.dev/storage/objects';
      const files = Bucket.named('files');
      console.log((await files.download('a.txt')).toString());
      for await (const { name } of files.list({})) console.log(name);
      console.log(await files.attrs('missing').catch((error) => error instanceof ObjectNotFound));`;
    expect(await runProgram(write, { env })).toEqual({ exitCode: 0, stdout: '5\n', stderr: '' });
    expect(await runProgram(read, { env })).toEqual({
      exitCode: 0,
      stdout: 'hello\na.txt\ntrue\n',
      stderr: '',
    });
  });

  test('that wants more of Encore than object storage is told so', async () => {
    const env = { ENCORE_RUNTIME_LIB: loaded.runtimeFile, VARVE_STORE: 'memory' };
    const program = `
      import { SQLDatabase } from 'encore.dev/storage/sqldb';
      try { SQLDatabase.named('db'); } catch (error) { console.log(error.message); }`;
    const { stdout } = await runProgram(program, { env });
    expect(stdout).toBe(
      "varve stands in for Encore's object storage only, and has no sqlDatabase\n",
    );
  });
});

describe('the package on the drop-in', () => {
  test('throws its own error classes, with the messages that they always had first', async () => {
    const { Bucket, ObjectNotFound, ObjectsError, PreconditionFailed } = loaded.encore;
    const bucket = new Bucket('errors', {});
    await bucket.upload('a', Buffer.from('x'));
    const missing = bucket.download('missing');
    await expect(missing).rejects.toBeInstanceOf(ObjectNotFound);
    await expect(missing).rejects.toThrow(/^object not found/);
    const refused = bucket.upload('a', Buffer.from('y'), { preconditions: { notExists: true } });
    await expect(refused).rejects.toBeInstanceOf(PreconditionFailed);
    await expect(refused).rejects.toThrow(/^precondition failed/);
    const unsupported = bucket.signedUploadUrl('a');
    await expect(unsupported).rejects.toBeInstanceOf(ObjectsError);
    const listing = bucket.list({ prefix: '\ud800' }).next();
    await expect(listing).rejects.toBeInstanceOf(ObjectsError);
    await expect(listing).rejects.toMatchObject({ name: 'InvalidArgument' });
  });

  test('has copied a buffer when upload returns, as Encore has', async () => {
    const bucket = new loaded.encore.Bucket('copies', {});
    const mine = Buffer.from('before');
    const upload = bucket.upload('a', mine);
    mine.fill('x');
    await upload;
    expect(await textOf(bucket.download('a'))).toBe('before');
  });

  test('takes numbers as Encore takes them', async () => {
    const bucket = new loaded.encore.Bucket('numbers', {});
    await uploadNames(bucket as never, ['a', 'b', 'c']);
    expect(await namesOf(bucket.list({ limit: 2.9 }))).toEqual(['a', 'b']);
    expect(await namesOf(bucket.list({ limit: -1 }))).toEqual(['a', 'b', 'c']);
    expect(await namesOf(bucket.list({ limit: Number.NaN }))).toEqual([]);
    expect(await namesOf(bucket.list(undefined as never))).toEqual(['a', 'b', 'c']);
    const text = { limit: '2' as unknown as number };
    await expect(collect(bucket.list(text))).rejects.toThrow(TypeError);
    await expect(bucket.signedUploadUrl('a', { ttl: 604_800.9 })).rejects.toThrow('needs a server');
    await expect(bucket.signedUploadUrl('a', { ttl: 0.9 })).rejects.toThrow('invalid argument');
  });

  test('takes null for no options, as Encore does', async () => {
    const bucket = new loaded.encore.Bucket('nulls', {});
    const none = null as never;
    await bucket.upload('a', Buffer.from('x'), none);
    expect(await bucket.exists('a', none)).toBe(true);
    expect((await bucket.attrs('a', none)).size).toBe(1);
    expect(await textOf(bucket.download('a', none))).toBe('x');
    expect(await namesOf(bucket.list(none))).toEqual(['a']);
    await bucket.remove('a', none);
    expect(await bucket.exists('a')).toBe(false);
  });

  test('gives handles typed by their permissions, which are the bucket itself', async () => {
    const { Bucket } = loaded.encore;
    const bucket = new Bucket('refs', {});
    const reader = bucket.ref<InstanceType<typeof Bucket>>();
    await bucket.upload('a', Buffer.from('x'));
    expect(await textOf(reader.download('a'))).toBe('x');
  });

  test('shares its buckets with whoever uses varve in the same process', async () => {
    await new loaded.encore.Bucket('shared', {}).upload('a', Buffer.from('from encore'));
    const ours = new loaded.varve.Bucket('shared');
    expect(await textOf(ours.download('a', { range: { start: 5 } }))).toBe('encore');
  });
});
