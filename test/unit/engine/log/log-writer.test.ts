/**
 * A writer goes on after a short write, and never after a failed one.
 */

import { describe, expect, test } from 'vitest';
import { fileHeaderBytes } from '../../../../src/engine/log/file-header.ts';
import { LogWriter } from '../../../../src/engine/log/log-writer.ts';
import type { File } from '../../../../src/engine/platform/file-system.ts';
import { nativeHashing } from '../../../../src/engine/platform/native-hashing.ts';
import { generatedBytes } from '../../../support/content.ts';

const { crc32, sha256 } = nativeHashing;

/** A file that takes what it is told to, and remembers what it was asked for. */
function fileThat(answers: Partial<File>): { file: File; calls: string[] } {
  const calls: string[] = [];
  const file: File = {
    read: () => Promise.resolve(0),
    write: (parts) => {
      calls.push('write');
      return Promise.resolve(parts.reduce((sum, { length }) => sum + length, 0));
    },
    sync: () => {
      calls.push('sync');
      return Promise.resolve();
    },
    truncate: () => Promise.resolve(),
    size: () => Promise.resolve(0),
    close: () => Promise.resolve(),
    ...answers,
  };
  return { file, calls };
}

function writerTo(file: File): LogWriter {
  const position = { salt: 1, chain: 2, offset: fileHeaderBytes };
  return new LogWriter(file, crc32, { fileId: 1, path: 'journal/1', position });
}

function append(writer: LogWriter, byteCount = 100): void {
  const payload = generatedBytes(byteCount, byteCount);
  const id = { domain: 0, kind: 'data', digest: sha256(payload) } as const;
  writer.appendChunk({ id, encoding: 'raw', payload, rawBytes: byteCount, children: [] });
}

describe('a writer', () => {
  test('continues a write that took a part, where it ended', async () => {
    const taken: [number, number][] = [];
    const { file } = fileThat({
      write: (parts, position) => {
        const wanted = parts.reduce((sum, { length }) => sum + length, 0);
        const written = Math.min(wanted, 60);
        taken.push([position, written]);
        return Promise.resolve(written);
      },
    });
    const writer = writerTo(file);
    append(writer);
    await writer.flush();
    let at = fileHeaderBytes;
    for (const [position, written] of taken) {
      expect(position).toBe(at);
      at += written;
    }
    expect(at).toBe(writer.end);
    expect(taken.length).toBeGreaterThan(1);
  });

  test('does not wait for ever for a system that takes nothing', async () => {
    const { file } = fileThat({ write: () => Promise.resolve(0) });
    const writer = writerTo(file);
    append(writer);
    await expect(writer.flush()).rejects.toMatchObject({ code: 'IO' });
    expect(writer.isCutShort).toBe(true);
  });

  test('that failed to sync stays broken: it neither tries again nor takes more', async () => {
    let syncs = 0;
    const { file, calls } = fileThat({
      sync: () => {
        syncs++;
        return Promise.reject(Object.assign(new Error('bad disk'), { code: 'EIO' }));
      },
    });
    const writer = writerTo(file);
    append(writer);
    const failure: unknown = await writer.sync().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'IO' });
    await expect(writer.sync()).rejects.toBe(failure);
    await expect(writer.flush()).rejects.toBe(failure);
    expect(() => {
      append(writer);
    }).toThrow(failure as Error);
    expect(syncs).toBe(1);
    expect(calls).toEqual(['write']);
    expect(writer.durableEnd).toBe(fileHeaderBytes);
  });

  test('writes and syncs in one where nothing waits, and in two where something does', async () => {
    const calls: string[] = [];
    const { file } = fileThat({
      write: (parts) => {
        calls.push('write');
        return Promise.resolve(parts.reduce((sum, { length }) => sum + length, 0));
      },
      writeDurably(this: File, parts, position) {
        expect(this).toBe(file);
        calls.push(`durably at ${position}`);
        return Promise.resolve(parts.reduce((sum, { length }) => sum + length, 0));
      },
      sync: () => {
        calls.push('sync');
        return Promise.resolve();
      },
    });
    const writer = writerTo(file);
    append(writer);
    await writer.sync();
    const { end } = writer;
    expect(writer.durableEnd).toBe(end);
    append(writer);
    await writer.flush();
    expect(writer.durableEnd).toBe(end);
    append(writer);
    await writer.sync();
    expect(writer.durableEnd).toBe(writer.end);
    expect(calls).toEqual([`durably at ${fileHeaderBytes}`, 'write', 'write', 'sync']);
  });
});
