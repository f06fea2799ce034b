/**
 * Whether the store may still write.
 *
 * After a failed write or sync nobody knows what the disk holds (after a failed fsync the page
 * cache may even show what the disk lacks), so the store stops acknowledging until recovery has
 * read back what is there. All failures of background work end here too: none is logged and
 * forgotten.
 *
 * @module
 */

import { ObjectsError } from '../base/errors.ts';

export class Health {
  #failure: ObjectsError | undefined;

  /** What broke the store, if anything did. */
  get failure(): ObjectsError | undefined {
    return this.#failure;
  }

  /** Stops all writing. Returns the failure as one of ours; the first one counts. */
  fail(error: unknown): ObjectsError {
    const failure =
      error instanceof ObjectsError
        ? error
        : new ObjectsError('the store failed; reopen it', { code: 'IO', cause: error });
    this.#failure ??= failure;
    return failure;
  }

  /** Throws if the store has failed: this write was not tried. */
  throwIfFailed(): void {
    if (this.#failure === undefined) return;
    throw new ObjectsError(
      `the store stopped writing after a failure; reopen it: ${this.#failure.message}`,
      { code: this.#failure.code === 'FULL' ? 'FULL' : 'IO', cause: this.#failure },
    );
  }

  /** Runs what must not fail: if it does, the store stops writing. */
  async guard<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw this.fail(error);
    }
  }
}
