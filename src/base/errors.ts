/**
 * Every failure that Varve foresees, as one class with stable codes and three named children.
 *
 * A caller branches on `code`; a person reads `message`. Codes are public API and change only in a
 * major version; messages may change at any time. The three children exist because Encore's users
 * write `instanceof ObjectNotFound`. An argument of the wrong *type* is a bug in the caller and
 * throws the built-in `TypeError` instead: nobody should catch that.
 *
 * This file lies in `base/` and not in `api/`, because every layer throws these errors and no layer
 * may import upward (docs/decisions/0002).
 *
 * @module
 */

/**
 * What went wrong, as a stable string. Each code asks something different of the caller, and a
 * failure that calls for the same action as an existing code gets no code of its own.
 *
 * - `ABORTED`: the caller's signal fired. Nothing to do; nothing half-written is visible.
 * - `CLOSED`: the store is closing or closed. Open a new one.
 * - `CORRUPT`: bytes on disk disagree with their checksum or their name. Run `store.verify()`.
 * - `FULL`: no space is left, or only the reserve. Free some and try again, or reopen the store if
 *   the message says so; what the store holds is unharmed.
 * - `INDETERMINATE`: the store failed while this write was on its way, or was given up with a disk
 *   that does not answer; so the write may or may not have happened. Reopen the store and look, or
 *   write again.
 * - `INVALID`: a well-typed value that is not allowed. Correct the request.
 * - `IO`: the operating system refused; `cause` holds its error. After a failed write the store
 *   only reads until it is reopened.
 * - `LOCKED`: another process (or another open store of this one) holds the folder.
 * - `NOT_FOUND`: no such object, version or bucket, or its newest version is a delete marker.
 * - `PERMISSION`: this handle was not given that permission by `ref()`.
 * - `PRECONDITION_FAILED`: the object changed since the caller looked. Look again, then retry.
 * - `SOURCE_FAILED`: the content to upload could not be read to its end: its stream failed or was
 *   destroyed; `cause` holds its error. Nothing was stored. Give the content again.
 * - `UNSUPPORTED`: this build cannot do it: a newer format, or a feature that needs the server.
 * - `VERSION_LOCKED`: the version that would be removed is locked. Wait until the time in the
 *   message.
 *
 * @public
 */
export type ObjectsErrorCode =
  | 'ABORTED'
  | 'CLOSED'
  | 'CORRUPT'
  | 'FULL'
  | 'INDETERMINATE'
  | 'INVALID'
  | 'IO'
  | 'LOCKED'
  | 'NOT_FOUND'
  | 'PERMISSION'
  | 'PRECONDITION_FAILED'
  | 'SOURCE_FAILED'
  | 'UNSUPPORTED'
  | 'VERSION_LOCKED';

/** Every failure that the store foresees. @public */
export class ObjectsError extends Error {
  /** What went wrong. Branch on this, never on the message. */
  readonly code: ObjectsErrorCode;

  constructor(
    message: string,
    options: { readonly code: ObjectsErrorCode; readonly cause?: unknown },
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = options.code;
    hideName(this, options.code === 'ABORTED' ? 'AbortError' : 'ObjectsError');
  }
}

/** No such object, version or bucket. @public */
export class ObjectNotFound extends ObjectsError {
  constructor(message = 'object not found') {
    super(message, { code: 'NOT_FOUND' });
    hideName(this, 'ObjectNotFound');
  }
}

/** The object is not what the precondition asked for. @public */
export class PreconditionFailed extends ObjectsError {
  constructor(message = 'precondition failed') {
    super(message, { code: 'PRECONDITION_FAILED' });
    hideName(this, 'PreconditionFailed');
  }
}

/** A value that is not allowed: a name, a range, an option. @public */
export class InvalidArgument extends ObjectsError {
  constructor(message = 'invalid argument') {
    super(message, { code: 'INVALID' });
    hideName(this, 'InvalidArgument');
  }
}

/** `name` as Encore's classes have it: an own property that does not show up when enumerated. */
function hideName(error: Error, name: string): void {
  Object.defineProperty(error, 'name', { value: name, enumerable: false, configurable: true });
}

/** The object, and which one: the message that every layer uses. */
export function objectNotFound(where: {
  readonly key?: string;
  readonly bucket: string;
  readonly version?: string | undefined;
}): ObjectNotFound {
  return new ObjectNotFound(`object not found: ${describe(where)}`);
}

/** Bytes that disagree with their checksum or their name. */
export function corrupt(what: string, cause?: unknown): ObjectsError {
  return new ObjectsError(
    `${what}; run \`varve verify\` to see which objects are affected`,
    cause === undefined ? { code: 'CORRUPT' } : { code: 'CORRUPT', cause },
  );
}

/** Whether an error says that bytes are damaged, and not that something could not be done. */
export function isCorrupt(error: unknown): error is ObjectsError {
  return error instanceof ObjectsError && error.code === 'CORRUPT';
}

/**
 * Throws `ABORTED` if the signal has fired. Called after every wait that a caller may cut short.
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}

/** The error for a signal that has fired; its reason is kept as the cause. */
export function aborted(signal: AbortSignal): ObjectsError {
  return new ObjectsError('the operation was aborted', { code: 'ABORTED', cause: signal.reason });
}

/** `key=… bucket=… version=…` for the end of a message. Absent values are left out. */
export function describe(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
