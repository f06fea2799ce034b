/**
 * An overlay shows what was done to it, and the file system below never hears of it.
 */

import { beforeEach, expect, test } from 'vitest';
import { MemoryFileSystem } from '../../../../src/engine/platform/memory-file-system.ts';
import { OverlayFileSystem } from '../../../../src/engine/platform/overlay-file-system.ts';
import type { FileSystem } from '../../../../src/engine/platform/file-system.ts';

let below: MemoryFileSystem;
let overlay: OverlayFileSystem;

beforeEach(async () => {
  below = new MemoryFileSystem();
  await below.makeDirectory('/a/b');
  for (const path of ['/a/one', '/a/b/two']) await write(below, path, 'create', path);
  overlay = new OverlayFileSystem(below);
});

async function write(
  fileSystem: FileSystem,
  path: string,
  mode: 'create' | 'update',
  text: string,
): Promise<void> {
  const file = await fileSystem.open(path, mode);
  await file.write([Buffer.from(text)], 0);
  await file.close();
}

async function textOf(fileSystem: FileSystem, path: string): Promise<string> {
  const file = await fileSystem.open(path, 'read');
  const bytes = new Uint8Array(await file.size());
  await file.read(bytes, 0);
  await file.close();
  return Buffer.from(bytes).toString();
}

async function treeOf(fileSystem: FileSystem, folder = '/a'): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of await fileSystem.readDirectory(folder)) {
    const path = `${folder}/${name}`;
    const isFile = (await fileSystem.status(path))?.kind === 'file';
    if (isFile) files[path] = await textOf(fileSystem, path);
    else Object.assign(files, await treeOf(fileSystem, path));
  }
  return files;
}

const untouched = { '/a/one': '/a/one', '/a/b/two': '/a/b/two' };

test.each<[string, (fs: FileSystem) => Promise<void>, Record<string, string>]>([
  ['nothing', async () => undefined, untouched],
  ['an update', (fs) => write(fs, '/a/one', 'update', 'X'), { ...untouched, '/a/one': 'Xa/one' }],
  ['a new file', (fs) => write(fs, '/a/c', 'create', 'c'), { ...untouched, '/a/c': 'c' }],
  [
    'a renaming',
    (fs) => fs.rename('/a/one', '/a/b/1'),
    { '/a/b/1': '/a/one', '/a/b/two': '/a/b/two' },
  ],
  ['a renaming onto a file', (fs) => fs.rename('/a/one', '/a/b/two'), { '/a/b/two': '/a/one' }],
  ['a removal', (fs) => fs.remove('/a/one'), { '/a/b/two': '/a/b/two' }],
  ['the removal of a tree', (fs) => fs.removeTree('/a/b'), { '/a/one': '/a/one' }],
  [
    'a swap, and an update of what was swapped',
    async (fs) => {
      await fs.rename('/a/one', '/a/x');
      await fs.rename('/a/b/two', '/a/one');
      await fs.rename('/a/x', '/a/b/two');
      await write(fs, '/a/b/two', 'update', 'Y');
    },
    { '/a/one': '/a/b/two', '/a/b/two': 'Ya/one' },
  ],
  [
    'a file again where one was removed',
    async (fs) => {
      await fs.remove('/a/one');
      await write(fs, '/a/one', 'create', 'new');
    },
    { ...untouched, '/a/one': 'new' },
  ],
  [
    'a tree again where one was removed',
    async (fs) => {
      await fs.removeTree('/a/b');
      await fs.makeDirectory('/a/b');
      await write(fs, '/a/b/three', 'create', '3');
    },
    { '/a/one': '/a/one', '/a/b/three': '3' },
  ],
])('%s is seen above and not below, and is what it would have been', async (_, act, expected) => {
  await act(overlay);
  expect(await treeOf(overlay)).toEqual(expected);
  expect(await treeOf(below)).toEqual(untouched);
  await act(below);
  expect(await treeOf(below)).toEqual(expected);
});

test('what is not there is not there, and what is there is not made again', async () => {
  await overlay.remove('/a/one');
  for (const path of ['/a/one', '/a/none']) {
    await expect(overlay.open(path, 'read')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(overlay.open(path, 'update')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(overlay.remove(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(overlay.rename(path, '/a/y')).rejects.toMatchObject({ code: 'ENOENT' });
  }
  await expect(overlay.open('/a/b/two', 'create')).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(overlay.readDirectory('/none')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('there is one lock for both', async () => {
  const lock = await overlay.lock('/a');
  expect(await below.lock('/a')).toBeUndefined();
  await lock?.release();
});
