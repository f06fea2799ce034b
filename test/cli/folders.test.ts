/**
 * `import` and `export`: what goes in comes out, as of any point, and never outside the folder.
 *
 * `diff -r` and the file system are the judges, not the code under test.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-code.ts';
import type { ExportReport } from '../../src/cli/folder-export.ts';
import type { ImportReport } from '../../src/cli/folder-import.ts';
import type { ObjectAttrs, VersionEntry } from '../../src/index.ts';
import { Workplace } from '../support/command-line.ts';

let place: Workplace;

beforeEach(async () => {
  place = new Workplace();
  await place.fill('b');
});

afterEach(() => {
  place.remove();
});

/** Writes a file that was last modified long ago, with a time that no other call gives. */
function write(path: string, content: string | Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(place.path(path)), { recursive: true });
  writeFileSync(place.path(path), content);
  chmodSync(place.path(path), mode);
  writeCount++;
  const seconds = 1_600_000_000 + writeCount + 0.123456;
  utimesSync(place.path(path), seconds, seconds);
}
let writeCount = 0;

function diff(a: string, b: string): string {
  return execFileSync('diff', ['-r', place.path(a), place.path(b)], { encoding: 'utf8' });
}

async function importTo(target: string, ...options: string[]): Promise<ImportReport> {
  return place.json<ImportReport>('import', 'dir', target, ...options);
}

const counts = (report: ImportReport): number[] => [
  report.new,
  report.changed,
  report.touched,
  report.unchanged,
  report.removed,
];

describe('import and export', () => {
  test('give back every state, with modes and times', async () => {
    write('dir/a', 'one');
    write('dir/run.sh', '#!/bin/sh\n', 0o755);
    write('dir/deep/er/b', new Uint8Array(3_000_000).fill(7), 0o600);
    write('dir/deep/empty', '');
    write('dir/ä \n ☃', 'odd name');
    cpSync(place.path('dir'), place.path('state-1'), { recursive: true });
    const first = await importTo('b/tree');
    expect(counts(first)).toEqual([5, 0, 0, 0, 0]);
    expect(first).toMatchObject({ files: 5, bytes: 3_000_021, skipped: [], failed: [] });
    expect(first.newBytes).toBeGreaterThan(0);
    expect(first.storedBytes).toBeGreaterThan(0);
    expect(first.seconds).toBeGreaterThanOrEqual(0);

    write('dir/a', 'two');
    write('dir/c', 'new');
    rmSync(place.path('dir/deep/empty'));
    chmodSync(place.path('dir/run.sh'), 0o700);
    cpSync(place.path('dir'), place.path('state-2'), { recursive: true });
    const second = await importTo('b/tree/', '--delete');
    expect(counts(second)).toEqual([1, 1, 1, 2, 1]);
    expect(await place.ok('ls', 'b', '-r')).toBe(
      'tree/a\ntree/c\ntree/deep/er/b\ntree/run.sh\ntree/ä \\x0a ☃\n',
    );

    for (const [state, point] of [
      ['state-1', first.point],
      ['state-2', second.point],
      ['state-2', '2999-01-01'],
    ]) {
      const out = `out-${point}`;
      await place.ok('export', 'b/tree', out, '--at', String(point));
      expect(diff(String(state), out)).toBe('');
    }
    const report = await place.json<ExportReport>('export', 'b/tree', 'out');
    expect(report).toMatchObject({ files: 5, failed: [] });
    expect(diff('dir', 'out')).toBe('');
    for (const path of ['a', 'run.sh', 'deep/er/b']) {
      const [was, is] = ['dir', 'out'].map((folder) => statSync(place.path(folder, path)));
      expect(is?.mode).toBe(was?.mode);
      expect(is?.mtime).toEqual(was?.mtime);
    }
  });

  test('a folder that was exported is unchanged when it is imported', async () => {
    for (let i = 0; i < 20; i++) write(`dir/${i}`, String(i));
    const { point } = await importTo('b');
    await place.ok('export', 'b', 'out');
    rmSync(place.path('dir'), { recursive: true });
    renameSync(place.path('out'), place.path('dir'));
    const again = await importTo('b');
    expect(counts(again)).toEqual([0, 0, 0, 20, 0]);
    expect(again).toMatchObject({ point, newBytes: 0, storedBytes: 0 });
    expect(again).not.toHaveProperty('dedupRatio');
  });

  test('into a bucket without versions there is no point, and the rest is the same', async () => {
    await place.ok('mb', 'plain');
    write('dir/a', 'one');
    write('dir/b', 'two');
    expect(await importTo('plain')).not.toHaveProperty('point');
    rmSync(place.path('dir/b'));
    expect(counts(await importTo('plain', '--delete'))).toEqual([0, 0, 0, 1, 1]);
    await place.ok('export', 'plain', 'out');
    expect(diff('dir', 'out')).toBe('');
  });
});

