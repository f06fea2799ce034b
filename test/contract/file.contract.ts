/**
 * What every open file does, behind every implementation of the port.
 *
 * An error code is asserted where POSIX, and so every implementation, agrees on it.
 */

import fc from 'fast-check';
import { expect } from 'vitest';
import { bytesOf, contentOf, type FileSystemLaws, writeAll } from './file-system-under-test.ts';

export const fileLaws: FileSystemLaws = {
  'open creates a file that was not there, empty, for reading and writing': async ({ fs, at }) => {
    const file = await fs.open(at('a'), 'create');
    expect(await file.size()).toBe(0);
    await file.write([bytesOf('new')], 0);
    expect(await contentOf(file)).toEqual(bytesOf('new'));
    await file.close();
  },

  'open refuses to create a file over anything that is there': async ({ fs, at, put, textOf }) => {
    await put('a', 'old');
    await fs.makeDirectory(at('b'));
    await expect(fs.open(at('a'), 'create')).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(fs.open(at('b'), 'create')).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await textOf('a')).toBe('old');
  },

  'open creates no directory for the file': async ({ fs, at }) => {
    await expect(fs.open(at('no/a'), 'create')).rejects.toMatchObject({ code: 'ENOENT' });
  },

  'open updates a file without truncating it': async ({ fs, at, put, textOf }) => {
    await put('a', 'abcdef');
    const file = await fs.open(at('a'), 'update');
    await file.write([bytesOf('XY')], 2);
    await file.close();
    expect(await textOf('a')).toBe('abXYef');
  },

  'open refuses to read or update what is not there': async ({ fs, at }) => {
    await expect(fs.open(at('a'), 'read')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(fs.open(at('a'), 'update')).rejects.toMatchObject({ code: 'ENOENT' });
  },

  'open refuses to read or write a directory as a file': async ({ fs, directory }) => {
    const readDirectory = async (): Promise<void> => {
      const file = await fs.open(directory, 'read');
      try {
        await file.read(new Uint8Array(1), 0);
      } finally {
        await file.close();
      }
    };
    await expect(readDirectory()).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(fs.open(directory, 'update')).rejects.toMatchObject({ code: 'EISDIR' });
  },

  'open refuses a path that goes on behind a file': async ({ fs, at, put }) => {
    await put('a', '');
    await expect(fs.open(at('a/b'), 'read')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(fs.open(at('a/b'), 'create')).rejects.toMatchObject({ code: 'ENOTDIR' });
  },

  'open to read does not let the file be written': async ({ fs, at, put, textOf }) => {
    await put('a', 'old');
    const file = await fs.open(at('a'), 'read');
    await expect(file.write([bytesOf('new')], 0)).rejects.toMatchObject({ code: 'EBADF' });
    await file.close();
    expect(await textOf('a')).toBe('old');
  },

  'a file reads short at its end, and nothing behind it': async ({ fs, at, put }) => {
    await put('a', 'abcdef');
    const file = await fs.open(at('a'), 'read');
    const target = new Uint8Array(4).fill(0xff);
    expect(await file.read(target, 4)).toBe(2);
    expect(target).toEqual(Uint8Array.of(101, 102, 0xff, 0xff));
    expect(await file.read(target, 6)).toBe(0);
    expect(await file.read(target, 1000)).toBe(0);
    expect(await file.read(new Uint8Array(0), 0)).toBe(0);
    await file.close();
  },

  'a file gives out copies: what a reader does to its bytes stays with it': async ({
    fs,
    at,
    put,
  }) => {
    await put('a', 'abc');
    const file = await fs.open(at('a'), 'read');
    (await contentOf(file)).fill(0);
    expect(await contentOf(file)).toEqual(bytesOf('abc'));
    await file.close();
  },

  'a file keeps what was written when the writer reuses its bytes': async ({ fs, at }) => {
    const file = await fs.open(at('a'), 'create');
    const bytes = bytesOf('abc');
    await file.write([bytes], 0);
    bytes.fill(0);
    expect(await contentOf(file)).toEqual(bytesOf('abc'));
    await file.close();
  },

  'a file fills a gap before what is written with zeros': async ({ fs, at }) => {
    const file = await fs.open(at('a'), 'create');
    const far = 3 * 2 ** 20 + 5;
    await file.write([bytesOf('a')], 0);
    await file.write([bytesOf('z')], far);
    expect(await file.size()).toBe(far + 1);
    const content = await contentOf(file);
    expect([content[0], content[far]]).toEqual([97, 122]);
    expect(content.subarray(1, far).every((byte) => byte === 0)).toBe(true);
    await file.close();
  },

  'a file takes any number of parts, and keeps their order': async ({ fs, at }) => {
    const file = await fs.open(at('a'), 'create');
    const parts = Array.from({ length: 3000 }, (_, i) => Uint8Array.of(i & 0xff, i >> 8));
    await writeAll(file, parts);
    const content = await contentOf(file);
    expect(content.length).toBe(6000);
    expect(Array.from(content, (_, i) => parts[i >> 1]?.[i & 1])).toEqual(Array.from(content));
    await file.close();
  },

  'a file takes no parts, and empty ones': async ({ fs, at }) => {
    const file = await fs.open(at('a'), 'create');
    expect(await file.write([], 7)).toBe(0);
    expect(await file.write([new Uint8Array(0)], 7)).toBe(0);
    expect(await file.size()).toBe(0);
    await file.close();
  },

  'a file holds what a plain array would hold, after any writes': async ({ fs, at }) => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ position: fc.nat(20_000), parts: fc.array(fc.uint8Array()) })),
        async (writes) => {
          const file = await fs.open(at(`random-${runs++}`), 'create');
          let expected = new Uint8Array(0);
          for (const { position, parts } of writes) {
            const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
            expect(await file.write(parts, position)).toBe(bytes.length);
            if (bytes.length === 0) continue;
            const grown = new Uint8Array(Math.max(expected.length, position + bytes.length));
            grown.set(expected);
            grown.set(bytes, position);
            expected = grown;
          }
          expect(equal(await contentOf(file), expected)).toBe(true);
          await file.close();
        },
      ),
      { numRuns: 50 },
    );
  },

  'a file refuses every call after it was closed, but for another close': async ({
    fs,
    at,
    put,
  }) => {
    await put('a', 'abc');
    const file = await fs.open(at('a'), 'update');
    await file.close();
    await file.close();
    // On disk it gets the descriptor that the first had.
    await put('b', 'other');
    const other = await fs.open(at('b'), 'update');
    const target = new Uint8Array(1);
    await expect(file.read(target, 0)).rejects.toMatchObject({ code: 'EBADF' });
    await expect(file.write([target], 0)).rejects.toMatchObject({ code: 'EBADF' });
    await expect(file.sync()).rejects.toMatchObject({ code: 'EBADF' });
    await expect(file.size()).rejects.toMatchObject({ code: 'EBADF' });
    expect(target).toEqual(Uint8Array.of(0));
    expect(await contentOf(other)).toEqual(bytesOf('other'));
    await other.close();
  },

  'a file finishes the calls under way before it closes': async ({ fs, at, put }) => {
    await put('a', 'abc');
    const file = await fs.open(at('a'), 'update');
    const targets = Array.from({ length: 16 }, () => new Uint8Array(3));
    const reads = targets.map((target) => file.read(target, 0));
    const sync = file.sync();
    await file.close();
    expect(targets).toEqual(targets.map(() => bytesOf('abc')));
    expect(await Promise.all(reads)).toEqual(targets.map(() => 3));
    expect(await sync).toBeUndefined();
  },

  'a durable write is a write, of a file that can': async ({ fs, at, textOf }) => {
    const file = await fs.open(at('a'), 'create');
    if (file.writeDurably !== undefined) {
      expect(await file.writeDurably([bytesOf('ab'), bytesOf('cd')], 1)).toBe(4);
      expect(await file.write([bytesOf('xyz')], 3)).toBe(3);
      expect(await file.writeDurably([bytesOf('12')], 5)).toBe(2);
      expect(await file.size()).toBe(7);
      await file.close();
      expect(await textOf('a')).toBe('\0abxy12');
      await expect(file.writeDurably([bytesOf('a')], 0)).rejects.toMatchObject({ code: 'EBADF' });
    }
    await file.close();
  },

  'a file is cut off, and grows again with zeros': async ({ fs, at, textOf }) => {
    const file = await fs.open(at('a'), 'create');
    await file.write([bytesOf('abcdef')], 0);
    expect(await file.truncate(2)).toBeUndefined();
    expect(await file.size()).toBe(2);
    expect(await textOf('a')).toBe('ab');
    await file.write([bytesOf('z')], 4);
    await file.close();
    expect(await textOf('a')).toBe('ab\0\0z');
    await expect(file.truncate(0)).rejects.toMatchObject({ code: 'EBADF' });
  },

  'a file syncs': async ({ fs, at }) => {
    const file = await fs.open(at('a'), 'create');
    await file.write([bytesOf('abc')], 0);
    expect(await file.sync()).toBeUndefined();
    await file.close();
  },

  'a file lives on while it is open, when its name is gone': async ({ fs, at, put }) => {
    await put('a', 'abc');
    const file = await fs.open(at('a'), 'read');
    await fs.remove(at('a'));
    await put('a', 'other');
    expect(await contentOf(file)).toEqual(bytesOf('abc'));
    await file.close();
  },
};

/** Faster than `toEqual` with thousands of bytes. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
