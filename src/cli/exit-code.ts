/**
 * How a failure ends the process: its exit code, its stable code for `--json`, its one line.
 *
 * Exit codes are API as error codes are: scripts branch on them. They are documented in
 * docs/cli.md, and a test holds the table there to {@link exitCodes}. A failure that is not listed
 * here is a bug and gets no exit code: it is thrown on, so that its stack is seen.
 *
 * @module
 */

import { CommanderError } from 'commander';
import { ObjectsError, type ObjectsErrorCode } from '../index.ts';

/** Every exit code. Never renumber: scripts depend on them. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  preconditionFailed: 4,
  locked: 5,
  corrupt: 6,
  full: 7,
  versionLocked: 8,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** How a command failed, for people and for programs. */
export interface Failure {
  /** The code of an `ObjectsError`, `USAGE`, or `IO` for a file outside the store. */
  readonly code: string;
  readonly message: string;
  readonly exitCode: ExitCode;
}

const exitCodesOfErrors: Readonly<Partial<Record<ObjectsErrorCode, ExitCode>>> = {
  CORRUPT: exitCodes.corrupt,
  FULL: exitCodes.full,
  INVALID: exitCodes.usage,
  LOCKED: exitCodes.locked,
  NOT_FOUND: exitCodes.notFound,
  PRECONDITION_FAILED: exitCodes.preconditionFailed,
  VERSION_LOCKED: exitCodes.versionLocked,
};

/** A command line that makes no sense. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The failure that an error stands for; `undefined` for one that nobody foresaw. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof ObjectsError) {
    const exitCode = exitCodesOfErrors[error.code] ?? exitCodes.failure;
    return { code: error.code, message: withCause(error), exitCode };
  }
  if (error instanceof UsageError || error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '');
    return { code: 'USAGE', message, exitCode: exitCodes.usage };
  }
  if (isSystemError(error)) {
    return { code: 'IO', message: error.message, exitCode: exitCodes.failure };
  }
  return undefined;
}

/** Whether the operating system refused something outside the store. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** What the system said is often the half of the message that helps. */
function withCause(error: ObjectsError): string {
  const { cause } = error;
  if (!(cause instanceof Error) || error.message.includes(cause.message)) return error.message;
  return `${error.message}: ${cause.message}`;
}
