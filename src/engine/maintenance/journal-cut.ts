/**
 * A journal that is damaged, cut where it is whole: what that will be, and the cut itself.
 *
 * Nothing is cut off a file. A new one says where the journal ends, and the files behind the damage
 * go to quarantine, from where the groups in them can still be read and made anew.
 *
 * @module
 */

import { corrupt, describe, isCorrupt } from '../../base/errors.ts';
import type { Incarnation } from '../incarnation.ts';
import type { LogFiles } from '../log/log-files.ts';
import { endSaidByNext, findBeginning, provableGroups } from '../log/salvage.ts';
import type { Superblock } from '../log/superblock.ts';
import type { Lsn } from '../model.ts';
import type { Platform } from '../platform/platform.ts';
import { Snapshots } from '../snapshots.ts';
import { lostCommits } from './lost-versions.ts';
import { quarantine, type QuarantinedFile } from './quarantine.ts';
import type { Cut, RepairPlan } from './repair-plan.ts';
import { UnnamedLosses } from './unnamed-losses.ts';

/** What is to be done to a journal. Changes nothing. */
export async function planRepair(
  platform: Platform,
  directory: string,
  { storeId }: Superblock,
  files: LogFiles,
): Promise<RepairPlan> {
  const { crc32 } = platform.hashing;
  const snapshots = await Snapshots.open(platform, directory, storeId);
  const beginning = await findBeginning(files, crc32, snapshots.newest);
  if (beginning.end.fileId === 0 && snapshots.newest !== undefined) {
    const where = describe({ file: snapshots.newest.position.fileId });
    throw corrupt(`the journal file that the snapshot rests on is damaged or missing: ${where}`);
  }
  const { end, damage, lastLsn, checkpoint } = beginning;
  const lost = await lostCommits(platform, directory, { storeId, lastLsn });
  if (damage === undefined) return { cut: undefined, lost, problems: [] };
  const idsBehind = files.ids('journal').filter((id) => id > end.fileId);
  const losses = await lossesBehind(files, crc32, { end, idsBehind }, lastLsn);
  const firstLsn = losses.lastLsn + 1;
  const problems = losses.conclude(new Set(lost.map(({ lsn }) => lsn)));
  return { cut: { end, checkpoint, damage, firstLsn, idsBehind }, lost, problems };
}

/** Lets a new file say where the journal ends. Returns the files behind that, which went away. */
export async function cutJournal(
  { fileSystem }: Platform,
  directory: string,
  { files, incarnation, cut }: { files: LogFiles; incarnation: Incarnation; cut: Cut },
): Promise<QuarantinedFile[]> {
  const { end, checkpoint = { fileId: 0, offset: 0 }, firstLsn, damage, idsBehind } = cut;
  const behind = files.ids('journal').filter((id) => id > end.fileId);
  const header = { kind: 'journal', previous: end, firstLsn, checkpoint } as const;
  const next = await incarnation.createFile(header);
  await next.close();
  const moved: QuarantinedFile[] = [];
  for (const id of behind) {
    const file = files.path(id).slice(directory.length + 1);
    const reason = idsBehind.includes(id)
      ? `the journal is not whole before it: ${damage}`
      : 'a repair that was cut short has made it';
    await quarantine(fileSystem, directory, { file, reason });
    moved.push({ file, reason });
  }
  return moved;
}

/** What is lost behind the damage, and the highest LSN there: none is given out twice. */
async function lossesBehind(
  files: LogFiles,
  crc32: Platform['hashing']['crc32'],
  cut: Pick<Cut, 'end' | 'idsBehind'>,
  lastLsn: Lsn,
): Promise<UnnamedLosses> {
  const losses = new UnnamedLosses({ lastLsn, fileId: cut.end.fileId });
  for await (const group of groupsBehind(files, files, crc32, cut)) {
    losses.add(group, (await files.header(group.position.fileId))?.firstLsn ?? 0);
  }
  return losses;
}

/** Groups behind the damage. `moved`: where the files behind the damaged one are by now. */
export async function* groupsBehind(
  files: LogFiles,
  moved: LogFiles,
  crc32: Platform['hashing']['crc32'],
  { end: { fileId, end: damagedAt }, idsBehind }: Pick<Cut, 'end' | 'idsBehind'>,
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
