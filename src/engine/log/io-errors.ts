/**
 * What an error of the operating system means to a caller of the store.
 *
 * Out of space is `FULL`: free some. Everything else is `IO`, with the system's error as its cause
 * and, where its code says what to do, that in the message. An error that is ours already passes
 * through, so that wrapping twice does no harm.
 *
 * @module
 */

import { ObjectsError, describe } from '../../base/errors.ts';

const advice: Readonly<Record<string, string>> = {
  EACCES: 'give this user read and write permission',
  EPERM: 'give this user read and write permission',
  EROFS: 'the file system is mounted read-only',
  EMFILE: 'too many files are open; raise the limit of open files',
  ENFILE: 'too many files are open; raise the limit of open files',
};

/** Codes by which systems say that there is no room: the disk, the quota, the file size limit. */
const fullCodes: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** `doing` says what was tried: `write to the journal`. */
export function ioError(doing: string, cause: unknown, path?: string): ObjectsError {
  if (cause instanceof ObjectsError) return cause;
  const code = codeOf(cause);
  const where = describe({ code, path });
  if (fullCodes.has(code)) {
    return new ObjectsError(`cannot ${doing}: no space is left; free some and reopen: ${where}`, {
      code: 'FULL',
      cause,
    });
  }
  const what = advice[code ?? ''] ?? 'look at the machine, then reopen the store';
  return new ObjectsError(`cannot ${doing}: ${what}: ${where}`, { code: 'IO', cause });
}

/** The system's code of an error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
