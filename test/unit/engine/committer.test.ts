/**
 * What the committer decides when things have changed since a commit was asked for: it says so, and
 * nothing of that commit happens, whatever becomes of the others of its group.
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pendingEntriesMax } from '../../../src/base/limits.ts';
import { Committer } from '../../../src/engine/committer.ts';
import type { ChunkStage, StagedChunk } from '../../../src/engine/chunk-stage.ts';
import type { CommitRequest } from '../../../src/engine/commit-request.ts';
import { Health } from '../../../src/engine/health.ts';
import { Incarnation } from '../../../src/engine/incarnation.ts';
import { locate, locationChange } from '../../../src/engine/index/chunk-index.ts';
import { Layer } from '../../../src/engine/index/index-store.ts';
import { Journal } from '../../../src/engine/journal.ts';
import type { ChunkId, ChunkLocation, CommitResult } from '../../../src/engine/model.ts';
import { openFiles, stateOf, type OpenedStore } from '../../../src/engine/opening.ts';
import type { StoreState } from '../../../src/engine/store-state.ts';
import { FaultyFileSystem } from '../../support/faulty-file-system.ts';
import { smallChunking, storeFolder, testPlatform } from '../../support/test-engine.ts';

let disk: FaultyFileSystem;
let opened: OpenedStore;
let state: StoreState;
let journal: Journal;
let committer: Committer;

beforeEach(async () => {
  disk = new FaultyFileSystem();
  const platform = testPlatform({ fileSystem: disk });
  const place = { platform, directory: storeFolder, createIfMissing: true };
  opened = await openFiles({ ...place, chunking: smallChunking });
  const { files, superblock, index, recovered } = opened;
  state = stateOf(opened);
  journal = new Journal(new Incarnation(platform, storeFolder, files, superblock), recovered);
  committer = new Committer({
    clock: platform.clock,
    health: new Health(),
    flushEntriesMin: undefined,
    index,
    journal,
    state,
    childrenOf: () => Promise.resolve([]),
    onCommitted: () => undefined,
  });
});

afterEach(async () => {
  disk.heal();
  await committer.stop();
  await opened.database.close();
  await journal.close().catch(() => undefined);
  await opened.files.close();
  await opened.lock.release();
});

const conflict = (reason: string): object => ({ outcome: 'conflict', reason });

/** All of them queued at once, and so decided in one group. */
const together = (...requests: CommitRequest[]): Promise<CommitResult[]> =>
  Promise.all(requests.map((request) => committer.commit(request, 'power')));

const makeBucket = (name: string): CommitRequest => ({ kind: 'putBucket', name, settings: {} });

const id: ChunkId = { domain: 0, kind: 'data', digest: new Uint8Array(32).fill(1) };
const at = (offset: number, fileId = 7): ChunkLocation => ({
  fileId,
  offset,
  frameBytes: 100,
  rawBytes: 50,
});

/** The index has the chunk there, or not at all. */
async function place(location: ChunkLocation | undefined): Promise<void> {
  await opened.index.writeDirectly([locationChange(id, location)]);
}

describe('a bucket', () => {
  test('is removed once: the second of two who ask is told that there is none', async () => {
    await together(makeBucket('notes'));
    const bucketId = state.bucketByName('notes')?.id as number;
    const drop: CommitRequest = { kind: 'dropBucket', bucketId };
    const results = await together(drop, drop);
    expect(results).toMatchObject([{ outcome: 'done' }, conflict('noBucket')]);
    expect(state.buckets).toEqual([]);
  });

  test('that goes in a group takes what comes behind it in that group', async () => {
    await together(makeBucket('notes'));
    const bucketId = state.bucketByName('notes')?.id as number;
    const lsn = state.lastLsn;
    const [, removal, made] = await together(
      { kind: 'dropBucket', bucketId },
      { kind: 'remove', bucketId, name: 'a' },
      makeBucket('others'),
    );
    expect([removal, made]).toMatchObject([conflict('noBucket'), { outcome: 'done' }]);
    expect(state.lastLsn).toBe(lsn + 2);
  });
});

describe('content', () => {
  test('that a put does not bring is not there: what it copies was purged meanwhile', async () => {
    await together(makeBucket('notes'));
    const bucketId = state.bucketByName('notes')?.id as number;
    const root = { id, level: 0 };
    const [result] = await together({ kind: 'put', bucketId, name: 'a', sizeBytes: 50, root });
    expect(result).toMatchObject(conflict('notFound'));
  });
});

