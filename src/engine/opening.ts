/**
 * Opening a store: lock, read what it is, recover the journal, bring the index up to it.
 *
 * The order matters. The lock comes before anything is read, LevelDB (which has a lock of its own)
 * before anything is written, and the end of the journal is made durable before anything is served.
 *
 * The index is taken as it is only if it is of this store and format, was not found to be wrong,
 * and holds the checkpoint that the journal names; else it is deleted and rebuilt. An index that is
 * *ahead* of the journal is something else: LevelDB is given nothing that is not safe in the
 * journal, so the journal has lost acknowledged commits, and that is `CORRUPT`.
 *
 * Errors: `INVALID` for a folder that is no store; `LOCKED`; `UNSUPPORTED`; `CORRUPT`; `IO`.
 *
 * @module
 */

import {
  InvalidArgument,
  ObjectNotFound,
  ObjectsError,
  corrupt,
  describe,
} from '../base/errors.ts';
import type { ChunkingLimits } from '../base/limits.ts';
import {
  adoptIndex,
  isOwnIndex,
  knowsCheckpoint,
  lastFlushedLsn,
  noteCheckpoint,
  notedCheckpoints,
} from './checkpoint.ts';
import { makeDirectoryDurably } from './durable-directory.ts';
import { readSuperblock, writeSuperblock } from './incarnation.ts';
import { Leases } from './chunk-stage.ts';
import { countChunks, type ChunkTotals } from './index/chunk-index.ts';
import { Database } from './index/database.ts';
import { Distrust } from './index/distrust.ts';
import { IndexStore } from './index/index-store.ts';
import { bucketsGroup } from './index/keys.ts';
import { decodeBucket } from './index/records.ts';
import type { FileUsage } from './file-usage.ts';
import { KnownDamage } from './known-damage.ts';
import type { LogPosition } from './log/file-header.ts';
import { ioError } from './log/io-errors.ts';
import { LogFiles } from './log/log-files.ts';
import { lastLsnOf, recoverJournal, type RecoveredJournal } from './log/recovery.ts';
import { superblockPath, type Superblock } from './log/superblock.ts';
import { finishBackup, holdsCompleteBackup } from './maintenance/backup-folder.ts';
import { repairNoteFile } from './maintenance/repair-plan.ts';
import { noTotals, type BucketRecord, type Lsn } from './model.ts';
import type { FileLock, FileSystem } from './platform/file-system.ts';
import type { Platform } from './platform/platform.ts';
import { replay } from './replay.ts';
import { Snapshots } from './snapshots.ts';
import { StoreState } from './store-state.ts';
import { ownerFile, takeLock } from './store-lock.ts';

export interface OpeningOptions {
  readonly platform: Platform;
  readonly directory: string;
  readonly createIfMissing: boolean;
  /** How a new store cuts. An existing one keeps its own. */
  readonly chunking: ChunkingLimits;
  /** It is a repair that opens it. */
  readonly isRepair?: boolean | undefined;
}

/** A store that is ready to serve. */
export interface OpenedStore {
  readonly superblock: Superblock;
  readonly files: LogFiles;
  readonly database: Database;
  readonly index: IndexStore;
  readonly recovered: RecoveredJournal;
  readonly snapshots: Snapshots;
  /** What log files hold. */
  readonly usage: FileUsage;
  readonly buckets: readonly BucketRecord[];
  readonly damage: KnownDamage;
  /** Counted, where the journal's totals count chunks that are lost; else as the journal says. */
  readonly chunkTotals: ChunkTotals | undefined;
  readonly lock: FileLock;
}

/** Where a store that was opened stands. */
export function stateOf(opened: OpenedStore): StoreState {
  const { recovered } = opened;
  const last = recovered.last?.payload;
  return new StoreState(new Leases(), opened.damage, {
    lastLsn: recovered.lastLsn,
    nextLsn: recovered.nextLsn,
    lastCommit: recovered.last?.position,
    timeMs: last?.timeMs ?? 0,
    totals: { ...(last?.totals ?? noTotals), ...opened.chunkTotals },
    lastBucketId: last?.lastBucketId ?? 0,
    usage: opened.usage,
    buckets: opened.buckets,
  });
}

