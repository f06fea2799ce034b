/**
 * The memory file system keeps the contract, and what it adds to it.
 */

import { describe, expect, test } from 'vitest';
import { MemoryFileSystem } from '../../../../src/engine/platform/memory-file-system.ts';
import { fileSystemContract } from '../../../contract/file-system.contract.ts';

describe('MemoryFileSystem', () => {
  fileSystemContract(async () => {
    const fileSystem = new MemoryFileSystem();
    await fileSystem.makeDirectory('/some/store');
    return { fileSystem, directory: '/some/store', dispose: async () => {} };
  });

  test('is empty at first, and its own', async () => {
    const one = new MemoryFileSystem();
    const other = new MemoryFileSystem();
    await one.makeDirectory('store');
    expect(await one.readDirectory('/')).toEqual(['store']);
    expect(await other.readDirectory('/')).toEqual([]);
  });

  test('starts every path at the root', async () => {
    const fileSystem = new MemoryFileSystem();
    await fileSystem.makeDirectory('store');
    for (const path of ['store', '/store', './store', 'store/', '//store//']) {
      expect(await fileSystem.status(path)).toEqual({ kind: 'directory', sizeBytes: 0 });
    }
  });

  test('does not let its root be renamed, linked or removed', async () => {
    const fileSystem = new MemoryFileSystem();
    await fileSystem.makeDirectory('store');
    for (const attempt of [
      fileSystem.rename('/', 'elsewhere'),
      fileSystem.rename('store', '/'),
      fileSystem.link('store', '/'),
      fileSystem.remove('/'),
      fileSystem.removeTree('/'),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: 'EBUSY' });
    }
    expect(await fileSystem.readDirectory('/')).toEqual(['store']);
  });

  test('says what failed, and where, as Node does', async () => {
    await expect(new MemoryFileSystem().open('/no/a', 'read')).rejects.toMatchObject({
      message: "ENOENT: no such file or directory, open '/no/a'",
      code: 'ENOENT',
      syscall: 'open',
      path: '/no/a',
    });
  });
});
