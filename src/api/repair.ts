/**
 * Repairing a store that is damaged: what a caller holds when there is no store to hold.
 *
 * Errors: `NOT_FOUND`, `LOCKED`, `UNSUPPORTED`, `CORRUPT` where nothing says which store it is,
 * `IO`, `FULL`, `ABORTED`.
 *
 * @module
 */

import { throwIfAborted } from '../base/errors.ts';
import { repair, type RepairedVersion } from '../engine/maintenance/repair.ts';
import { nodePlatform } from '../engine/platform/machine.ts';
import { OverlayFileSystem } from '../engine/platform/overlay-file-system.ts';
import {
  checkOptionalBoolean,
  checkOptionalFunction,
  checkOptionalObject,
  checkOptionalSignal,
  checkString,
} from './checks.ts';
import type { LostVersion, RepairOptions, RepairReport } from './reports.ts';
import { encodeVersionId } from './version-id.ts';

/**
 * Makes a damaged store open again, and says what is lost. Nobody may have it open.
 *
 * Nothing is deleted but the index, which is made again: files that cannot be used are moved to the
 * folder `quarantine/` of the store, each with a note. What can be made again is: the `VARVE` file,
 * names and headers of log files, and changes behind damage in the journal that can be proved;
 * those get new version ids and times. Versions whose content is not whole are named in the report
 * and stay, so that the same content can heal them when it is uploaded again; `dropDamaged` removes
 * them. Repairing a store that is whole does nothing but verify it.
 *
 * With `dryRun` all of that happens in memory, over the files as they are: the report is what a
 * repair would say if the folder `index/` were gone. It needs memory for the index, and for every
 * journal file that it would write to.
 *
 * When the promise resolves, what the report says is on stable storage. After an error or an abort
 * the store is no worse than before: repair it again.
 *
 * @param directory - The folder of the store, absolute or relative to the current directory.
 */
export async function repairStore(
  directory: string,
  options: RepairOptions = {},
): Promise<RepairReport> {
  checkString('directory', directory);
  checkOptionalObject('options', options);
  const { dryRun, dropDamaged, signal, onProgress } = options;
  checkOptionalBoolean('dryRun', dryRun);
  checkOptionalBoolean('dropDamaged', dropDamaged);
  checkOptionalSignal('signal', signal);
  checkOptionalFunction('onProgress', onProgress);
  throwIfAborted(signal);
  const machine = nodePlatform();
  const platform =
    dryRun === true
      ? ({
          ...machine,
          fileSystem: new OverlayFileSystem(machine.fileSystem),
          indexIn: 'memory',
        } as const)
      : machine;
  const done = await repair(platform, directory, { drop: dropDamaged, signal, onProgress });
  const { actions, quarantined, renewedCount, lost, dropped, problems } = done;
  return {
    ok: lost.length === 0 && problems.length === 0,
    actions,
    quarantined: quarantined.map(({ file, reason }) => ({ file, reason })),
    renewed: renewedCount,
    lost: lost.map(lostVersion),
    dropped: dropped.map(lostVersion),
    problems,
  };
}

function lostVersion({ bucket, name, lsn, reason }: RepairedVersion): LostVersion {
  const version = lsn === undefined ? {} : { version: encodeVersionId(lsn) };
  return { bucket, name, ...version, reason };
}
