/**
 * Bringing the index up to the log: all of it, or what came after a checkpoint or a snapshot.
 *
 * Replaying is idempotent, so it does not matter what of it the index holds already. Work is cut
 * into batches, so that rebuilding takes memory for one batch and not for the store.
 *
 * A chunk frame that is damaged, or whose segment is gone, does not stop a replay: one bad frame
 * must not keep every other object from its owner. It is noted instead (index/damage-index.ts). A
 * node that cannot be read leaves its children without the edges that keep them, and the note says
 * that too: nothing is freed while it stands. Damage in the journal itself does stop it.
 *
 * What log files hold is counted on the way: from what a snapshot or a checkpoint says of them, and
 * what the operations behind it did.
 *
 * @module
 */

import { corrupt, describe, isCorrupt } from '../base/errors.ts';
import { listPageEntries } from '../base/limits.ts';
import { decodeNode } from './chunk/manifest.ts';
import { readChunkAt, type ReadBase } from './chunk-reader.ts';
import { adoptionEffects, forsakeEffects, freeEffects, operationEffects } from './effects.ts';
import { FileUsage } from './file-usage.ts';
import { childrenByEdges, locationChange, locationsPage } from './index/chunk-index.ts';
import { damageChange, damageRecords } from './index/damage-index.ts';
import { Layer, type IndexReader, type IndexStore } from './index/index-store.ts';
import type { LogPosition } from './log/file-header.ts';
import type { LogFiles } from './log/log-files.ts';
import { chunkKey, type Operation } from './log/operations.ts';
import { replayJournal, type JournalGroup, type RecoveredJournal } from './log/recovery.ts';
import { readChunkHead, type ChunkHead } from './log/walk.ts';
import type { ChunkId, ChunkLocation, Lsn } from './model.ts';
import type { Platform } from './platform/platform.ts';

/** Few enough to be garbage soon: with 4096 a rebuild took a tenth longer. */
const batchRows = 512;

/** Where replay begins. */
export interface ReplayStart {
  readonly position: LogPosition;
  /** What log files held then; `undefined`: the checkpoint of that position says it. */
  readonly usage?: FileUsage;
}

/**
 * Applies all groups behind `from` (default: all there are) to the index. Returns what log files
 * hold then.
 */
export async function replay(
  platform: Platform,
  files: LogFiles,
  index: IndexStore,
  recovered: RecoveredJournal,
  from?: ReplayStart,
): Promise<FileUsage> {
  const usage = new FileUsage();
  let base = from === undefined ? new FileUsage() : from.usage;
  let batch = new Layer();
  const damaged = new Set<string>();
  for (const { frame } of await damageRecords(index.reader())) {
    if ('id' in frame) damaged.add(chunkKey(frame.id));
  }
  let flushing: Promise<void> = Promise.resolve();
  /** Gives a batch to LevelDB, which writes it while the next one is read. */
  const finish = async (): Promise<void> => {
    await flushing;
    index.publish(batch);
    index.markDurable(batch.lastLsn);
    flushing = index.flush();
    // Whoever waits for it is told; that nobody does yet is no fault.
    flushing.catch(() => undefined);
    batch = new Layer();
  };
  const groups = replayJournal(files, platform.hashing.crc32, recovered.end, from?.position);
  try {
    for await (const group of groups) {
      base ??= usageAt(from?.position, group);
      await applyGroup({ platform, files, batch, damaged, usage }, index.reader(batch), group);
      if (batch.size >= batchRows) await finish();
    }
    if (batch.size > 0) await finish();
  } finally {
    // Also where the journal turns out to be damaged: the next index lies in the same folder.
    await flushing;
  }
  base?.apply(usage);
  return base ?? countUsage(index);
}

/** What the checkpoint of a position says of log files, if it is in this group. */
function usageAt(position: LogPosition | undefined, group: JournalGroup): FileUsage | undefined {
  for (const operation of group.payload.operations) {
    if (operation.kind !== 'checkpoint' || operation.usage === undefined) continue;
    const { fileId, offset } = operation.position;
    if (fileId !== position?.fileId || offset !== position.offset) continue;
    return new FileUsage(operation.usage);
  }
  return undefined;
}

/** What an index says of log files: the long way, for a store whose checkpoint does not say it. */
async function countUsage(index: IndexStore): Promise<FileUsage> {
  const usage = new FileUsage();
  for (let after = 'c'; after !== '';) {
    const { chunks, last } = await locationsPage(index.reader(), after, listPageEntries);
    for (const { location } of chunks) usage.adopt(location);
    after = last;
  }
  return usage;
}

/** What replaying a group needs. */
interface ReplayParts {
  readonly platform: Platform;
  readonly files: LogFiles;
  readonly batch: Layer;
  /** Chunks that the index calls damaged. */
  readonly damaged: Set<string>;
  /** What the operations so far did to log files. */
  readonly usage: FileUsage;
}

