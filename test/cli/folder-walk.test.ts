/**
 * What a walk finds in a folder: all files, in order, and nothing outside.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FolderItem, walkFolder } from '../../src/cli/folder-walk.ts';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'varve-walk-')));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function walk(root = folder, excluded = ''): Promise<FolderItem[]> {
  const items: FolderItem[] = [];
  for await (const item of walkFolder(root, excluded)) items.push(item);
  return items;
}

function write(path: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), '');
}

describe('walkFolder', () => {
  test('finds every file, in the bytewise order of paths', async () => {
    // '-' and '.' sort before '/', and '0' after it; the last two differ in UTF-16 order.
    const paths = [
      'a',
      'a-',
      'a.b',
      'b/a',
      'b/a.',
      'b/c/d',
      'b-',
      'b0',
      'ä',
      '\uff61',
      '\u{1f600}',
    ];
    for (const path of paths) write(path);
    const found = (await walk()).map(({ path }) => path);
    const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    expect(found).toEqual([...paths].sort(bytewise));
  });

  test('finds what was written, whatever the tree', async () => {
    const part = fc.stringMatching(/^[a-c.0-]{1,3}$/).filter((text) => !/^\.{1,2}$/.test(text));
    const tree = fc.uniqueArray(
      fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
      {
        maxLength: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(tree, async (paths) => {
        // A path below another one cannot be a file as well.
        const files = paths.filter((path) => !paths.some((other) => other.startsWith(`${path}/`)));
        for (const path of files) write(path);
        const found = (await walk()).map(({ path }) => path);
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
        expect(found).toEqual([...files].sort());
      }),
      { numRuns: 50 },
    );
  });

  test('tells links and special files and follows none', async () => {
    mkdirSync(join(folder, 'loop'));
    symlinkSync('..', join(folder, 'loop', 'up'));
    symlinkSync('/', join(folder, 'top'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(await walk()).toEqual([
      { kind: 'skipped', path: 'loop/up', reason: 'it is a symbolic link' },
      { kind: 'skipped', path: 'pipe', reason: 'it is not a regular file' },
      { kind: 'skipped', path: 'top', reason: 'it is a symbolic link' },
    ]);
  });

  test('does not look into the excluded folder', async () => {
    write('.varve/VARVE');
    write('.varve-2/a');
    expect(await walk(folder, join(folder, '.varve'))).toEqual([
      { kind: 'file', path: '.varve-2/a' },
      { kind: 'skipped', path: '.varve', reason: 'it is the store itself' },
    ]);
  });

  test('tells a name that is not UTF-8 instead of making up another', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x61, 0xff])]), '');
    write('a\ufffd');
    expect(await walk()).toEqual([
      { kind: 'file', path: 'a\ufffd' },
      { kind: 'failed', path: 'a\u00ff', reason: 'its name is not UTF-8' },
    ]);
  });

  test('tells a folder that cannot be read, and goes on', async () => {
    for (const path of ['a/1', 'b/2', 'c/3']) write(path);
    const items: FolderItem[] = [];
    for await (const item of walkFolder(folder, '')) {
      items.push(item);
      // It was seen, but not looked into yet.
      if (item.path === 'a/1') rmSync(join(folder, 'b'), { recursive: true });
    }
    expect(items.map(({ kind, path }) => [kind, path])).toEqual([
      ['file', 'a/1'],
      ['failed', 'b/'],
      ['file', 'c/3'],
    ]);
  });

  test('throws if there is no such folder', async () => {
    await expect(walk(join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
