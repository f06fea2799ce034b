/**
 * Repair: making a store that is damaged open again, and saying what it lost.
 *
 * Steps, each of which leaves a store that the next repair can begin with:
 *
 * 1. The `VARVE` file is made again from the headers of the log files, if no slot of it is whole.
 * 2. Each log file gets the name that its header says; copies, and files of another store, go out
 *    of the way. Blocks that have rotted are restored from parity, where there is any. A segment
 *    whose header is damaged then gets another.
 * 3. If the store does not open for damage then, its journal is taken up to where it is whole. What
 *    comes behind goes out of the way, a new journal file says where the good part ends, and the
 *    index is made again.
 * 4. Changes behind the damage that can be proved are made anew (salvage.ts).
 * 5. Parity that is damaged is made again. Everything is verified. Versions that are not whole
 *    stay, and are named, unless they are to be dropped.
 *
 * Nothing is deleted but the index: what cannot be used goes to `quarantine/`.
 *
 * @module
 */

import { ObjectsError, corrupt, describe, throwIfAborted, isCorrupt } from '../../base/errors.ts';
import { defaultChunking } from '../../base/limits.ts';
import { Engine } from '../engine.ts';
import { Incarnation, writeSuperblock } from '../incarnation.ts';
import { ioError } from '../log/io-errors.ts';
import { LogFiles } from '../log/log-files.ts';
import { readFully } from '../log/log-writer.ts';
import { endSaidByNext, findBeginning, provableGroups } from '../log/salvage.ts';
import {
  decodeSuperblock,
  superblockBytes,
  superblockPath,
  type Superblock,
} from '../log/superblock.ts';
import type { Lsn } from '../model.ts';
import type { Platform } from '../platform/platform.ts';
import { Snapshots } from '../snapshots.ts';
import { takeLock } from '../store-lock.ts';
import { lostCommits, type LostCommit } from './lost-versions.ts';
import { restoreFromParity } from './parity-restore.ts';
import { quarantine, quarantineFolder, type QuarantinedFile } from './quarantine.ts';
import { Salvage } from './salvage.ts';
import { putHeadersRight, putNamesRight, storeIdOf, surveyFiles } from './survey.ts';
import { UnnamedLosses } from './unnamed-losses.ts';
import type { DamagedVersion, Findings, VerifyProgress } from './findings.ts';

export interface RepairOptions {
  /** Remove versions whose content is not whole. */
  readonly drop?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}

/** A version that is lost, or whose content is. */
export interface RepairedVersion {
  readonly bucket: string;
  readonly name: string;
  /** `undefined` in a bucket without versions, and where nothing of the version is left. */
  readonly lsn: Lsn | undefined;
  readonly reason: string;
}

/** What repair did, and what it found beyond repair. */
export interface Repair {
  readonly actions: string[];
  readonly quarantined: QuarantinedFile[];
  /** Changes that were made anew, from behind damage in the journal. */
  renewedCount: number;
  readonly lost: RepairedVersion[];
  readonly dropped: RepairedVersion[];
  readonly problems: string[];
}

/** Repairs the store in a folder, which nobody may have open. */
export async function repair(
  platform: Platform,
  directory: string,
  options: RepairOptions,
): Promise<Repair> {
  const done: Repair = {
    actions: [],
    quarantined: [],
    renewedCount: 0,
    lost: [],
    dropped: [],
    problems: [],
  };
  const files = await repairFiles(platform, directory, done);
  throwIfAborted(options.signal);
  const engine = await Engine.open({ platform, directory, createIfMissing: false });
  try {
    const renewed = await renewBehind(platform, directory, { ...files, engine, done }, options);
    for (const { bucket, name, lsn } of files.lostCommits) {
      if (renewed.has(lsn)) continue;
      const version = bucket.versioned ? lsn : undefined;
      done.lost.push({ bucket: bucket.name, name, lsn: version, reason: 'its commit is lost' });
    }
    for (const name of await engine.parity.mend(options.signal)) {
      done.actions.push(`${name} is made again`);
    }
    await concludeWith(engine, done, options);
  } finally {
    await engine.close();
  }
  return done;
}

/** Where the journal was cut, and which files were behind that. */
interface Cut {
  readonly fileId: number;
  readonly damagedAt: number;
  readonly idsBehind: readonly number[];
}

interface RepairedFiles {
  readonly superblock: Superblock;
  readonly cut: Cut | undefined;
  /** Versions that only the index knew of. */
  readonly lostCommits: readonly LostCommit[];
}

