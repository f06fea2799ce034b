/**
 * When a chunk may be stored otherwise: never so that it, or what is a delta of it, could not be
 * read any more.
 */

import { beforeEach, describe, expect, test } from 'vitest';
import { Leases } from '../../../src/engine/chunk-stage.ts';
import type { ReencodedChunk } from '../../../src/engine/commit-request.ts';
import { adoptionEffects } from '../../../src/engine/effects.ts';
import { FileUsage } from '../../../src/engine/file-usage.ts';
import { referenceChange } from '../../../src/engine/index/chunk-index.ts';
import { Database } from '../../../src/engine/index/database.ts';
import { IndexStore } from '../../../src/engine/index/index-store.ts';
import { KnownDamage } from '../../../src/engine/known-damage.ts';
import { chunkKey } from '../../../src/engine/log/operations.ts';
import { noTotals, type ChunkId, type ChunkLocation } from '../../../src/engine/model.ts';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';
import { mayReencode } from '../../../src/engine/reencode.ts';
import { StoreState } from '../../../src/engine/store-state.ts';

const idOf = (seed: number): ChunkId => {
  return { domain: 0, kind: 'data', digest: new Uint8Array(32).fill(seed) };
};

const placeOf = (offset: number, readCost: number): ChunkLocation => {
  const place = { fileId: 1, offset, frameBytes: 100, rawBytes: 500 };
  return readCost === 1 ? place : { ...place, readCost };
};

const [base, chunk, dependent, other] = [1, 2, 3, 4].map(idOf) as [
  ChunkId,
  ChunkId,
  ChunkId,
  ChunkId,
];

let index: IndexStore;
let state: StoreState;

/** Another form of the chunk, in file 2. */
const form = (bases: readonly ChunkId[], readCost: number): ReencodedChunk => {
  return { id: chunk, from: placeOf(200, 2), to: { ...placeOf(0, readCost), fileId: 2 }, bases };
};

/** From here on the dependent is plain. */
const release = async (): Promise<void> => {
  const { group, suffix } = referenceChange(chunk, { kind: 'chunk', id: dependent }, 'delete');
  await index.writeDirectly([{ group, suffix, value: undefined }]);
};

const may = async (bases: readonly ChunkId[], readCost: number): Promise<boolean> => {
  const answer = await mayReencode(index.reader(), state, form(bases, readCost));
  if (answer) state.leases.endChange(chunkKey(chunk));
  return answer;
};

/** `dependent` is a delta of `chunk`, which is a delta of `base`; `other` is plain. */
beforeEach(async () => {
  const database = await Database.open(nativeHashing.crc32, undefined, undefined, undefined);
  index = new IndexStore(database);
  const damage = new KnownDamage(index, []);
  state = new StoreState(new Leases(), damage, {
    lastLsn: 1,
    nextLsn: 2,
    lastCommit: undefined,
    timeMs: 0,
    totals: noTotals,
    lastBucketId: 0,
    usage: new FileUsage(),
    buckets: [],
  });
  for (const [id, location, children] of [
    [base, placeOf(100, 1), []],
    [chunk, placeOf(200, 2), [base]],
    [dependent, placeOf(300, 4), [chunk]],
    [other, placeOf(400, 1), []],
  ] as const) {
    await index.writeDirectly(adoptionEffects({ id, location, children }));
  }
});

describe('a chunk may be stored otherwise', () => {
  test('as plain, or as a delta that costs as much as it says', async () => {
    expect(await may([], 1)).toBe(true);
    expect(await may([other], 2)).toBe(true);
    await release();
    expect(await may([base, other], 3)).toBe(true);
  });

  test('not with bases that are gone, or cost more than it says', async () => {
    expect(await may([idOf(9)], 2)).toBe(false);
    expect(await may([base, other], 2)).toBe(false);
    expect(await may([dependent], 3)).toBe(false);
  });

  test('not so that it costs more, while something depends on it', async () => {
    expect(await may([base, other], 3)).toBe(false);
    expect(await may([dependent], 5)).toBe(false);
    await release();
    expect(await may([base, other], 4)).toBe(true);
  });

  test('not if it lies elsewhere by now, or is gone', async () => {
    await index.writeDirectly(
      adoptionEffects({ id: chunk, location: placeOf(900, 2), children: [base] }),
    );
    expect(await may([], 1)).toBe(false);
  });

  test('not while an upload counts on what it costs', async () => {
    expect(state.leases.take(chunkKey(chunk))).toBe(true);
    expect(await may([base], 2)).toBe(false);
    state.leases.drop(chunkKey(chunk));
    expect(await may([base], 2)).toBe(true);
  });

  test('not while it is known to be damaged', async () => {
    await state.damage.note(chunk, placeOf(200, 2), 'it rotted');
    expect(await may([], 1)).toBe(false);
  });
});
