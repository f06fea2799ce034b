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
 *    index is made again. That is noted first: until step 4 is done nobody but the next repair
 *    opens the store (repair-plan.ts).
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
import {
  decodeSuperblock,
  superblockBytes,
  superblockPath,
  type Superblock,
} from '../log/superblock.ts';
import type { Lsn } from '../model.ts';
import type { Platform } from '../platform/platform.ts';
import { takeLock } from '../store-lock.ts';
import { cutJournal, groupsBehind, planRepair } from './journal-cut.ts';
import { restoreFromParity } from './parity-restore.ts';
import { quarantine, quarantineFolder, type QuarantinedFile } from './quarantine.ts';
import { forgetPlan, notePlan, unfinishedPlan, type RepairPlan } from './repair-plan.ts';
import { Salvage } from './salvage.ts';
import { putHeadersRight, putNamesRight, storeIdOf, surveyFiles } from './survey.ts';
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
  const opening = { platform, directory, createIfMissing: false, isRepair: true };
  const engine = await Engine.open(opening);
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

interface RepairedFiles {
  readonly superblock: Superblock;
  readonly cut: RepairPlan['cut'];
  readonly lostCommits: RepairPlan['lost'];
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
    const noted = await unfinishedPlan(platform.fileSystem, directory);
    if (noted === undefined && (await opens(platform, directory))) {
      return { superblock, cut: undefined, lostCommits: [] };
    }
    return await underLock(platform, directory, () =>
      repairJournal(platform, directory, { superblock, noted, done }),
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

/** Takes the journal up to where it is whole, and the index away. */
async function repairJournal(
  platform: Platform,
  directory: string,
  {
    superblock,
    noted,
    done,
  }: { superblock: Superblock; noted: RepairPlan | undefined; done: Repair },
): Promise<RepairedFiles> {
  const { fileSystem, hashing } = platform;
  const files = await LogFiles.open(fileSystem, hashing.crc32, directory, superblock.storeId);
  try {
    const plan = noted ?? (await planRepair(platform, directory, superblock, files));
    const { cut, lost, problems } = plan;
    if (cut !== undefined) {
      await notePlan(fileSystem, directory, plan);
      const incarnation = new Incarnation(platform, directory, files, superblock);
      const moved = await cutJournal(platform, directory, { files, incarnation, cut });
      done.quarantined.push(...moved);
      done.actions.push(`the journal ends where it is whole: ${cut.damage}`);
    }
    done.problems.push(...problems);
    await fileSystem.removeTree(`${directory}/index`);
    done.actions.push('the index is made again');
    return { superblock, cut, lostCommits: lost };
  } finally {
    await files.close();
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
      const where = group.position.fileId === cut.end.fileId ? files : moved;
      await salvage.renew(group, where, signal);
    }
    await engine.sync();
    await forgetPlan(fileSystem, directory);
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
