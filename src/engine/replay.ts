/**
 * Bringing the index up to the log: all of it, or what came after a checkpoint.
 *
 * Replaying is idempotent, so it does not matter what of it the index holds already. Work is cut
 * into batches, so that rebuilding takes memory for one batch and not for the store.
 *
 * @module
 */

import { decodeNode } from './chunk/manifest.ts';
import { readChunkAt } from './chunk-store.ts';
import { adoptionEffects, freeEffects, operationEffects } from './effects.ts';
import { Layer, type IndexReader, type IndexStore } from './index/index-store.ts';
import type { LogPosition } from './log/file-header.ts';
import type { LogFiles } from './log/log-files.ts';
import { type Operation } from './log/operations.ts';
import { replayJournal, type JournalGroup, type RecoveredJournal } from './log/recovery.ts';
import { readChunkHead } from './log/walk.ts';
import type { ChunkId, ChunkLocation, Lsn } from './model.ts';
import type { Platform } from './platform/platform.ts';

const batchRows = 20_000;

/** Applies all groups behind `from` (default: all there are) to the index. */
export async function replay(
  platform: Platform,
  files: LogFiles,
  index: IndexStore,
  recovered: RecoveredJournal,
  from?: LogPosition,
): Promise<void> {
  let batch = new Layer();
  const finish = async (): Promise<void> => {
    index.publish(batch);
    index.markDurable(batch.lastLsn);
    await index.flush();
    batch = new Layer();
  };
  for await (const group of replayJournal(files, platform.hashing.crc32, recovered.end, from)) {
    await applyGroup(platform, files, batch, index.reader(batch), group);
    if (batch.size >= batchRows) await finish();
  }
  if (batch.size > 0) await finish();
}

async function applyGroup(
  platform: Platform,
  files: LogFiles,
  batch: Layer,
  reader: IndexReader,
  group: JournalGroup,
): Promise<void> {
  for (const { id, location } of group.chunks) {
    batch.add(
      adoptionEffects({ id, location, children: await childrenOf(platform, files, id, location) }),
    );
  }
  for (const [i, operation] of group.payload.operations.entries()) {
    const lsn = group.firstLsn + i;
    if (operation.kind === 'adopt') await replayAdopt(platform, files, batch, operation);
    else if (operation.kind === 'free') await replayFree(platform, files, batch, operation, lsn);
    else batch.add(await operationEffects(reader, operation, lsn));
    batch.lastLsn = lsn;
  }
}

async function replayAdopt(
  platform: Platform,
  files: LogFiles,
  batch: Layer,
  { fileId, offsets }: Extract<Operation, { kind: 'adopt' }>,
): Promise<void> {
  for (const offset of offsets) {
    const { id, location } = await readChunkHead(files, fileId, offset);
    const children = await childrenOf(platform, files, id, location);
    batch.add(adoptionEffects({ id, location, children }));
  }
}

async function replayFree(
  platform: Platform,
  files: LogFiles,
  batch: Layer,
  { id, location }: Extract<Operation, { kind: 'free' }>,
  lsn: Lsn,
): Promise<void> {
  batch.add(freeEffects(id, await childrenOf(platform, files, id, location), lsn));
}

/** The chunks that a node names; none of other chunks. */
export async function childrenOf(
  platform: Platform,
  files: LogFiles,
  id: ChunkId,
  location: ChunkLocation,
): Promise<ChunkId[]> {
  if (id.kind !== 'node') return [];
  const bytes = await readChunkAt(platform, files, id, location);
  return decodeNode(bytes, id).children.map((child) => child.id);
}
