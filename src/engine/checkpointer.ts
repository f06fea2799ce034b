/**
 * When a checkpoint is taken: one at a time, as an older one must not come after a newer.
 *
 * Without a folder for the index there is nothing to prove: an index in memory ends with the
 * process.
 *
 * @module
 */

import { checkpointBytes, checkpointOperations } from '../base/limits.ts';
import { takeCheckpoint, type CheckpointParts } from './checkpoint.ts';

export class Checkpointer {
  readonly #parts: CheckpointParts;
  readonly #isIndexInMemory: boolean;
  readonly #onFailure: (error: unknown) => void;
  #running: Promise<boolean> | undefined;

  constructor(
    parts: CheckpointParts,
    options: {
      readonly isIndexInMemory: boolean;
      readonly onFailure: (error: unknown) => void;
    },
  ) {
    this.#parts = parts;
    this.#isIndexInMemory = options.isIndexInMemory;
    this.#onFailure = options.onFailure;
  }

  /** Takes one in the background, if there is enough behind the last. */
  wake(): void {
    const { bytesSinceCheckpoint, operationsSinceCheckpoint } = this.#parts.journal;
    const isFar =
      bytesSinceCheckpoint >= checkpointBytes || operationsSinceCheckpoint >= checkpointOperations;
    if (!isFar) return;
    this.#running ??= this.#begin();
  }

  /** Takes one that begins after this call. `false`: it was not proved, or the store failed. */
  async take(): Promise<boolean> {
    await this.idle();
    this.#running = this.#begin();
    return this.#running;
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #begin(): Promise<boolean> {
    try {
      return this.#isIndexInMemory || (await takeCheckpoint(this.#parts));
    } catch (error) {
      this.#onFailure(error);
      return false;
    } finally {
      // Not before whoever began it has noted that it runs.
      await Promise.resolve();
      this.#running = undefined;
    }
  }
}
