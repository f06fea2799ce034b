/**
 * What a commit came to, in the words of a caller: the version, or an error that names the object.
 *
 * @module
 */

import {
  InvalidArgument,
  ObjectsError,
  PreconditionFailed,
  describe,
  objectNotFound,
} from '../base/errors.ts';
import type { BucketFlags } from './commit-group.ts';
import type { BucketRecord, CommitResult, Version } from './model.ts';

/** What the commit was about. */
export interface CommitTarget {
  readonly key?: string;
  readonly bucket: string;
}

/**
 * The version of a commit that was done, where it made one.
 *
 * Throws `PRECONDITION_FAILED`, `NOT_FOUND`, or `INDETERMINATE` for a commit that may have
 * happened.
 */
export function expectDone(result: CommitResult, target: CommitTarget): Version | undefined {
  const where = describe({ ...target });
  switch (result.outcome) {
    case 'done':
      return result.version;
    case 'unknown':
      throw new ObjectsError(
        `the store failed during a write that may have happened; reopen it and look: ${where}`,
        { code: 'INDETERMINATE', cause: result.cause },
      );
    case 'conflict':
      if (result.reason === 'precondition') {
        throw new PreconditionFailed(`precondition failed: ${where}`);
      }
      throw objectNotFound(target);
  }
}

/** Versions that are kept are never given up by a change of the configuration. */
export function refuseUnversioning({ name, versioned }: BucketRecord, config: BucketFlags): void {
  if (!versioned || config.versioned !== false) return;
  throw new InvalidArgument(
    `a versioned bucket stays versioned; use another bucket: ${describe({ bucket: name })}`,
  );
}
