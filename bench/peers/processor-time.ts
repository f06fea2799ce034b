/**
 * What programs took of the processors, beside the time that passed.
 *
 * Where other work shares the machine, a program with many threads gets more of it than one with
 * few, and time that passed favours it; this does not.
 *
 * @module
 */

import { formatMs } from '../../src/cli/bench/bench-format.ts';
import { medianOf } from './turns.ts';

export class ProcessorTime {
  readonly #seconds = new Map<string, number[]>();

  add(name: string, seconds: number): void {
    this.#seconds.set(name, [...(this.#seconds.get(name) ?? []), seconds]);
  }

  /** The medians: `processor time varve 9.10 s, restic 7.90 s`. */
  get note(): string {
    const medians = [...this.#seconds].map(([name, values]) => {
      return `${name} ${formatMs(medianOf(values) * 1000)}`;
    });
    return `processor time ${medians.join(', ')}`;
  }
}
