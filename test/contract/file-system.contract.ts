/**
 * What every implementation of the file system port does, with the same error codes.
 *
 * Run by each implementation's own test. An error code is asserted where POSIX, and so every
 * implementation, agrees on it.
 */

import { expect, onTestFinished, test } from 'vitest';
import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { fileLaws } from './file.contract.ts';
import { bytesOf, type FileSystemLaws, underTest } from './file-system-under-test.ts';

/**
 * Declares a test for each law.
 *
 * @param setUp - Gives a file system and an empty directory in it, for each test anew.
 */
export function fileSystemContract(
  setUp: () => Promise<{
    readonly fileSystem: FileSystem;
    readonly directory: string;
    dispose(): Promise<void>;
  }>,
): void {
  test.each(Object.entries({ ...fileLaws, ...fileSystemLaws }))('%s', async (_, holds) => {
    const { fileSystem, directory, dispose } = await setUp();
    onTestFinished(dispose);
    await holds(underTest(fileSystem, directory));
  });
}

const fileSystemLaws: FileSystemLaws = {
  'names are listed in the order of their bytes, and not of their UTF-16 units': async ({
    fs,
    put,
    directory,
  }) => {
    const names = ['a', 'C', 'b', 'a.b', 'ab', '10', '9', '\u{1F600}', '\uFFFD', 'é'];
    for (const name of names) await put(name, '');
    expect(await fs.readDirectory(directory)).toEqual([
      '10',
      '9',
      'C',
      'a',
      'a.b',
      'ab',
      'b',
      'é',
      '\uFFFD',
      '\u{1F600}',
    ]);
  },

  'names of directories are listed too, but not those within': async ({
    fs,
    at,
    put,
    directory,
  }) => {
    await fs.makeDirectory(at('d/e'));
    await put('d/f', '');
    expect(await fs.readDirectory(directory)).toEqual(['d']);
    expect(await fs.readDirectory(at('d'))).toEqual(['e', 'f']);
  },

  'names are listed of directories only': async ({ fs, at, put }) => {
    await put('a', '');
    await expect(fs.readDirectory(at('a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(fs.readDirectory(at('b'))).rejects.toMatchObject({ code: 'ENOENT' });
  },

  'makeDirectory makes those above too, and leaves what is there': async ({
    fs,
    at,
    put,
    textOf,
  }) => {
    await fs.makeDirectory(at('d/e'));
    await put('d/e/f', 'abc');
    await fs.makeDirectory(at('d/e'));
    await fs.makeDirectory(at('d'));
    expect(await textOf('d/e/f')).toBe('abc');
  },

  'makeDirectory puts none in the place of a file, or behind one': async ({
    fs,
    at,
    put,
    textOf,
  }) => {
    await put('a', 'abc');
    await expect(fs.makeDirectory(at('a'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(fs.makeDirectory(at('a/b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    expect(await textOf('a')).toBe('abc');
  },

  'syncDirectory resolves for a directory': async ({ fs, put, directory }) => {
    await put('a', '');
    expect(await fs.syncDirectory(directory)).toBeUndefined();
  },

  'syncDirectory refuses what is no directory': async ({ fs, at, put }) => {
    await put('a', '');
    await expect(fs.syncDirectory(at('a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(fs.syncDirectory(at('b'))).rejects.toMatchObject({ code: 'ENOENT' });
  },

  'status tells files from directories, and how large a file is': async ({
    fs,
    at,
    put,
    directory,
  }) => {
    await put('a', 'abc');
    expect(await fs.status(at('a'))).toEqual({ kind: 'file', sizeBytes: 3 });
    expect(await fs.status(directory)).toMatchObject({ kind: 'directory' });
  },

  'status is undefined where nothing is, and where nothing can be': async ({ fs, at, put }) => {
    await put('a', '');
    expect(await fs.status(at('b'))).toBeUndefined();
    expect(await fs.status(at('b/c'))).toBeUndefined();
    expect(await fs.status(at('a/c'))).toBeUndefined();
  },

  'rename moves a file to another directory': async ({ fs, at, put, textOf }) => {
    await put('a', 'abc');
    await fs.makeDirectory(at('d'));
    await fs.rename(at('a'), at('d/b'));
    expect(await fs.status(at('a'))).toBeUndefined();
    expect(await textOf('d/b')).toBe('abc');
  },

  'rename takes the place of a file that is there': async ({ fs, at, put, textOf, directory }) => {
    await put('a', 'new');
    await put('b', 'old');
    await fs.rename(at('a'), at('b'));
    expect(await fs.readDirectory(directory)).toEqual(['b']);
    expect(await textOf('b')).toBe('new');
  },

  'rename leaves both of two names of one file': async ({ fs, at, put, directory }) => {
    await put('a', 'abc');
    await fs.link(at('a'), at('b'));
    await fs.rename(at('a'), at('b'));
    expect(await fs.readDirectory(directory)).toEqual(['a', 'b']);
  },

  'rename moves a directory with all in it': async ({ fs, at, put, textOf, directory }) => {
    await fs.makeDirectory(at('d/e'));
    await put('d/e/f', 'abc');
    await fs.makeDirectory(at('empty'));
    await fs.rename(at('d'), at('empty'));
    expect(await fs.readDirectory(directory)).toEqual(['empty']);
    expect(await textOf('empty/e/f')).toBe('abc');
  },

  'rename refuses what would lose or tangle something': async ({ fs, at, put, directory }) => {
    await put('a', 'abc');
    await fs.makeDirectory(at('d/e'));
    await fs.makeDirectory(at('empty'));
    const failures: [string, string, string][] = [
      ['missing', 'b', 'ENOENT'],
      ['a', 'missing/b', 'ENOENT'],
      ['a', 'empty', 'EISDIR'],
      ['empty', 'a', 'ENOTDIR'],
      ['empty', 'd', 'ENOTEMPTY'],
      ['d', 'd/e/d', 'EINVAL'],
    ];
    for (const [from, to, code] of failures) {
      await expect(fs.rename(at(from), at(to)), `${from} → ${to}`).rejects.toMatchObject({ code });
    }
    expect(await fs.readDirectory(directory)).toEqual(['a', 'd', 'empty']);
  },

  'link gives a file a second name, which outlives the first': async ({ fs, at, put, textOf }) => {
    await put('a', 'abc');
    await fs.link(at('a'), at('b'));
    const file = await fs.open(at('a'), 'update');
    await file.write([bytesOf('X')], 0);
    await file.close();
    await fs.remove(at('a'));
    expect(await textOf('b')).toBe('Xbc');
  },

  'link refuses what is not there, what is there already, and directories': async ({
    fs,
    at,
    put,
    directory,
  }) => {
    await put('a', '');
    await put('b', '');
    await expect(fs.link(at('no'), at('c'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(fs.link(at('a'), at('b'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(fs.link(directory, at('c'))).rejects.toMatchObject({ code: 'EPERM' });
  },

  'clone makes a file of its own, or nothing where the system cannot': async ({
    fs,
    at,
    put,
    textOf,
    directory,
  }) => {
    await put('a', 'abc');
    const isMade = await fs.clone(at('a'), at('b')).then(
      () => true,
      () => false,
    );
    expect(await fs.readDirectory(directory)).toEqual(isMade ? ['a', 'b'] : ['a']);
    const file = await fs.open(at('a'), 'update');
    await file.write([bytesOf('X')], 0);
    await file.close();
    expect(await textOf('a')).toBe('Xbc');
    if (isMade) expect(await textOf('b')).toBe('abc');
  },

  'clone refuses what is not there, and what is there already': async ({ fs, at, put, textOf }) => {
    await put('a', 'abc');
    await put('b', 'old');
    await expect(fs.clone(at('no'), at('c'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(fs.clone(at('a'), at('b'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(fs.clone(at('a'), at('no/b'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await textOf('b')).toBe('old');
  },

  'remove removes a file, and no directory': async ({ fs, at, put, directory }) => {
    await put('a', '');
    await fs.makeDirectory(at('d'));
    await fs.remove(at('a'));
    expect(await fs.readDirectory(directory)).toEqual(['d']);
    await expect(fs.remove(at('a'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(fs.remove(at('d'))).rejects.toMatchObject({
      code: expect.stringMatching(/^(EISDIR|EPERM)$/),
    });
    expect(await fs.readDirectory(directory)).toEqual(['d']);
  },

  'remove of a tree removes all in it, and is content with nothing': async ({
    fs,
    at,
    put,
    directory,
  }) => {
    await fs.makeDirectory(at('d/e'));
    await put('d/e/f', '');
    await put('g', '');
    await fs.removeTree(at('d'));
    await fs.removeTree(at('d'));
    await fs.removeTree(at('d/e'));
    expect(await fs.readDirectory(directory)).toEqual(['g']);
  },

  'freeBytes is a whole number of bytes, and fails where nothing is': async ({
    fs,
    at,
    directory,
  }) => {
    const free = await fs.freeBytes(directory);
    expect(free).toBeGreaterThan(0);
    expect(Number.isSafeInteger(free)).toBe(true);
    await expect(fs.freeBytes(at('no'))).rejects.toMatchObject({ code: 'ENOENT' });
  },

  'lock is granted once, and again when it was released': async ({ fs, directory }) => {
    const first = await fs.lock(directory);
    expect(first).toBeDefined();
    expect(await fs.lock(directory)).toBeUndefined();
    await first?.release();
    const second = await fs.lock(directory);
    expect(second).toBeDefined();
    await second?.release();
  },

  'lock released twice does not take it away from the next holder': async ({ fs, directory }) => {
    const first = await fs.lock(directory);
    await first?.release();
    const second = await fs.lock(directory);
    await first?.release();
    expect(second).toBeDefined();
    expect(await fs.lock(directory)).toBeUndefined();
    await second?.release();
  },

  'lock is granted to one of many who ask at once': async ({ fs, directory }) => {
    const locks = await Promise.all(Array.from({ length: 8 }, () => fs.lock(directory)));
    const granted = locks.filter((lock) => lock !== undefined);
    expect(granted.length).toBe(1);
    await granted[0]?.release();
  },

  'lock of one directory does not lock another': async ({ fs, at, directory }) => {
    await fs.makeDirectory(at('d'));
    const locks = [await fs.lock(directory), await fs.lock(at('d'))];
    expect(locks.every((lock) => lock !== undefined)).toBe(true);
    for (const lock of locks) await lock?.release();
  },

  'lock is for directories that are there': async ({ fs, at, put }) => {
    await put('a', '');
    await expect(fs.lock(at('a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(fs.lock(at('no'))).rejects.toMatchObject({ code: 'ENOENT' });
  },
};