export async function openFiles(options: OpeningOptions): Promise<OpenedStore> {
  const { platform, directory } = options;
  await prepareDirectory(options);
  const lock = await takeLock(platform, directory);
  let files: LogFiles | undefined;
  let database: Database | undefined;
  try {
    await finishBackup(platform.fileSystem, directory);
    const superblock = await readOrMakeSuperblock(options);
    const { fileSystem, hashing } = platform;
    files = await LogFiles.open(fileSystem, hashing.crc32, directory, superblock.storeId);
    database = await openDatabase(platform, directory);
    const noted = await notedBy(database);
    const recovered = await recoverJournal(files, hashing.crc32, noted);
    const snapshots = await Snapshots.open(platform, directory, superblock.storeId);
    const opened = { platform, directory, files, superblock, recovered, snapshots };
    const ready = await bringUpIndex(opened, database);
    database = ready.database;
    await removeRetired(files, ready.usage);
    return { superblock, files, recovered, snapshots, lock, ...ready };
  } catch (error) {
    await database?.close().catch(() => undefined);
    await files?.close().catch(() => undefined);
    await lock.release().catch(() => undefined);
    throw error;
  }
}

/** A crash may have come between letting go of a file and removing it. */
async function removeRetired(files: LogFiles, usage: FileUsage): Promise<void> {
  for (const fileId of usage.retired) if (files.has(fileId)) await files.discard(fileId);
}

/** Makes the folder if it may, and refuses one that holds something else. */
async function prepareDirectory(options: OpeningOptions): Promise<void> {
  const { platform, directory, createIfMissing } = options;
  const { fileSystem } = platform;
  const where = describe({ path: directory });
  try {
    const status = await fileSystem.status(directory);
    if (status?.kind === 'file') {
      throw new InvalidArgument(`a file is no store; name a folder: ${where}`);
    }
    const names = status === undefined ? [] : await fileSystem.readDirectory(directory);
    if (names.includes(repairNoteFile) && options.isRepair !== true) {
      throw corrupt(`a repair of the store was cut short; run it again: ${where}`);
    }
    if (names.includes('VARVE') || holdsCompleteBackup(names)) return;
    const strangers = names.filter((name) => name !== ownerFile);
    if (strangers.length > 0) {
      throw new InvalidArgument(
        `the folder is not a store; name a store or an empty folder: ${where}`,
      );
    }
    if (!createIfMissing) throw new ObjectNotFound(`there is no store: ${where}`);
    await makeDirectoryDurably(fileSystem, directory);
  } catch (cause) {
    throw ioError('open the folder of the store', cause, directory);
  }
}

/** Reads the `VARVE` file. A new store gets one; so does one whose making was cut short. */
async function readOrMakeSuperblock(options: OpeningOptions): Promise<Superblock> {
  const { platform, directory, chunking } = options;
  const path = superblockPath(directory);
  const { fileSystem, randomness } = platform;
  const exists = await isThere(fileSystem, path);
  if (exists) {
    const superblock = await readSuperblock(platform, directory);
    // Whoever made it may have been killed before the syncs, and no folder may come before it.
    if (superblock?.sequence === 0) await makeSuperblock(platform, directory, superblock, 'update');
    if (superblock !== undefined) return superblock;
    if (await isThere(fileSystem, `${directory}/journal`)) {
      throw corrupt(`the VARVE file is damaged; restore it from a backup: ${path}`);
    }
  }
  const superblock: Superblock = {
    sequence: 0,
    storeId: randomness.bytes(16),
    generation: 0,
    nextFileId: 1,
    chunking,
    requiredFeatures: 0,
    optionalFeatures: 0,
  };
  await makeSuperblock(platform, directory, superblock, exists ? 'update' : 'create');
  return superblock;
}

/** Writes the first `VARVE` file: safe, name and all. */
async function makeSuperblock(
  platform: Platform,
  directory: string,
  superblock: Superblock,
  mode: 'create' | 'update',
): Promise<void> {
  await writeSuperblock(platform, directory, superblock, mode);
  try {
    await platform.fileSystem.syncDirectory(directory);
  } catch (cause) {
    throw ioError('make the store', cause, directory);
  }
}

async function isThere(fileSystem: FileSystem, path: string): Promise<boolean> {
  try {
    return (await fileSystem.status(path)) !== undefined;
  } catch (cause) {
    throw ioError('look at the store', cause, path);
  }
}

/** The folder of the index of a store. */
export function indexDirectory(directory: string): string {
  return `${directory}/index`;
}

/** Opens LevelDB; one that does not open is deleted, as it holds nothing that is not in the log. */
export async function openDatabase(platform: Platform, directory: string): Promise<Database> {
  const { hashing, fileSystem, indexIn } = platform;
  const path = indexIn === 'memory' ? undefined : indexDirectory(directory);
  const backendIn = typeof indexIn === 'function' ? indexIn : undefined;
  const distrust = path === undefined ? undefined : new Distrust(fileSystem, path);
  try {
    return await Database.open(hashing.crc32, path, backendIn, distrust);
  } catch (error) {
    if (path === undefined || (error instanceof ObjectsError && error.code === 'LOCKED')) {
      throw error;
    }
    await removeIndex(fileSystem, path);
    return Database.open(hashing.crc32, path, backendIn, distrust);
  }
}

