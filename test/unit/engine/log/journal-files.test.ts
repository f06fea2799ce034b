/**
 * Journal files as a machine may leave them: what counts in them, and what is missing.
 */

import { beforeEach, expect, test } from 'vitest';
import type { LogFiles } from '../../../../src/engine/log/log-files.ts';
import {
  groupsOf,
  recoverJournal,
  replayJournal,
  type JournalGroup,
} from '../../../../src/engine/log/recovery.ts';
import { firstPosition } from '../../../../src/engine/log/walk.ts';
import { wholeEnd } from '../../../../src/engine/log/whole-end.ts';
import { MemoryFileSystem } from '../../../../src/engine/platform/memory-file-system.ts';
import { nativeHashing } from '../../../../src/engine/platform/native-hashing.ts';
import { generatedBytes } from '../../../support/content.ts';
import { commit, logFilesOn, lsnsOf, makeJournal } from '../../../support/journal-files.ts';

const { crc32, sha256 } = nativeHashing;

let disk: MemoryFileSystem;
let files: LogFiles;

beforeEach(async () => {
  disk = new MemoryFileSystem();
  files = await logFilesOn(disk);
});

test('zeros that fill a sector belong to no group', async () => {
  const writer = await makeJournal(files, 1, 1);
  commit(writer, 1);
  const payload = Uint8Array.of(1, 2, 3);
  const id = { domain: 0, kind: 'data', digest: sha256(payload) } as const;
  writer.appendChunk({ id, encoding: 'raw', payload, rawBytes: 3, children: [] });
  writer.pad();
  commit(writer, 2);
  await writer.sync();
  const groups: JournalGroup[] = [];
  await files.with(1, async (opened) => {
    for await (const group of groupsOf(crc32, opened, firstPosition(opened))) groups.push(group);
  });
  expect(groups.map(({ firstLsn }) => firstLsn)).toEqual([1, 2]);
  expect(groups.map(({ chunks }) => chunks.length)).toEqual([0, 1]);
});

test('files without a commit lead back to the last one that there is, however many', async () => {
  const first = await makeJournal(files, 1, 1);
  commit(first, 1);
  commit(first, 2);
  await first.sync();
  const second = await makeJournal(files, 2, 3, first);
  await makeJournal(files, 3, 3, second);
  const { last, lastLsn, end } = await recoverJournal(files, crc32);
  expect(last?.position.fileId).toBe(1);
  expect({ lastLsn, endsIn: end.fileId }).toEqual({ lastLsn: 2, endsIn: 3 });
  expect(await lsnsOf(replayJournal(files, crc32, end))).toEqual([1, 2]);
});

test('a journal of files without any commit is empty', async () => {
  const first = await makeJournal(files, 1, 1);
  await makeJournal(files, 2, 1, first);
  const { last, lastLsn } = await recoverJournal(files, crc32);
  expect({ last, lastLsn }).toEqual({ last: undefined, lastLsn: 0 });
});

test('a replay says which file is missing, wherever that is', async () => {
  let writer = await makeJournal(files, 1, 1);
  const places = [commit(writer, 1)];
  await writer.sync();
  for (const id of [2, 3]) {
    writer = await makeJournal(files, id, id, writer);
    places.push(commit(writer, id));
    await writer.sync();
  }
  const { end } = await recoverJournal(files, crc32);
  expect(await lsnsOf(replayJournal(files, crc32, end))).toEqual([1, 2, 3]);
  expect(await lsnsOf(replayJournal(files, crc32, end, places[1]))).toEqual([3]);
  await files.discard(2);
  const missing = (file: number): object => ({
    code: 'CORRUPT',
    message: expect.stringMatching(`a journal file is missing.*${file}`) as string,
  });
  await expect(lsnsOf(replayJournal(files, crc32, end))).rejects.toMatchObject(missing(2));
  await expect(lsnsOf(replayJournal(files, crc32, end, places[1]))).rejects.toMatchObject(
    missing(2),
  );
  await files.discard(1);
  await expect(lsnsOf(replayJournal(files, crc32, end))).rejects.toMatchObject(missing(2));
});

test('a replay does not begin behind a commit that is damaged', async () => {
  const writer = await makeJournal(files, 1, 1);
  const place = commit(writer, 1);
  commit(writer, 2);
  await writer.sync();
  const { end } = await recoverJournal(files, crc32);
  const file = await disk.open(files.path(1), 'update');
  await file.write([Uint8Array.of(0xff)], place.offset + 20);
  await file.close();
  await expect(lsnsOf(replayJournal(files, crc32, end, place))).rejects.toMatchObject({
    code: 'CORRUPT',
    message: expect.stringContaining('a checkpoint is damaged') as string,
  });
});

test('who looks for the end of a large file gives way, once for each MiB', async () => {
  const writer = await makeJournal(files, 1, 1);
  for (let at = 0; at < 40; at++) {
    const payload = generatedBytes(at, 64 * 1024);
    const id = { domain: 0, kind: 'data', digest: sha256(payload) } as const;
    writer.appendChunk({ id, encoding: 'raw', payload, rawBytes: payload.length, children: [] });
  }
  await writer.sync();
  let pauses = 0;
  const pause = async (): Promise<void> => void pauses++;
  const end = await files.with(1, (opened) => wholeEnd(crc32, opened, pause));
  expect(end).toBe(writer.end);
  expect(pauses).toBe(2);
});