describe('a chunk that comes with a put', () => {
  let seals: string[];

  /** What an upload brings that has one chunk, which lies in a segment. */
  function stageWith(staged: Partial<StagedChunk>, delta?: { readCost: number }): ChunkStage {
    const chunk = { id, encoding: 'raw', payload: undefined, rawBytes: 50, children: [] } as const;
    const whole: StagedChunk = {
      chunk: delta === undefined ? chunk : { ...chunk, delta: { deltaBytes: 9, ...delta } },
      location: at(2048, 9),
      spilling: undefined,
      isDurable: true,
      isAdopted: false,
      holderCount: 1,
      ...staged,
    };
    const seal = async (): Promise<void> => {
      seals.push(`${state.lastLsn}`);
      whole.isDurable = true;
    };
    return { holds: () => true, staged: [whole], inlineBytes: 0, seal } as unknown as ChunkStage;
  }

  async function put(stage: ChunkStage): Promise<CommitResult> {
    const bucketId = state.bucketByName('notes')?.id as number;
    const root = { id, level: 0 };
    return committer.commit(
      { kind: 'put', bucketId, name: 'a', sizeBytes: 50, root },
      'power',
      stage,
    );
  }

  beforeEach(async () => {
    seals = [];
    await together(makeBucket('notes'));
  });

  test('takes the place of one that is damaged', async () => {
    await place(at(512));
    await state.damage.note(id, at(512), 'a bit is wrong');
    expect(await put(stageWith({}))).toMatchObject({ outcome: 'done' });
    expect(await locate(opened.index.reader(), id)).toEqual(at(2048, 9));
    expect(state.damage.has(id)).toBe(false);
  });

  test('does not, if it is a delta: others may rely on the read cost', async () => {
    await place(at(512));
    await state.damage.note(id, at(512), 'a bit is wrong');
    expect(await put(stageWith({}, { readCost: 2 }))).toMatchObject({ outcome: 'done' });
    expect(await locate(opened.index.reader(), id)).toEqual(at(512));
    expect(state.damage.has(id)).toBe(true);
  });

  test('is there again, where the index has lost the one that was damaged', async () => {
    await place(at(512));
    await state.damage.note(id, at(512), 'a bit is wrong');
    await place(undefined);
    expect(await put(stageWith({}))).toMatchObject({ outcome: 'done' });
    expect(await locate(opened.index.reader(), id)).toEqual(at(2048, 9));
    expect(state.damage.has(id)).toBe(false);
  });

  test('is waited for while another upload moves it to a segment', async () => {
    const lsn = state.lastLsn;
    const stage = stageWith({ spilling: Promise.resolve(), isDurable: false });
    expect(await put(stage)).toMatchObject({ outcome: 'done' });
    expect(seals).toEqual([`${lsn}`]);
    expect(await put(stageWith({}))).toMatchObject({ outcome: 'done' });
    expect(seals).toHaveLength(1);
  });
});

describe('chunks that were copied', () => {
  const move = { id, from: at(512), to: at(4096, 9) };

  test('stay where they are by now, if that is not where they were', async () => {
    await place(at(1024));
    const request = { kind: 'relocate', fromFileId: 7, toFileId: 9, moves: [move] } as const;
    const [moved] = await together(request);
    expect(moved).toMatchObject(conflict('notFound'));
    const chunks = [{ ...move, bases: [] }];
    const [written] = await together({ kind: 'reencode', chunks });
    expect(written).toMatchObject(conflict('notFound'));
    expect(await locate(opened.index.reader(), id)).toEqual(at(1024));
    expect(state.lastLsn).toBe(0);
  });

  test('count where they were copied from, and the file is not let go', async () => {
    await place(at(512));
    const request = { kind: 'relocate', fromFileId: 7, toFileId: 9, moves: [move] } as const;
    const [moved, kept, gone] = await together(
      request,
      { kind: 'retire', fileIds: [9] },
      { kind: 'retire', fileIds: [8] },
    );
    expect(moved).toMatchObject({ outcome: 'done' });
    expect(kept).toMatchObject(conflict('precondition'));
    expect(gone).toMatchObject({ outcome: 'done' });
    expect(await locate(opened.index.reader(), id)).toEqual(move.to);
  });
});

test('a commit waits while too much waits for LevelDB', async () => {
  await together(makeBucket('notes'));
  const layer = new Layer();
  const value = new Uint8Array(0);
  layer.add(
    Array.from({ length: pendingEntriesMax + 1 }, (_, n) => ({
      group: 't',
      suffix: `${n}`,
      value,
    })),
  );
  opened.index.publish(layer);
  opened.index.markDurable(state.lastLsn);
  expect(opened.index.isBehind).toBe(true);
  await together(makeBucket('others'));
  expect(opened.index.isBehind).toBe(false);
});

test('who was refused is told so, though the write of the others failed', async () => {
  await together(makeBucket('notes'));
  const bucketId = state.bucketByName('notes')?.id as number;
  disk.failOn({ call: 'sync', path: /journal/, code: 'EIO', isLasting: true });
  const [refused, unknown] = await together(
    { kind: 'remove', bucketId, name: 'nothing' },
    makeBucket('others'),
  );
  expect(refused).toMatchObject({ outcome: 'conflict' });
  expect(unknown).toMatchObject({ outcome: 'unknown', cause: { code: 'IO' } });
  await expect(committer.commit(makeBucket('more'), 'power')).rejects.toMatchObject({ code: 'IO' });
});
