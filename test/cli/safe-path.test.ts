/**
 * Names of objects that want to be files: which may, and that none gets out of the folder.
 *
 * @module
 */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FolderTree, RefusedName, refusalOf } from '../../src/cli/safe-path.ts';

const hostile = [
  '',
  '.',
  '..',
  '/',
  '\\',
  '\0',
  'C:',
  'NUL',
  'con.txt',
  'a',
  'a.',
  'ä',
  '...',
  ' ',
];
const name = fc
  .array(fc.oneof(fc.constantFrom(...hostile), fc.string({ maxLength: 4 })), { maxLength: 5 })
  .map((parts) => parts.join('/'));

describe('refusalOf', () => {
  test('no name that passes leads out of the folder, or to the folder itself', () => {
    fc.assert(
      fc.property(name, (someName) => {
        if (refusalOf(someName, 'linux') !== undefined) return;
        const path = relative(resolve('/base/folder'), resolve('/base/folder', someName));
        expect(path).toBe(someName);
        expect(path).not.toMatch(/^(?:\.\.(?:\/|$)|\/|$)/);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(['a', 'a/b', '...', '..a', 'a..', '-', '~', 'a\\..\\b', 'NUL', 'a b', 'a\nb'])(
    'lets %j be a file',
    (good) => {
      expect(refusalOf(good, 'linux')).toBeUndefined();
    },
  );

  test.each([
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    '../a',
    'a/..',
    'a/../b',
    './a',
    'a/.',
    'a\0',
  ])('refuses %j', (bad) => {
    expect(refusalOf(bad, 'linux')).toBeTypeOf('string');
    expect(refusalOf(bad, 'win32')).toBeTypeOf('string');
  });

  test.each([
    '..\\a',
    'a\\b',
    'C:',
    'a:b',
    'a/NUL',
    'con.txt',
    'COM1',
    'lpt\u00b9.x',
    'a.',
    'a ',
    'a?',
    '\u0001',
  ])('refuses %j on Windows only', (bad) => {
    expect(refusalOf(bad, 'win32')).toBeTypeOf('string');
    expect(refusalOf(bad, 'linux')).toBeUndefined();
  });

  test.each(['console.txt', 'nul-a', 'com10', 'a.b'])('lets %j pass on Windows', (good) => {
    expect(refusalOf(good, 'win32')).toBeUndefined();
  });
});

describe('FolderTree', () => {
  let folder: string;
  let tree: FolderTree;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'varve-tree-'));
    mkdirSync(join(folder, 'outside'));
    mkdirSync(join(folder, 'root', 'store'), { recursive: true });
    tree = await FolderTree.open(join(folder, 'root'), join(folder, 'root', 'store'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('makes the folders on the way, once, however many ask', async () => {
    const paths = await Promise.all(
      ['a/b/1', 'a/b/2', 'a/c/3', '4'].map((some) => tree.prepare(some)),
    );
    expect(paths.map((path) => relative(join(folder, 'root'), path))).toEqual([
      join('a', 'b', '1'),
      join('a', 'b', '2'),
      join('a', 'c', '3'),
      '4',
    ]);
    expect(readdirSync(join(folder, 'root', 'a'))).toEqual(['b', 'c']);
  });

  test('refuses to pass a link, wherever it leads, and makes nothing behind it', async () => {
    symlinkSync(join(folder, 'outside'), join(folder, 'root', 'link'));
    mkdirSync(join(folder, 'root', 'inside'));
    symlinkSync('inside', join(folder, 'root', 'inner'));
    symlinkSync('nowhere', join(folder, 'root', 'dangling'));
    for (const through of ['link/a', 'link/a/b', 'inner/a', 'dangling/a']) {
      await expect(tree.prepare(through)).rejects.toThrow(RefusedName);
    }
    expect(readdirSync(join(folder, 'outside'))).toEqual([]);
    expect(readdirSync(join(folder, 'root', 'inside'))).toEqual([]);
    expect(existsSync(join(folder, 'root', 'nowhere'))).toBe(false);
  });

  test('refuses a folder where a file should be, and a file where a folder should be', async () => {
    mkdirSync(join(folder, 'root', 'folder'));
    writeFileSync(join(folder, 'root', 'file'), '');
    await expect(tree.prepare('folder')).rejects.toThrow(RefusedName);
    await expect(tree.prepare('file/a')).rejects.toThrow(RefusedName);
  });

  test('refuses what lies in the store', async () => {
    await expect(tree.prepare('store/VARVE')).rejects.toThrow(RefusedName);
    await expect(tree.prepare('store')).rejects.toThrow(RefusedName);
    await expect(tree.prepare('store-2')).resolves.toBe(join(folder, 'root', 'store-2'));
  });

  test('of a name and what lies below it, the first is the file', () => {
    tree.take('foo');
    tree.take('foo-x');
    tree.take('foo.txt');
    expect(() => tree.take('foo/bar')).toThrow(RefusedName);
    expect(() => tree.take('foo/bar/baz')).toThrow(RefusedName);
    tree.take('foobar/baz');
    tree.take('foobar/baz2');
  });
});