describe('import', () => {
  test('sees a change that size, mode and modification time hide', async () => {
    for (const seconds of [499_162_500, 1_600_000_000.123456]) {
      const release = (content: string): void => {
        write('dir/package.json', content);
        utimesSync(place.path('dir/package.json'), seconds, seconds);
      };
      release('{"version":"1.0.0"}');
      await importTo('b');
      release('{"version":"1.0.1"}');
      expect(counts(await importTo('b'))).toEqual([0, 1, 0, 0, 0]);
      expect(counts(await importTo('b'))).toEqual([0, 0, 0, 1, 0]);
      expect(await place.ok('cat', 'b/package.json')).toBe('{"version":"1.0.1"}');
    }
  });

  test('sees a file of another folder with the same name, size, mode and time', async () => {
    for (const content of ['one', 'two', 'two']) {
      rmSync(place.path('dir'), { recursive: true, force: true });
      write('dir/a', content);
      utimesSync(place.path('dir/a'), 1_600_000_000, 1_600_000_000);
      await importTo('b');
    }
    const versions = await place.jsonLines<VersionEntry>('ls', 'b/a', '--versions');
    expect(versions).toHaveLength(2);
    expect(await place.ok('cat', 'b/a')).toBe('two');
  });

  test('what only has another time or mode takes no space', async () => {
    const content = Uint8Array.from({ length: 100_000 }, (_, i) => Math.imul(i, i) >>> 16);
    write('dir/a', content);
    await importTo('b');
    write('dir/a', content);
    const again = await importTo('b');
    expect(counts(again)).toEqual([0, 0, 1, 0, 0]);
    expect(again).toMatchObject({ newBytes: 0, storedBytes: 0 });
  });

  test('its point is the newest version even if that is a delete marker of before', async () => {
    write('dir/a', 'a');
    write('dir/b', 'b');
    await importTo('b/x');
    rmSync(place.path('dir/b'));
    const second = await importTo('b/x', '--delete');
    const [marker] = (await place.jsonLines<VersionEntry>('ls', 'b/x/b', '--versions')).filter(
      ({ deleteMarker }) => deleteMarker,
    );
    expect(second.point).toBe(marker?.version);
    expect((await importTo('b/x', '--delete')).point).toBe(marker?.version);
  });

  test('removes only below its prefix, and only if it is told to', async () => {
    write('dir/a', 'a');
    await place.fill('b', { 'p/old': '', p: '', 'p-': '', p0: '', 'q/old': '' });
    await importTo('b/p');
    expect(await place.ok('ls', 'b', '-r')).toBe('p\np-\np/a\np/old\np0\nq/old\n');
    expect((await importTo('b/p', '--delete')).removed).toBe(1);
    expect(await place.ok('ls', 'b', '-r')).toBe('p\np-\np/a\np0\nq/old\n');
  });

  test('tells links and special files, and follows none', async () => {
    write('dir/a', 'a');
    write('outside/secret', 'secret');
    symlinkSync('../outside', place.path('dir/link'));
    symlinkSync('../outside/secret', place.path('dir/secret'));
    const { exitCode, stdout, stderr } = await place.run(['import', 'dir', 'b', '--json']);
    expect(exitCode).toBe(0);
    expect((JSON.parse(stdout) as ImportReport).skipped).toEqual([
      { path: 'link', reason: 'it is a symbolic link' },
      { path: 'secret', reason: 'it is a symbolic link' },
    ]);
    expect(stderr).toBe(
      'varve: skipped link: it is a symbolic link\nvarve: skipped secret: it is a symbolic link\n',
    );
    expect(await place.ok('ls', 'b', '-r')).toBe('a\n');
  });

  test('does not import the store itself', async () => {
    write('dir/a', 'a');
    await place.ok('mb', 'b', '--versioned', '--store', 'dir/store');
    const argv = ['import', 'dir', 'b', '--store', 'dir/store', '--json'];
    const { exitCode, stdout } = await place.run(argv);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      files: 1,
      skipped: [{ path: 'store', reason: 'it is the store itself' }],
    });
  });

  test('goes on where one file fails, then removes nothing and says so', async () => {
    write('dir/a', 'a');
    write(`dir/${`${'d'.repeat(200)}/`.repeat(6)}long`, 'over 1024 bytes');
    await place.fill('b', { old: '' });
    const { exitCode, stdout, stderr } = await place.run([
      'import',
      'dir',
      'b',
      '--delete',
      '--json',
    ]);
    expect(exitCode).toBe(exitCodes.failure);
    expect(JSON.parse(stdout)).toMatchObject({ files: 1, new: 1, removed: 0, failed: [{}] });
    expect(stderr).toMatch(/^varve: not imported: d+\/.*\nvarve: nothing was removed.*\n$/);
    expect(await place.ok('ls', 'b', '-r')).toBe('a\nold\n');
  });

  test('keeps the content type that an object has', async () => {
    await place.run(['put', '-', 'b/a', '--type', 'text/x-old']);
    write('dir/a', 'a');
    await importTo('b');
    expect((await place.json<ObjectAttrs>('stat', 'b/a')).contentType).toBe('text/x-old');
  });
});

