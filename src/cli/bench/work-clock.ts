/**
 * A clock that stands still while the benchmark itself works.
 *
 * Making content and comparing it take longer than some reads do. Both are synchronous, and nothing
 * else runs meanwhile but threads of the store; so their time is left out, of rates and of the
 * latencies of whatever is in flight, and a target is neither blamed for it nor hidden behind it.
 *
 * @module
 */

export class WorkClock {
  #outsideMs = 0;

  /** Milliseconds of work since some moment. */
  now(): number {
    return performance.now() - this.#outsideMs;
  }

  /** Does something of which the time does not count. It must not wait for anything. */
  outside<T>(action: () => T): T {
    const begunMs = performance.now();
    try {
      return action();
    } finally {
      this.#outsideMs += performance.now() - begunMs;
    }
  }
}
