/**
 * The space that uploads leave alone, so that a disk that is nearly full can still be worked on:
 * removals need a little of it, compaction as much as it moves at a time, the index what it is
 * behind.
 *
 * What adds content asks here before it writes. A refusal is no failure of the disk: nothing was
 * written, nothing is broken, and the next one that asks finds the space that was made meanwhile.
 * Should a write fail for want of space all the same (another program took it), the store stops as
 * after any failed write (docs/decisions/0009).
 *
 * The volume is asked at most now and then: what is claimed since counts against the last answer,
 * and an answer is old after a while, as others write too. Before anybody is refused it is asked
 * again. A volume that cannot say how much is free refuses nobody.
 *
 * Errors: `FULL`.
 *
 * @module
 */

import { ObjectsError, describe } from '../base/errors.ts';
import { defaultReserveBytes, reserveAnswerBytes, reserveAnswerMs } from '../base/limits.ts';
import type { FileSystem } from './platform/file-system.ts';
import type { Clock } from './platform/platform.ts';

/** What a chunk takes besides its payload: the frame's head, rows of the index. */
const overheadBytes = 512;

/** What the volume said. */
interface Answer {
  readonly freeBytes: number;
  readonly timeMs: number;
  /** Claimed since. */
  claimedBytes: number;
}

export class DiskReserve {
  readonly #fileSystem: FileSystem;
  readonly #clock: Clock;
  readonly #directory: string;
  readonly #reserveBytes: number;
  #answer: Answer | undefined;
  #asking: Promise<Answer> | undefined;

  /** @param reserveBytes - 0: every byte may be used. */
  constructor(
    parts: { readonly fileSystem: FileSystem; readonly clock: Clock },
    directory: string,
    reserveBytes: number = defaultReserveBytes,
  ) {
    this.#fileSystem = parts.fileSystem;
    this.#clock = parts.clock;
    this.#directory = directory;
    this.#reserveBytes = reserveBytes;
  }

  /** Resolves if so many bytes may be added. Throws `FULL` if that would use the reserve. */
  async claim(payloadBytes: number): Promise<void> {
    if (this.#reserveBytes === 0) return;
    const byteCount = payloadBytes + overheadBytes;
    let answer = this.#answer;
    if (answer === undefined || this.#isOld(answer)) answer = await this.#ask();
    else if (!this.#fits(byteCount, answer)) answer = await this.#ask();
    if (!this.#fits(byteCount, answer)) throw this.#refusal(byteCount, answer);
    answer.claimedBytes += byteCount;
  }

  #fits(byteCount: number, { freeBytes, claimedBytes }: Answer): boolean {
    return freeBytes - claimedBytes - byteCount >= this.#reserveBytes;
  }

  /** A clock may go backwards: then an answer is old, too. */
  #isOld({ timeMs, claimedBytes }: Answer): boolean {
    const isFresh = Math.abs(this.#clock.nowMs() - timeMs) < reserveAnswerMs;
    return !isFresh || claimedBytes >= reserveAnswerBytes;
  }

  /** Asks the volume. Those who ask at the same time share the answer. */
  async #ask(): Promise<Answer> {
    this.#asking ??= this.#read().finally(() => {
      this.#asking = undefined;
    });
    this.#answer = await this.#asking;
    return this.#answer;
  }

  async #read(): Promise<Answer> {
    const timeMs = this.#clock.nowMs();
    const unknown = (): number => Number.POSITIVE_INFINITY;
    const freeBytes = await this.#fileSystem.freeBytes(this.#directory).catch(unknown);
    return { freeBytes, timeMs, claimedBytes: 0 };
  }

  #refusal(neededBytes: number, { freeBytes, claimedBytes }: Answer): ObjectsError {
    const where = describe({
      path: this.#directory,
      freeBytes: Math.max(0, freeBytes - claimedBytes),
      reserveBytes: this.#reserveBytes,
      neededBytes,
    });
    return new ObjectsError(
      'no space is left but the reserve: free some on the volume, or remove objects and call ' +
        `compact(), then try again: ${where}`,
      { code: 'FULL' },
    );
  }
}
