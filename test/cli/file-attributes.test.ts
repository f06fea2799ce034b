/**
 * Modes and times of files: what is kept, and that it survives the way to disk and back.
 *
 * @module
 */

import { type BigIntStats, mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  attributesOf,
  decodeAttributes,
  encodeAttributes,
  stampDelayMs,
  toSeconds,
} from '../../src/cli/file-attributes.ts';

const mode = fc.integer({ min: 0, max: 0o777 });
/** From 1970 to 2096: beyond, a double of seconds cannot hold microseconds. */
const mtimeUs = fc.integer({ min: 0, max: 4e15 });

describe('metadata', () => {
  test('gives back the attributes it was made of', () => {
    fc.assert(
      fc.property(mode, fc.integer({ min: -4e15, max: 4e15 }), (someMode, someTime) => {
        const attributes = { mode: someMode, mtimeUs: someTime, stamp: 'a.b' };
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
  let folder: string;
  let file: FileHandle;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'varve-attributes-'));
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
        expect(attributesOf(stats, 0)).toEqual({ mode: someMode, mtimeUs: someTime });
      }),
    );
  });
});

describe('a stamp', () => {
  const changed = (ctimeNs: bigint, ino = 7n): BigIntStats => {
    return { ino, mode: 0o100644n, mtimeNs: 0n, ctimeNs } as BigIntStats;
  };
  const stampOf = (stats: BigIntStats, nowMs: number): string | undefined =>
    attributesOf(stats, nowMs).stamp;

  test('tells files apart that were changed in the same tick, and changes of one file', () => {
    const stamps = [changed(1n), changed(1n, 8n), changed(2n)].map((stats) => stampOf(stats, 1e6));
    expect(new Set(stamps).size).toBe(3);
    expect(stamps).not.toContain(undefined);
  });

  test.each([
    ['fine', 1_000_500_000_000n, 1_000_500, 100],
    ['coarse', 1_000_000_000_000n, 1_000_000, 2000],
  ])('is not given in the same tick of a %s clock', (_, ctimeNs, ctimeMs, tickMs) => {
    const stats = changed(ctimeNs);
    expect(stampOf(stats, ctimeMs + tickMs - 1)).toBeUndefined();
    expect(stampDelayMs(stats, ctimeMs + tickMs - 1)).toBe(1);
    expect(stampDelayMs(stats, ctimeMs)).toBe(tickMs);
    expect(stampOf(stats, ctimeMs + tickMs)).toBeDefined();
    expect(stampDelayMs(stats, ctimeMs + tickMs)).toBe(0);
  });

  test('is not given, nor waited for, if the change lies in the future', () => {
    const stats = changed(1_000_500_000_000n);
    expect(stampOf(stats, 1_000_499)).toBeUndefined();
    expect(stampDelayMs(stats, 1_000_499)).toBe(0);
  });
});