/** Everything that is done to files, under the lock. */
async function repairFiles(
  platform: Platform,
  directory: string,
  done: Repair,
): Promise<RepairedFiles> {
  if ((await platform.fileSystem.status(directory))?.kind !== 'directory') {
    throw new ObjectsError(`there is no store: ${describe({ path: directory })}`, {
      code: 'NOT_FOUND',
    });
  }
  const lock = await takeLock(platform, directory);
  try {
    const superblock = await repairSuperblock(platform, directory, done);
    for (const putRight of [putNamesRight, restoreFromParity, putHeadersRight]) {
      const { actions, quarantined } = await putRight(platform, directory, superblock.storeId);
      done.actions.push(...actions);
      done.quarantined.push(...quarantined);
    }
    await lock.release();
    if (await opens(platform, directory)) return { superblock, cut: undefined, lostCommits: [] };
    return await underLock(platform, directory, () =>
      repairJournal(platform, directory, superblock, done),
    );
  } finally {
    await lock.release();
  }
}

async function underLock<T>(
  platform: Platform,
  directory: string,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await takeLock(platform, directory);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** Whether the store opens as it is. `false`: it is damaged. Other failures are thrown. */
async function opens(platform: Platform, directory: string): Promise<boolean> {
  try {
    const engine = await Engine.open({ platform, directory, createIfMissing: false });
    await engine.close();
    return true;
  } catch (error) {
    if (isCorrupt(error)) return false;
    throw error;
  }
}

/** Reads the `VARVE` file, or makes it again; then how the store cuts is lost: as by default. */
async function repairSuperblock(
  platform: Platform,
  directory: string,
  done: Repair,
): Promise<Superblock> {
  const { fileSystem, hashing } = platform;
  const path = superblockPath(directory);
  const exists = (await fileSystem.status(path)) !== undefined;
  if (exists) {
    const superblock = decodeSuperblock(hashing.crc32, await readStart(platform, path));
    if (superblock !== undefined) return superblock;
  }
  const files = await surveyFiles(platform, directory);
  const storeId = storeIdOf(files);
  if (storeId === undefined) {
    throw corrupt(`no file says which store this is: ${describe({ path: directory })}`);
  }
  if (exists) {
    const moved = { file: 'VARVE', reason: 'no slot of it is whole' };
    await quarantine(fileSystem, directory, moved);
    done.quarantined.push(moved);
  }
  const headers = files.flatMap(({ header }) => (header === undefined ? [] : [header]));
  const superblock: Superblock = {
    sequence: 0,
    storeId,
    generation: Math.max(0, ...headers.map(({ generation }) => generation)) + 1,
    nextFileId: Math.max(0, ...files.map((f) => f.header?.fileId ?? f.idInName)) + 1,
    chunking: defaultChunking,
    requiredFeatures: 0,
    optionalFeatures: 0,
  };
  await writeSuperblock(platform, directory, superblock, 'create');
  try {
    await fileSystem.syncDirectory(directory);
  } catch (cause) {
    throw ioError('make the VARVE file again', cause, path);
  }
  done.actions.push('VARVE is made again from the log files; new content is cut as by default');
  return superblock;
}

async function readStart({ fileSystem }: Platform, path: string): Promise<Uint8Array> {
  try {
    const file = await fileSystem.open(path, 'read');
    try {
      return await readFully(file, new Uint8Array(superblockBytes), 0);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw ioError('read the VARVE file', cause, path);
  }
}

/** Takes the journal up to where it is whole, and lets a new file say so. */
async function repairJournal(
  platform: Platform,
  directory: string,
  superblock: Superblock,
  done: Repair,
): Promise<RepairedFiles> {
  const { fileSystem, hashing } = platform;
  const { crc32 } = hashing;
  const files = await LogFiles.open(fileSystem, crc32, directory, superblock.storeId);
  try {
    const snapshots = await Snapshots.open(platform, directory, superblock.storeId);
    const beginning = await findBeginning(files, crc32, snapshots.newest);
    if (beginning.end.fileId === 0 && snapshots.newest !== undefined) {
      const where = describe({ file: snapshots.newest.position.fileId });
      throw corrupt(`the journal file that the snapshot rests on is damaged or missing: ${where}`);
    }
    const { end, damage, lastLsn } = beginning;
    let cut: Cut | undefined;
    let losses: UnnamedLosses | undefined;
    if (damage !== undefined) {
      const idsBehind = files.ids('journal').filter((id) => id > end.fileId);
      cut = { fileId: end.fileId, damagedAt: end.end, idsBehind };
      const incarnation = new Incarnation(platform, directory, files, superblock);
      losses = await lossesBehind(files, crc32, cut, lastLsn);
      const firstLsn = losses.lastLsn + 1;
      const next = await incarnation.createFile({
        kind: 'journal',
        previous: end,
        firstLsn,
        checkpoint: beginning.checkpoint ?? { fileId: 0, offset: 0 },
      });
      await next.close();
      for (const id of idsBehind) {
        const file = files.path(id).slice(directory.length + 1);
        const moved = { file, reason: `the journal is not whole before it: ${damage}` };
        await quarantine(fileSystem, directory, moved);
        done.quarantined.push(moved);
      }
      done.actions.push(`the journal ends where it is whole: ${damage}`);
    }
    const known = { storeId: superblock.storeId, lastLsn };
    const lost = await lostCommits(platform, directory, known);
    done.problems.push(...(losses?.conclude(new Set(lost.map(({ lsn }) => lsn))) ?? []));
    await fileSystem.removeTree(`${directory}/index`);
    done.actions.push('the index is made again');
    return { superblock, cut, lostCommits: lost };
  } finally {
    await files.close();
  }
}

/** What is lost behind the damage, and the highest LSN there: none is given out twice. */
async function lossesBehind(
  files: LogFiles,
  crc32: Platform['hashing']['crc32'],
  cut: Cut,
  lastLsn: Lsn,
): Promise<UnnamedLosses> {
  const losses = new UnnamedLosses({ lastLsn, fileId: cut.fileId });
  for await (const group of groupsBehind(files, files, crc32, cut)) {
    losses.add(group, (await files.header(group.position.fileId))?.firstLsn ?? 0);
  }
  return losses;
}

/** Groups behind the damage. `moved`: where the files behind the damaged one are by now. */
async function* groupsBehind(
  files: LogFiles,
  moved: LogFiles,
  crc32: Platform['hashing']['crc32'],
  { fileId, damagedAt, idsBehind }: Cut,
): ReturnType<typeof provableGroups> {
  if (fileId !== 0) {
    const end = await endSaidByNext(moved, fileId, idsBehind[0]);
    yield* provableGroups(files, crc32, fileId, { damagedAt, end });
  }
  for (const [place, id] of idsBehind.entries()) {
    const end = await endSaidByNext(moved, id, idsBehind[place + 1]);
    try {
      yield* provableGroups(moved, crc32, id, { end });
    } catch (error) {
      // Without a header nothing in a journal file can be proved.
      if (!isCorrupt(error)) throw error;
    }
  }
}

/** Makes changes from behind the damage anew. Returns the versions that are: new LSN by old. */
async function renewBehind(
  platform: Platform,
  directory: string,
  { superblock, cut, engine, done }: RepairedFiles & { engine: Engine; done: Repair },
  { signal }: RepairOptions,
): Promise<ReadonlyMap<Lsn, Lsn>> {
  if (cut === undefined) return new Map();
  const { fileSystem, hashing } = platform;
  const { crc32 } = hashing;
  const { storeId } = superblock;
  const files = await LogFiles.open(fileSystem, crc32, directory, storeId);
  const moved = await LogFiles.open(fileSystem, crc32, quarantineFolder(directory), storeId);
  try {
    const salvage = new Salvage(platform, engine, files);
    for await (const group of groupsBehind(files, moved, crc32, cut)) {
      const where = group.position.fileId === cut.fileId ? files : moved;
      await salvage.renew(group, where, signal);
    }
    await engine.sync();
    done.renewedCount = salvage.changeCount;
    done.lost.push(...salvage.lost);
    return salvage.renewed;
  } finally {
    await files.close();
    await moved.close();
  }
}

/** Says what is damaged in the end, or drops it. */
async function concludeWith(engine: Engine, done: Repair, options: RepairOptions): Promise<void> {
  const { signal, onProgress, drop } = options;
  let findings: Findings = await engine.verify({ signal, onProgress });
  if (drop === true && findings.damaged.length > 0) {
    for (const damaged of findings.damaged) {
      throwIfAborted(signal);
      const reason = await dropVersion(engine, damaged);
      if (reason === undefined) done.dropped.push(describeDamaged(damaged));
    }
    // Once for the edges, and, when what nothing needs is freed, once for what is left.
    await engine.verify({ signal });
    findings = await engine.verify({ signal, onProgress });
  }
  done.lost.push(...findings.damaged.map(describeDamaged));
  done.problems.push(...findings.problems);
}

/** Why a version could not be dropped: it is locked. */
async function dropVersion(
  engine: Engine,
  { bucket, name, lsn }: DamagedVersion,
): Promise<string | undefined> {
  try {
    await engine.purge(bucket, name, lsn);
    return undefined;
  } catch (error) {
    if (error instanceof ObjectsError && error.code !== 'IO') return error.message;
    throw error;
  }
}

function describeDamaged({ bucket, name, lsn, reason }: DamagedVersion): RepairedVersion {
  return { bucket: bucket.name, name, lsn: bucket.versioned ? lsn : undefined, reason };
}
