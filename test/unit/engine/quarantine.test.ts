/**
 * What is put in quarantine keeps its name, and takes nobody's.
 */

import { beforeEach, describe, expect, test } from 'vitest';
import { quarantine, quarantineFolder } from '../../../src/engine/maintenance/quarantine.ts';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import { readFiles, writeFiles } from '../../support/stored-files.ts';

const folder = '/store';
const text = (what: string): Uint8Array => new TextEncoder().encode(what);
let disk: MemoryFileSystem;

/** A volume whose files have one name each. */
class OneName extends MemoryFileSystem {
  override link(): Promise<void> {
    return Promise.reject(Object.assign(new Error('not here'), { code: 'EPERM' }));
  }

  override clone(): Promise<void> {
    return Promise.reject(Object.assign(new Error('not here'), { code: 'ENOTSUP' }));
  }
}

async function inQuarantine(): Promise<Record<string, string>> {
  const files = await readFiles(disk, quarantineFolder(folder));
  return Object.fromEntries(
    [...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]),
  );
}

async function put(content: string, what?: 'leave'): Promise<void> {
  await writeFiles(disk, folder, new Map([['journal/1.vj', text(content)]]));
  await quarantine(disk, folder, { file: 'journal/1.vj', reason: `it is ${content}` }, what);
}

beforeEach(() => {
  disk = new MemoryFileSystem();
});

describe('the quarantine', () => {
  test('has each file of one name, with why it is there', async () => {
    await put('first');
    await put('second');
    await put('third');
    expect(await inQuarantine()).toEqual({
      'journal/1.vj': 'first',
      'journal/1.vj.txt': 'journal/1.vj: it is first\n',
      'journal/1.vj.2': 'second',
      'journal/1.vj.2.txt': 'journal/1.vj: it is second\n',
      'journal/1.vj.3': 'third',
      'journal/1.vj.3.txt': 'journal/1.vj: it is third\n',
    });
    expect(await readFiles(disk, `${folder}/journal`)).toEqual(new Map());
  });

  test('takes a name whose note alone is there, as an interrupted repair leaves it', async () => {
    const left = new Map([['journal/1.vj.txt', text('left')]]);
    await writeFiles(disk, quarantineFolder(folder), left);
    await put('first');
    const there = await inQuarantine();
    expect(there).toMatchObject({ 'journal/1.vj': 'first' });
    expect(there['journal/1.vj.txt']).toContain('it is first');
  });

  test.each([false, true])('has what stays as well, on a volume without links: %s', async (one) => {
    if (one) disk = new OneName();
    await put('whole', 'leave');
    expect(await inQuarantine()).toMatchObject({ 'journal/1.vj': 'whole' });
    expect((await readFiles(disk, `${folder}/journal`)).get('1.vj')).toEqual(text('whole'));
  });

  test('says IO for a file that is not there', async () => {
    disk = new OneName();
    await disk.makeDirectory(folder);
    const gone = { file: 'journal/9.vj', reason: 'gone' };
    for (const what of ['leave', 'move'] as const) {
      await expect(quarantine(disk, folder, gone, what)).rejects.toMatchObject({ code: 'IO' });
    }
  });
});
