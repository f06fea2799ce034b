/**
 * Modes and times of files: what is kept, and that it survives the way to disk and back.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  attributesOf,
  decodeAttributes,
  encodeAttributes,
  provesUnchanged,
  toSeconds,
} from '../../src/cli/file-attributes.ts';

const mode = fc.integer({ min: 0, max: 0o777 });
/** From 1970 to 2096: beyond, a double of seconds cannot hold microseconds. */
const mtimeUs = fc.integer({ min: 0, max: 4e15 });

describe('metadata', () => {
  test('gives back the attributes it was made of', () => {
    fc.assert(
      fc.property(mode, fc.integer({ min: -4e15, max: 4e15 }), (someMode, someTime) => {
        const attributes = { mode: someMode, mtimeUs: someTime };
        expect(decodeAttributes(encodeAttributes(attributes))).toEqual(attributes);
      }),
    );
  });

  test('is octal permissions, and seconds without needless zeros', () => {
    expect(encodeAttributes({ mode: 0o644, mtimeUs: 1_700_000_000_250_000 })).toEqual({
      mode: '644',
      mtime: '1700000000.25',
    });
    expect(encodeAttributes({ mode: 0, mtimeUs: 499_162_500e6 })).toEqual({
      mode: '0',
      mtime: '499162500',
    });
  });

  test('of another tool is read: a mode with the file type, nanoseconds', () => {
    expect(decodeAttributes({ mode: '0100755', mtime: '1700000000.123456789' })).toEqual({
      mode: 0o755,
      mtimeUs: 1_700_000_000_123_456,
    });
  });

  test('never restores set-user-id', () => {
    expect(decodeAttributes({ mode: '4755' })).toEqual({ mode: 0o755 });
  });

  test.each([
    { mode: '8', mtime: 'now' },
    { mode: '', mtime: '1.' },
    { mode: '-1', mtime: '1e9' },
    {},
    undefined,
  ])('that makes no sense is absent: %j', (metadata) => {
    expect(decodeAttributes(metadata as Record<string, string>)).toEqual({});
  });
});

describe('a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'varve-attributes-'));
  let file: FileHandle;

  beforeAll(async () => {
    file = await open(join(folder, 'file'), 'w');
  });

  afterAll(async () => {
    await file.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('that is given attributes has exactly these', async () => {
    await fc.assert(
      fc.asyncProperty(mode, mtimeUs, async (someMode, someTime) => {
        await file.chmod(someMode);
        await file.utimes(toSeconds(someTime), toSeconds(someTime));
        const stats = await file.stat({ bigint: true });
        expect(attributesOf(stats)).toEqual({ mode: someMode, mtimeUs: someTime });
      }),
    );
  });
});

describe('a modification time', () => {
  const storedAt = (us: number, delayMs: number): Date => new Date(us / 1000 + delayMs);

  test('of whole seconds proves nothing, as archives write it', () => {
    expect(provesUnchanged(499_162_500e6, new Date())).toBe(false);
    expect(provesUnchanged(499_162_500e6 + 1, new Date())).toBe(true);
  });

  test('proves nothing if the file was stored at once after it', () => {
    const us = 1_700_000_000_123_000;
    expect(provesUnchanged(us, storedAt(us, 1999))).toBe(false);
    expect(provesUnchanged(us, storedAt(us, 2000))).toBe(true);
    expect(provesUnchanged(us, storedAt(us, -1))).toBe(false);
  });
});