describe('export', () => {
  const hostile = [
    '../escape',
    '../../escape',
    '/escape',
    'a/../../escape',
    'a/./b',
    'x//y',
    '.',
    '..',
    'folder/',
    'nul\0byte',
  ];

  test('refuses names that are no paths, exports the rest, and ends with a failure', async () => {
    const names = [...hostile, 'good', 'a/good'];
    await place.fill('b', Object.fromEntries(names.map((name) => [name, name])));
    mkdirSync(place.path('jail'));
    const { exitCode, stdout, stderr } = await place.run(['export', 'b', 'jail/out', '--json']);
    expect(exitCode).toBe(exitCodes.failure);
    const report = JSON.parse(stdout) as ExportReport;
    expect(report.files).toBe(2);
    expect(report.failed.map(({ name }) => name).sort()).toEqual([...hostile].sort());
    expect(new Set(report.failed.map(({ code }) => code))).toEqual(new Set(['REFUSED']));
    expect(stderr.trimEnd().split('\n')).toHaveLength(report.failed.length);
    expect(readdirSync(place.path('jail'))).toEqual(['out']);
    expect(readdirSync(place.path('jail/out')).sort()).toEqual(['a', 'good']);
    expect(readdirSync(place.folder).sort()).toEqual(['.varve', 'jail']);
  });

  test('of a name and a name below it, the first becomes the file', async () => {
    await place.fill('b', { foo: 'foo', 'foo-x': '', 'foo/bar': '' });
    const { exitCode, stdout } = await place.run(['export', 'b', 'out', '--json']);
    expect(exitCode).toBe(exitCodes.failure);
    expect((JSON.parse(stdout) as ExportReport).failed).toMatchObject([{ name: 'foo/bar' }]);
    expect(readFileSync(place.path('out/foo'), 'utf8')).toBe('foo');
  });

  test('passes no link in the folder, and replaces one that is in its place', async () => {
    await place.fill('b', { 'link/a': 'new', file: 'new', good: 'new' });
    write('outside/a', 'old');
    mkdirSync(place.path('out'));
    symlinkSync('../outside', place.path('out/link'));
    symlinkSync('../outside/a', place.path('out/file'));
    const { exitCode, stdout } = await place.run(['export', 'b', 'out', '--json']);
    expect(exitCode).toBe(exitCodes.failure);
    expect(JSON.parse(stdout)).toMatchObject({
      files: 2,
      failed: [{ name: 'link/a', code: 'REFUSED' }],
    });
    expect(readFileSync(place.path('outside/a'), 'utf8')).toBe('old');
    expect(readdirSync(place.path('outside'))).toEqual(['a']);
    expect(readFileSync(place.path('out/file'), 'utf8')).toBe('new');
  });

  test('writes nothing into the store, even if it lies in the folder', async () => {
    await place.fill('b', { '.varve/VARVE': 'damage', good: '' });
    const { exitCode, stderr } = await place.run(['export', 'b', '.']);
    expect(exitCode).toBe(exitCodes.failure);
    expect(stderr).toBe('varve: not exported: .varve/VARVE: it lies in the store itself\n');
    expect(await place.json('verify')).toMatchObject({ ok: true });
    expect(existsSync(place.path('good'))).toBe(true);
  });

  test('replaces files, leaves others alone, and leaves nothing temporary', async () => {
    write('dir/a/b', 'new');
    await importTo('b');
    write('out/a/b', 'old', 0o400);
    write('out/other', 'other');
    await place.ok('export', 'b', 'out');
    expect(readFileSync(place.path('out/a/b'), 'utf8')).toBe('new');
    expect(statSync(place.path('out/a/b')).mode & 0o777).toBe(0o644);
    expect(readdirSync(place.path('out'), { recursive: true, encoding: 'utf8' }).sort()).toEqual([
      'a',
      'a/b',
      'other',
    ]);
  });

  test('a prefix is a folder: names that only begin with it are not exported', async () => {
    await place.fill('b', { 'p/a': '', 'p-q/a': '', pp: '' });
    await place.ok('export', 'b/p', 'out');
    expect(readdirSync(place.path('out'))).toEqual(['a']);
    expect(await place.json('export', 'b/none', 'none')).toMatchObject({ files: 0, failed: [] });
  });
});
