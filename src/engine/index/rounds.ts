/**
 * Walks in step: each waits, before it asks LevelDB, until the others are about to ask as well.
 *
 * To hand work to a thread that sleeps takes several times as long as to do it, and a thread that
 * has nothing left sleeps at once. Sixteen questions that are asked one behind the other wake the
 * threads once; asked whenever the answer before is there, each of them does.
 *
 * @module
 */

export class Rounds {
  /** Walks that have not ended. */
  #walks: number;
  #waiting: (() => void)[] = [];

  /** @param walks - Each of them must be run by {@link run}, and all at the same time. */
  constructor(walks: number) {
    this.#walks = walks;
  }

  /** Runs one of the walks. */
  async run<T>(walk: () => Promise<T>): Promise<T> {
    try {
      return await walk();
    } finally {
      this.#walks--;
      this.#goOn();
    }
  }

  /** Waits until every other walk waits here, or has ended. */
  async meet(): Promise<void> {
    const met = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#goOn();
    await met;
  }

  #goOn(): void {
    if (this.#waiting.length < this.#walks) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
  }
}
