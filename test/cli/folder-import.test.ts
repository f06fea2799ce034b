/**
 * Which files an import reads, seen from the inside: by the operations that it makes the store do.
 *
 * @module
 */

import { channel } from 'node:diagnostics_channel';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { importFolder, type ImportReport } from '../../src/cli/folder-import.ts';
import { openStore, type Store } from '../../src/index.ts';

let place: string;
let store: Store;
const operations: string[] = [];
const note = (operation: string) => (): void => {
  operations.push(operation);
};
const listeners = (['upload', 'download'] as const).map(
  (operation) => [channel(`tracing:varve:${operation}:start`), note(operation)] as const,
);

beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), 'varve-import-'));
  mkdirSync(join(place, 'dir'));
  store = await openStore(join(place, 'store'));
  for (const [traced, listener] of listeners) traced.subscribe(listener);
});

afterEach(async () => {
  for (const [traced, listener] of listeners) traced.unsubscribe(listener);
  await store.close();
  rmSync(place, { recursive: true, force: true });
});

/** Imports, and returns what that made the store do, sorted. */
async function importAgain(checksum: boolean): Promise<string[]> {
  operations.length = 0;
  await run(checksum);
  return operations.toSorted();
}

async function run(
  checksum: boolean,
  signal = new AbortController().signal,
): Promise<ImportReport> {
  return importFolder({
    store,
    storeFolder: join(place, 'store'),
    bucket: store.bucket('b', { versioned: true }),
    versioned: true,
    folder: join(place, 'dir'),
    prefix: '',
    removeOthers: false,
    checksum,
    signal,
    onProgress: () => {},
  });
}

test('a file that is known again is not read, unless contents are to be compared', async () => {
  for (const name of ['a', 'b', 'c']) writeFileSync(join(place, 'dir', name), name);
  expect(await importAgain(false)).toEqual(['upload', 'upload', 'upload']);
  expect(await importAgain(false)).toEqual([]);
  expect(await importAgain(true)).toEqual(['download', 'download', 'download']);
});

test('a copy with the same size, mode and time is compared, another size is not', async () => {
  const [file, copy] = [join(place, 'dir', 'a'), join(place, 'copy')];
  writeFileSync(file, 'content');
  utimesSync(file, 1_600_000_000, 1_600_000_000);
  await run(false);
  copyFileSync(file, copy);
  rmSync(file);
  copyFileSync(copy, file);
  utimesSync(file, 1_600_000_000, 1_600_000_000);
  expect(statSync(file).size).toBe(7);
  expect(await importAgain(false)).toEqual(['download']);
  writeFileSync(file, 'longer content');
  expect(await importAgain(false)).toEqual(['upload']);
});

test('files that changed are uploaded together, when all were compared', async () => {
  const names = Array.from({ length: 600 }, (_, index) => String(index).padStart(3, '0'));
  for (const name of names) writeFileSync(join(place, 'dir', name), name);
  await run(false);
  const changed = names.filter((_, index) => index % 20 === 0);
  for (const name of changed) writeFileSync(join(place, 'dir', name), `${name} changed`);
  await importAgain(true);
  const comparisons = names.length - changed.length;
  expect(operations.slice(0, comparisons).every((each) => each === 'download')).toBe(true);
  expect(operations.slice(comparisons)).toEqual(changed.map(() => 'upload'));
});

test('what was imported before a signal is kept, and nothing half of it', async () => {
  for (let i = 0; i < 100; i++) writeFileSync(join(place, 'dir', String(i)), String(i));
  const controller = new AbortController();
  const stopped = run(false, controller.signal);
  controller.abort();
  await expect(stopped).rejects.toThrow();
  const { versions } = await store.stats();
  expect(versions).toBeLessThan(100);
  const report = await run(false);
  expect(report.new + report.unchanged).toBe(100);
  expect(report.unchanged).toBe(versions);
});
