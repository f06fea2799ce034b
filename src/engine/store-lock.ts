/**
 * The lock of a store's folder, and the note of who holds it.
 *
 * The lock itself is the platform's and leaves nothing behind. The file `OWNER` only lets the
 * message to the next one name the process; a stale note does no harm, and a missing one costs the
 * name.
 *
 * Errors: `LOCKED`; `IO`, `FULL` from the system.
 *
 * @module
 */

import { decodeUtf8, encodeUtf8 } from '../base/bytes.ts';
import { ObjectsError, describe } from '../base/errors.ts';
import { codeOf, ioError } from './log/io-errors.ts';
import { readFully, writeFully } from './log/log-writer.ts';
import type { FileLock } from './platform/file-system.ts';
import type { Platform } from './platform/platform.ts';

/** The note of who has a folder open. */
export const ownerFile = 'OWNER';

/** Takes the lock, or says who has it. */
export async function takeLock(platform: Platform, directory: string): Promise<FileLock> {
  const { fileSystem } = platform;
  let lock: FileLock | undefined;
  try {
    lock = await fileSystem.lock(directory);
    if (lock === undefined) throw await locked(platform, directory);
    await writeOwner(platform, `${directory}/${ownerFile}`);
  } catch (cause) {
    await lock?.release().catch(() => undefined);
    throw ioError('lock the store', cause, directory);
  }
  const held = lock;
  return {
    async release(): Promise<void> {
      try {
        await held.release();
      } catch (cause) {
        throw ioError('let go of the lock of the store', cause, directory);
      }
    },
  };
}

/** Notes who holds the lock: for messages only. A stale note does no harm. */
async function writeOwner(platform: Platform, path: string): Promise<void> {
  const text = encodeUtf8(`${String(platform.process.pid).padEnd(15)}\n`);
  const { fileSystem } = platform;
  const exists = (await fileSystem.status(path)) !== undefined;
  const file = await fileSystem.open(path, exists ? 'update' : 'create');
  try {
    await writeFully(file, [text], 0);
  } finally {
    await file.close();
  }
}

async function locked(platform: Platform, directory: string): Promise<ObjectsError> {
  let pid: string | undefined;
  try {
    const file = await platform.fileSystem.open(`${directory}/${ownerFile}`, 'read');
    try {
      pid = decodeUtf8(await readFully(file, new Uint8Array(16), 0)).trim();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  const message = 'another process has the store open; close it there, or open another folder';
  return new ObjectsError(`${message}: ${describe({ pid, path: directory })}`, { code: 'LOCKED' });
}