/** Where an index says that checkpoints were taken; if it cannot be read, that shows later. */
function notedBy(database: Database): Promise<LogPosition[]> {
  return notedCheckpoints(new IndexStore(database)).catch(() => []);
}

async function removeIndex(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.removeTree(path);
  } catch (cause) {
    throw ioError('delete the index', cause, path);
  }
}

interface Opened {
  readonly platform: Platform;
  readonly directory: string;
  readonly files: LogFiles;
  readonly superblock: Superblock;
  readonly recovered: RecoveredJournal;
  readonly snapshots: Snapshots;
}

/** An index that is up to the journal. */
type ReadyIndex = Pick<
  OpenedStore,
  'database' | 'index' | 'usage' | 'buckets' | 'damage' | 'chunkTotals'
>;

/** Replays what the index lacks; all of it, if it is not to be trusted. */
async function bringUpIndex(opened: Opened, database: Database): Promise<ReadyIndex> {
  const { platform, directory } = opened;
  const ready = await continueIndex(opened, database);
  if (ready !== undefined) return ready;
  await database.close();
  await removeIndex(platform.fileSystem, indexDirectory(directory));
  const fresh = await openDatabase(platform, directory);
  try {
    return await rebuildIndex(opened, fresh);
  } catch (error) {
    await fresh.close();
    throw error;
  }
}

/** Goes on with the index that is there. `undefined`: it is of no use, or damaged. */
async function continueIndex(
  { platform, directory, files, superblock, recovered }: Opened,
  database: Database,
): Promise<ReadyIndex | undefined> {
  const index = new IndexStore(database);
  const { checkpoint, lastLsn } = recovered;
  try {
    if (!(await isOwnIndex(index, superblock.storeId))) return undefined;
    const flushed = await lastFlushedLsn(index.reader());
    if (flushed > lastLsn) throw lostCommits(flushed, lastLsn);
    if (await new Distrust(platform.fileSystem, indexDirectory(directory)).isDeclared()) {
      return undefined;
    }
    if (checkpoint !== undefined) {
      const complete = await lastLsnOf(files, platform.hashing.crc32, checkpoint);
      if (!(await knowsCheckpoint(index, complete))) return undefined;
    }
    const from = checkpoint === undefined ? undefined : { position: checkpoint };
    const usage = await replay(platform, files, index, recovered, from);
    return await readyIndex(database, index, usage);
  } catch (error) {
    // Whether the journal is damaged, or only the index, the rebuilding will tell.
    const isDamage = !(error instanceof ObjectsError) || error.code === 'CORRUPT';
    if (isDamage && !(error instanceof LostCommits)) return undefined;
    throw error;
  }
}

/** Makes an index from the newest snapshot and the journal behind it, or from all of that. */
async function rebuildIndex(
  { platform, files, superblock, recovered, snapshots }: Opened,
  database: Database,
): Promise<ReadyIndex> {
  const index = new IndexStore(database);
  const usage = await replay(platform, files, index, recovered, await snapshots.load(index));
  await adoptIndex(index, superblock.storeId);
  const { checkpoint } = recovered;
  // Noted only once it is proved: a power cut may leave the note and take the rows before it.
  if (checkpoint !== undefined && (await database.flush(platform.fileSystem))) {
    const complete = await lastLsnOf(files, platform.hashing.crc32, checkpoint);
    await noteCheckpoint(index, complete, checkpoint);
  }
  return readyIndex(database, index, usage);
}

async function readyIndex(
  database: Database,
  index: IndexStore,
  usage: FileUsage,
): Promise<ReadyIndex> {
  const [buckets, damage] = [await loadBuckets(index), await KnownDamage.load(index)];
  const chunkTotals = damage.hasLostChunks ? await countChunks(index.reader()) : undefined;
  return { database, index, usage, buckets, damage, chunkTotals };
}

class LostCommits extends ObjectsError {}

function lostCommits(flushed: Lsn, lastLsn: Lsn): LostCommits {
  return new LostCommits(
    'the journal has lost commits that were safe; restore its last file from a backup, or delete ' +
      `the folder index/ to go on without them: ${describe({ safe: flushed, found: lastLsn })}`,
    { code: 'CORRUPT' },
  );
}

/** The buckets that an index has. */
export async function loadBuckets(index: IndexStore): Promise<BucketRecord[]> {
  const rows = await index.reader().under(bucketsGroup, 1_000_000);
  return rows.map(({ value }) => decodeBucket(value));
}
