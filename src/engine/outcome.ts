/**
 * What a commit came to, in the words of a caller: the version, or an error that names the object.
 *
 * @module
 */

import { ObjectsError, PreconditionFailed, describe, objectNotFound } from '../base/errors.ts';
import type { CommitResult, Version } from './model.ts';

/** What the commit was about. */
export interface CommitTarget {
  readonly key?: string;
  readonly bucket: string;
}

/**
 * The version of a commit that was done, where it made one.
 *
 * Throws `PRECONDITION_FAILED`, `NOT_FOUND`, `VERSION_LOCKED`, or `INDETERMINATE` for a commit that
 * may have happened.
 */
export function expectDone(result: CommitResult, target: CommitTarget): Version | undefined {
  if (result.outcome === 'done') return result.version;
  const where = describe({ ...target });
  switch (result.outcome) {
    case 'unknown':
      throw new ObjectsError(
        `the store failed during a write that may have happened; reopen it and look: ${where}`,
        { code: 'INDETERMINATE', cause: result.cause },
      );
    case 'conflict':
      if (result.reason === 'precondition') {
        throw new PreconditionFailed(`precondition failed: ${where}`);
      }
      if (result.reason === 'locked') {
        const until = new Date(result.lockedUntilMs).toISOString();
        throw new ObjectsError(`the version is locked; wait until ${until}: ${where}`, {
          code: 'VERSION_LOCKED',
        });
      }
      throw objectNotFound(target);
  }
}