async function applyGroup(
  parts: ReplayParts,
  reader: IndexReader,
  group: JournalGroup,
): Promise<void> {
  const { batch, usage } = parts;
  for (const chunk of group.chunks) await replayAdoption(parts, chunk);
  for (const [i, operation] of group.payload.operations.entries()) {
    const lsn = group.firstLsn + i;
    if (operation.kind === 'adopt') await replayAdopt(parts, operation);
    else if (operation.kind === 'free') await replayFree(parts, reader, operation, lsn);
    else if (operation.kind === 'relocate') await replayRelocate(parts, operation);
    else if (operation.kind === 'retire') operation.fileIds.forEach((id) => usage.retire(id));
    else if (operation.kind === 'supersede') await replaySupersede(parts, reader, operation, lsn);
    else batch.add(await operationEffects(reader, operation, lsn));
    batch.lastLsn = lsn;
  }
}

async function replayAdopt(
  parts: ReplayParts,
  { fileId, offsets }: Extract<Operation, { kind: 'adopt' }>,
): Promise<void> {
  for (const offset of offsets) {
    const chunk = await unlessDamaged(readChunkHead(parts.files, fileId, offset));
    if ('reason' in chunk) {
      const damage = { reason: chunk.reason, lostEdges: true };
      parts.batch.add([damageChange({ fileId, offset }, damage)]);
    } else await replayAdoption(parts, chunk);
  }
}

/** Chunks that compaction moved. Their edges are there already. */
async function replayRelocate(
  { files, batch, usage }: ReplayParts,
  { fromFileId, toFileId, offsets }: Extract<Operation, { kind: 'relocate' }>,
): Promise<void> {
  for (const offset of offsets) {
    const chunk = await unlessDamaged(readChunkHead(files, toFileId, offset));
    if ('reason' in chunk) {
      const damage = { reason: chunk.reason, lostEdges: false };
      batch.add([damageChange({ fileId: toFileId, offset }, damage)]);
      continue;
    }
    const { id, location } = chunk;
    batch.add([locationChange(id, location)]);
    usage.adopt(location);
    // A copy is as large as what it was copied from.
    usage.release({ ...location, fileId: fromFileId });
  }
}

async function replayAdoption(
  { platform, files, batch, damaged, usage }: ReplayParts,
  { id, location, bases }: ChunkHead,
): Promise<void> {
  // No promise for what is no node: nearly all chunks.
  const found =
    id.kind === 'node' ? await unlessDamaged(childrenOf(platform, files, id, location)) : bases;
  const children = 'reason' in found ? [] : found;
  batch.add(adoptionEffects({ id, location, children }));
  usage.adopt(location);
  if ('reason' in found) {
    damaged.add(chunkKey(id));
    batch.add([damageChange({ id }, { reason: found.reason, lostEdges: true })]);
  } else if (damaged.size > 0 && damaged.delete(chunkKey(id)))
    batch.add([damageChange({ id }, undefined)]);
}

async function replayFree(
  { platform, files, batch, damaged, usage }: ReplayParts,
  reader: IndexReader,
  { id, location }: Extract<Operation, { kind: 'free' }>,
  lsn: Lsn,
): Promise<void> {
  const children = await childrenByAnyMeans({ platform, files, reader }, id, location);
  batch.add(freeEffects(id, children, lsn));
  usage.release(location);
  if (damaged.delete(chunkKey(id))) batch.add([damageChange({ id }, undefined)]);
}

/** The damaged frame may have been a delta: what took its place has edges of its own. */
async function replaySupersede(
  { platform, files, batch, usage }: ReplayParts,
  reader: IndexReader,
  { id, location }: Extract<Operation, { kind: 'supersede' }>,
  lsn: Lsn,
): Promise<void> {
  usage.release(location);
  if (location.readCost === undefined) return;
  const bases = await childrenByAnyMeans({ platform, files, reader }, id, location);
  batch.add(forsakeEffects(id, bases, lsn));
}

/** The children of a chunk, by what its frame says, or if that is damaged by the edges to them. */
export async function childrenByAnyMeans(
  parts: { readonly platform: Platform; readonly files: LogFiles; readonly reader: IndexReader },
  id: ChunkId,
  location: ChunkLocation,
): Promise<readonly ChunkId[]> {
  const found = await unlessDamaged(childrenOf(parts.platform, parts.files, id, location));
  return 'reason' in found ? childrenByEdges(parts.reader, id) : found;
}

/** What was read, or why it cannot be. */
async function unlessDamaged<T extends object>(
  reading: Promise<T>,
): Promise<T | { readonly reason: string }> {
  try {
    return await reading;
  } catch (error) {
    if (isCorrupt(error)) return { reason: error.message };
    throw error;
  }
}

/** Nodes are never deltas. */
const noBase: ReadBase = () => Promise.reject(corrupt('a manifest node says that it is a delta'));

/** The chunks that a node names, the bases of a delta; none of other chunks. */
export async function childrenOf(
  platform: Platform,
  files: LogFiles,
  id: ChunkId,
  location: ChunkLocation,
): Promise<readonly ChunkId[]> {
  if (id.kind === 'data') {
    if (location.readCost === undefined) return [];
    const head = await readChunkHead(files, location.fileId, location.offset);
    if (chunkKey(head.id) === chunkKey(id)) return head.bases;
    const { fileId: file, offset } = location;
    throw corrupt(`a chunk frame is damaged: ${describe({ file, offset })}`);
  }
  const { bytes } = await readChunkAt(platform, files, { id, location }, noBase);
  return decodeNode(bytes, id).children.map((child) => child.id);
}
