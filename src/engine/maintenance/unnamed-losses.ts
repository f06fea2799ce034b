/**
 * What a damaged journal lost that nobody can name: stretches of LSNs that no group accounts for.
 *
 * LSNs follow one by one, but for the jump after an unclean end, which the header of the next file
 * announces. So where a group behind damage begins later than it should, the operations in between
 * were acknowledged, maybe, and are gone. Some of them may have been the store's own.
 *
 * @module
 */

import type { JournalGroup } from '../log/recovery.ts';
import type { Lsn } from '../model.ts';

/** Finds the stretches while groups are looked at in their order. */
export class UnnamedLosses {
  readonly #found: Stretch[] = [];
  #lastLsn: Lsn;
  #fileId: number;
  /** Whether nothing is known of what comes behind the last group. */
  #isOpen = true;

  /** @param begin - Where the damage begins, and the last operation before it. */
  constructor(begin: { readonly lastLsn: Lsn; readonly fileId: number }) {
    this.#lastLsn = begin.lastLsn;
    this.#fileId = begin.fileId;
  }

  /** The highest LSN so far. */
  get lastLsn(): Lsn {
    return this.#lastLsn;
  }

  /**
   * The next group that could be read.
   *
   * @param announcedLsn - The first LSN of its file, as the header says.
   */
  add(group: JournalGroup, announcedLsn: Lsn): void {
    const { firstLsn, payload, position } = group;
    const isFirstOfFile = position.fileId !== this.#fileId && firstLsn === announcedLsn;
    // What a file announces follows on its predecessor: whether that is whole, is not known here.
    if (firstLsn > this.#lastLsn + 1 && !isFirstOfFile) this.#note(firstLsn - 1);
    else if (isFirstOfFile && this.#isOpen) this.#note(undefined);
    this.#isOpen = false;
    this.#fileId = position.fileId;
    this.#lastLsn = Math.max(this.#lastLsn, firstLsn + payload.operations.length - 1);
  }

  /**
   * All of them, for people. Call it when there is no further group.
   *
   * @param named - Operations that are known to be lost from elsewhere.
   */
  conclude(named: ReadonlySet<Lsn>): string[] {
    if (this.#isOpen) this.#note(undefined);
    return this.#found.filter((stretch) => !isNamed(stretch, named)).map(describeStretch);
  }

  #note(last: Lsn | undefined): void {
    this.#found.push({ first: this.#lastLsn + 1, last, fileId: this.#fileId });
  }
}

interface Stretch {
  readonly first: Lsn;
  /** `undefined`: nobody knows where it ends. */
  readonly last: Lsn | undefined;
  readonly fileId: number;
}

function isNamed({ first, last }: Stretch, named: ReadonlySet<Lsn>): boolean {
  if (last === undefined || last - first >= named.size) return false;
  for (let lsn = first; lsn <= last; lsn++) if (!named.has(lsn)) return false;
  return true;
}

function describeStretch({ first, last, fileId }: Stretch): string {
  const numbers = first === last ? `number ${first}` : `numbers ${first} to ${last}`;
  const which = last === undefined ? `from number ${first} on, how many is not known` : numbers;
  return (
    `changes are lost that cannot be named (${which}): they were in a damaged part of journal ` +
    `file ${fileId}`
  );
}
