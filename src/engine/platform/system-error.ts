/**
 * Errors that look like those of the operating system: an `Error` with a `code`.
 *
 * For failures of the file system port that no system call reported: all of the memory file
 * system's, and a call on a closed file, whose descriptor must not reach the system again.
 *
 * @module
 */

const meanings = {
  EBADF: 'bad file descriptor',
  EBUSY: 'resource busy or locked',
  EEXIST: 'file already exists',
  EINVAL: 'invalid argument',
  EISDIR: 'illegal operation on a directory',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  EPERM: 'operation not permitted',
} as const;

/** An error with the fields of Node's: those that somebody may look at. */
export interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: string;
}

/** The error of a system call, worded as Node words it. */
export function systemError(
  code: keyof typeof meanings,
  syscall: string,
  path?: string,
): SystemError {
  const where = path === undefined ? '' : ` '${path}'`;
  const error = new Error(`${code}: ${meanings[code]}, ${syscall}${where}`);
  return Object.assign(error, { code, syscall, ...(path === undefined ? {} : { path }) });
}
