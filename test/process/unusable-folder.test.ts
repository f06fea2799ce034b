/**
 * A folder that cannot be opened as a store: each reason has a code and a message that says what to
 * do, and nothing in the folder is changed.
 */

import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileHeaderLayout } from '../../src/engine/log/file-header.ts';
import { slotBytes, superblockLayout } from '../../src/engine/log/superblock.ts';
import { openStore } from '../../src/index.ts';
import { ToldStore } from './told-store.ts';

let folder: string;
let directory: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-unusable-'));
  // Of `mkdtemp` nobody else could even look into it.
  chmodSync(folder, 0o755);
  directory = join(folder, 'store');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function makeStore(): Promise<void> {
  const store = await openStore(directory);
  await store.bucket('bucket').upload('name', 'content');
  await store.close();
}

/** Every path with the hash of its content, without `OWNER`, which notes who looked last. */
function treeOf(path: string, prefix = ''): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter(({ name }) => name !== 'OWNER')
    .flatMap((entry) => {
      const inner = join(path, entry.name);
      const name = prefix + entry.name;
      if (entry.isDirectory()) return [`${name}/`, ...treeOf(inner, `${name}/`)];
      return [`${name} ${createHash('sha256').update(readFileSync(inner)).digest('hex')}`];
    });
}

/** Changes bytes of a file's header and makes its checksum right again. */
function patch(
  path: string,
  at: { readonly offset: number; readonly start?: number },
  value: number,
  crcOffset: number,
): void {
  const bytes = readFileSync(path);
  const { offset, start = 0 } = at;
  bytes.writeUInt16LE(value, start + offset);
  bytes.writeUInt32LE(crc32(bytes.subarray(start, start + crcOffset)), start + crcOffset);
  writeFileSync(path, bytes);
}

describe('a store of a newer format', () => {
  beforeEach(makeStore);

  // The first incarnation wrote slot 1; the newest slot is what a newer build would have written.
  const newestSlot = slotBytes;
  for (const [what, { offset }, value] of [
    ['a major version', superblockLayout.formatMajor, 2],
    ['a required feature', superblockLayout.requiredFeatures, 0x8000],
  ] as const) {
    test(`is refused with UNSUPPORTED for ${what} that is not known`, async () => {
      const at = { offset, start: newestSlot };
      patch(join(directory, 'VARVE'), at, value, superblockLayout.crc.offset);
      const before = treeOf(directory);
      await expect(openStore(directory)).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(/newer format; upgrade varve to open it/) as unknown,
      });
      expect(treeOf(directory)).toEqual(before);
    });
  }

  test('is refused with UNSUPPORTED for a log file that is not known', async () => {
    const [journal = ''] = readdirSync(join(directory, 'journal'));
    const path = join(directory, 'journal', journal);
    patch(path, fileHeaderLayout.formatMajor, 2, fileHeaderLayout.crc.offset);
    const before = treeOf(join(directory, 'journal'));
    await expect(openStore(directory)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/newer format; upgrade varve to open it/) as unknown,
    });
    expect(treeOf(join(directory, 'journal'))).toEqual(before);
  });
});

describe('what is no store', () => {
  test('a folder with other files is refused with INVALID', async () => {
    mkdirSync(directory);
    writeFileSync(join(directory, 'thesis.tex'), 'years of work');
    const before = treeOf(folder);
    await expect(openStore(directory)).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(/name a store or an empty folder/) as unknown,
    });
    expect(treeOf(folder)).toEqual(before);
  });

  test('a file is refused with INVALID', async () => {
    writeFileSync(directory, 'a file');
    const before = treeOf(folder);
    await expect(openStore(directory)).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(/name a (store|folder)/) as unknown,
    });
    expect(treeOf(folder)).toEqual(before);
  });

  test('a place inside a file is refused with INVALID or IO', async () => {
    writeFileSync(directory, 'a file');
    const before = treeOf(folder);
    const refused = openStore(join(directory, 'store'));
    await expect(refused).rejects.toMatchObject({ name: 'ObjectsError' });
    await expect(refused).rejects.toHaveProperty('code', expect.stringMatching(/^(INVALID|IO)$/));
    expect(treeOf(folder)).toEqual(before);
  });

  test('a store whose VARVE file is damaged is refused with CORRUPT', async () => {
    await makeStore();
    writeFileSync(join(directory, 'VARVE'), new Uint8Array(2 * slotBytes));
    const before = treeOf(directory);
    await expect(openStore(directory)).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/restore it from a backup/) as unknown,
    });
    expect(treeOf(directory)).toEqual(before);
  });
});

/** A process to which permissions apply: they do not to the superuser. */
async function openAsNobody(): Promise<{ code: string; message: string }> {
  const other = new ToldStore();
  try {
    if (process.getuid?.() === 0) await other.mustDo({ do: 'becomeNobody' });
    return await other.mustFail({ do: 'open', directory });
  } finally {
    await other.kill();
  }
}

// Windows has no such permissions: `chmod` sets a flag there that folders ignore.
describe.skipIf(process.platform === 'win32')('a folder without permission', () => {
  test('to write is refused with IO, and the store in it is not changed', async () => {
    await makeStore();
    for (const path of [directory, ...['journal', 'index'].map((name) => join(directory, name))]) {
      chmodSync(path, 0o555);
    }
    const before = treeOf(directory);
    const refused = await openAsNobody();
    expect(refused.code).toBe('IO');
    expect(refused.message).toMatch(/give this user read and write permission/);
    expect(treeOf(directory)).toEqual(before);
    chmodSync(directory, 0o755);
    for (const name of ['journal', 'index']) chmodSync(join(directory, name), 0o755);
    const store = await openStore(directory);
    expect((await store.bucket('bucket').download('name')).toString()).toBe('content');
    await store.close();
  });

  test('to write is refused with IO where a store would be made', async () => {
    mkdirSync(directory, { mode: 0o555 });
    const refused = await openAsNobody();
    expect(refused.code).toBe('IO');
    expect(refused.message).toMatch(/give this user read and write permission/);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('to read is refused with IO', async () => {
    await makeStore();
    chmodSync(directory, 0o000);
    const refused = await openAsNobody();
    chmodSync(directory, 0o755);
    expect(refused.code).toBe('IO');
    expect(refused.message).toMatch(/give this user read and write permission/);
    expect(statSync(join(directory, 'VARVE')).size).toBe(2 * slotBytes);
  });
});
