/**
 * What of a store has been optimized, so that a run goes on where the last one ended.
 *
 * A run takes versions in one order: that of their keys in the index, in which current versions
 * come before older ones, and of one name the newest first. How far it came, and which versions
 * there were then, is a fact in the index. It is advice: without it a run does again what was done,
 * which changes little. It is written only when what it says is safe.
 *
 * @module
 */

import { Reader, Writer, fromBinaryString, toBinaryString } from '../../base/bytes.ts';
import type { IndexStore } from '../index/index-store.ts';
import { factsGroup, nameGroup, newestFirst, oldestFirst } from '../index/keys.ts';
import type { Lsn } from '../model.ts';

/** A place in the order in which content is taken. Places compare as strings do. */
export type OptimizePlace = string;

/** Where a version begins, as a current one or as one of the history. */
export function placeOf(
  pass: 'current' | 'past',
  bucketId: number,
  name: string,
  lsn: Lsn,
): OptimizePlace {
  return nameGroup(pass === 'current' ? 'h' : 'v', bucketId, name) + newestFirst(lsn);
}

/** A place in a version. */
export function placeIn(start: OptimizePlace, offset: number): OptimizePlace {
  return start + oldestFirst(offset);
}

/** A run that ended early took all that there was with an operation, up to a place. */
interface Unfinished {
  readonly lsn: Lsn;
  readonly place: OptimizePlace;
}

const fact = 'optimized';

export class OptimizeProgress {
  readonly #index: IndexStore;
  /** The last operation before the last run that came to the end; 0: there was none. */
  readonly #finishedLsn: Lsn;
  readonly #unfinished: Unfinished;
  /** The last operation before this run, and how far it came. */
  readonly #beginLsn: Lsn;
  #place: OptimizePlace = '';

  private constructor(
    index: IndexStore,
    lsns: { readonly finished: Lsn; readonly begin: Lsn },
    unfinished: Unfinished,
  ) {
    this.#index = index;
    this.#finishedLsn = lsns.finished;
    this.#beginLsn = lsns.begin;
    this.#unfinished = unfinished;
  }

  /** Begins a run, on what there is with an operation. */
  static async begin(index: IndexStore, begin: Lsn): Promise<OptimizeProgress> {
    const value = await index.fact(fact);
    const fields = new Reader(value ?? new Uint8Array(3), 'what was optimized, in the index');
    const finished = fields.varint();
    const unfinished = { lsn: fields.varint(), place: toBinaryString(fields.sized()) };
    return new OptimizeProgress(index, { finished, begin }, unfinished);
  }

  /** Whether an earlier run has taken anything. */
  get hasBegun(): boolean {
    return this.#finishedLsn > 0 || this.#unfinished.lsn > 0;
  }

  /** Whether an earlier run took what is at a place, as what it is since an operation. */
  isTaken(place: OptimizePlace, sinceLsn: Lsn): boolean {
    const { lsn, place: last } = this.#unfinished;
    return sinceLsn <= this.#finishedLsn || (sinceLsn <= lsn && place <= last);
  }

  /** This run is done with what is up to a place. */
  passed(place: OptimizePlace): void {
    this.#place = place;
  }

  /** Keeps how far this run came. What it wrote is safe. */
  async save(): Promise<void> {
    // A run that has not come yet to where the one before it ended knows nothing that is new.
    if (this.#place <= this.#unfinished.place) return;
    await this.#write(this.#finishedLsn, { lsn: this.#beginLsn, place: this.#place });
  }

  /** This run came to the end. What it wrote is safe. */
  async finish(): Promise<void> {
    await this.#write(this.#beginLsn, { lsn: 0, place: '' });
  }

  async #write(finishedLsn: Lsn, { lsn, place }: Unfinished): Promise<void> {
    const writer = new Writer().varint(finishedLsn).varint(lsn).sized(fromBinaryString(place));
    await this.#index.writeDirectly([{ group: factsGroup, suffix: fact, value: writer.finish() }]);
  }
}
