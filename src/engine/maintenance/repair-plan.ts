/**
 * What a repair is about to do to a journal that is damaged, noted before it does it: the file
 * `REPAIR` in the folder of the store.
 *
 * Between the cut and the changes that are made anew behind it the store would open, without what
 * was acknowledged and can still be proved. So as long as the note is there nobody opens it but
 * the next repair, which begins with the cut once more: what the one before has made anew goes out
 * of the way, and nothing is made twice.
 *
 * The note gets its name when it is whole, and goes when everything is made anew and safe.
 *
 * Errors: `IO`; `CORRUPT` for a note that nobody wrote.
 *
 * @module
 */

import { decodeUtf8, encodeUtf8 } from '../../base/bytes.ts';
import { corrupt, describe } from '../../base/errors.ts';
import { lsnJump } from '../../base/limits.ts';
import type { FileHeader, LogPosition } from '../log/file-header.ts';
import { ioError } from '../log/io-errors.ts';
import { readFully, writeFully } from '../log/log-writer.ts';
import type { Lsn } from '../model.ts';
import type { FileSystem } from '../platform/file-system.ts';
import type { LostCommit } from './lost-versions.ts';

/** Where the journal is cut, and what lies behind that. */
export interface Cut {
  /** The last commit that counts. */
  readonly end: FileHeader['previous'];
  readonly checkpoint: LogPosition | undefined;
  /** For people. */
  readonly damage: string;
  /** Of the journal file that is made behind the cut: nobody was given it, or a higher one. */
  readonly firstLsn: Lsn;
  /** The journal files behind the damaged one, oldest first. */
  readonly idsBehind: readonly number[];
}

export interface RepairPlan {
  /** `undefined`: the journal is whole, and the index is made again. */
  readonly cut: Cut | undefined;
  /** Versions that only the index knew of, which goes. */
  readonly lost: readonly LostCommit[];
  /** What is lost and has no name. */
  readonly problems: readonly string[];
}

/** The name of the note, in the folder of a store. */
export const repairNoteFile = 'REPAIR';

/** The plan of a repair that was cut short, as the next one carries it out; `undefined`: none. */
export async function unfinishedPlan(
  fileSystem: FileSystem,
  directory: string,
): Promise<(RepairPlan & { readonly cut: Cut }) | undefined> {
  const path = `${directory}/${repairNoteFile}`;
  const text = await noteAt(fileSystem, path);
  if (text === undefined) return undefined;
  try {
    const plan = JSON.parse(text) as RepairPlan & { readonly cut: Cut };
    // Ids that the one before gave out are not given out again.
    return { ...plan, cut: { ...plan.cut, firstLsn: plan.cut.firstLsn + lsnJump } };
  } catch (cause) {
    throw corrupt(`the note of a repair is damaged: ${describe({ path })}`, cause);
  }
}

async function noteAt(fileSystem: FileSystem, path: string): Promise<string | undefined> {
  try {
    if ((await fileSystem.status(path)) === undefined) return undefined;
    const file = await fileSystem.open(path, 'read');
    try {
      return decodeUtf8(await readFully(file, new Uint8Array(await file.size()), 0));
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw ioError('read the note of a repair', cause, path);
  }
}

/** Resolves when the note is on stable storage. */
export async function notePlan(
  fileSystem: FileSystem,
  directory: string,
  plan: RepairPlan,
): Promise<void> {
  const path = `${directory}/${repairNoteFile}`;
  const draft = `${path}.tmp`;
  try {
    if ((await fileSystem.status(draft)) !== undefined) await fileSystem.remove(draft);
    const file = await fileSystem.open(draft, 'create');
    try {
      await writeFully(file, [encodeUtf8(JSON.stringify(plan))], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await fileSystem.rename(draft, path);
    await fileSystem.syncDirectory(directory);
  } catch (cause) {
    throw ioError('write the note of a repair', cause, path);
  }
}

/** Everything is made anew. From here on the store opens. */
export async function forgetPlan(fileSystem: FileSystem, directory: string): Promise<void> {
  const path = `${directory}/${repairNoteFile}`;
  try {
    await fileSystem.remove(path);
    await fileSystem.syncDirectory(directory);
  } catch (cause) {
    throw ioError('remove the note of a repair', cause, path);
  }
}
