/**
 * The content of a file, read into two memories in turn.
 *
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { piecesOf } from '../../src/cli/file-on-disk.ts';
import { generatedBytes } from '../support/content.ts';

const pieceBytes = 1000;
let folder = '';
let path = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-pieces-'));
  path = join(folder, 'file');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function withFile<T>(content: Uint8Array, use: (file: FileHandle) => Promise<T>): Promise<T> {
  writeFileSync(path, content);
  const file = await open(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

describe('the pieces of a file', () => {
  test.each([0, 1, 999, 1000, 1001, 2000, 12_345])('of %i bytes are all of it', async (size) => {
    const content = generatedBytes(size, size);
    await withFile(content, async (file) => {
      const found: Uint8Array[] = [];
      for await (const piece of piecesOf(file, pieceBytes)) {
        expect(piece.length).toBeGreaterThan(0);
        // What is read ahead must not reach the piece that is lent.
        await setImmediate();
        found.push(Uint8Array.from(piece));
      }
      expect(Buffer.compare(Buffer.concat(found), content)).toBe(0);
    });
  });

  test('lie in two memories, however many there are', async () => {
    await withFile(generatedBytes(1, 20 * pieceBytes), async (file) => {
      const memories = new Set<ArrayBufferLike>();
      for await (const piece of piecesOf(file, pieceBytes)) memories.add(piece.buffer);
      expect(memories.size).toBe(2);
    });
  });

  test('end with the error of the read that failed, behind what came before it', async () => {
    await withFile(generatedBytes(2, 3 * pieceBytes), async (file) => {
      const failing = {
        read: async (memory: Uint8Array, offset: number, length: number) => {
          const { bytesRead } = await file.read(memory, offset, length, null);
          reads++;
          if (reads === 3) throw new Error('the disk is gone');
          return { bytesRead, buffer: memory };
        },
      } as FileHandle;
      let reads = 0;
      let pieces = 0;
      const reading = (async () => {
        for await (const _ of piecesOf(failing, pieceBytes)) {
          pieces++;
          await setImmediate();
        }
      })();
      await expect(reading).rejects.toThrow('the disk is gone');
      expect(pieces).toBe(2);
    });
  });
});
