/**
 * How much of a store one run of `verify` looks at, and where the next one goes on.
 *
 * A store is looked at in one order: the journal, the chunks by their names, the versions by
 * theirs, the files that have parity by their numbers. A place in that order is kept in the index,
 * because it is only advice: with the index goes the place, and the next run begins at the
 * beginning.
 *
 * Work is counted in bytes that are read, so that a part of it is about as large a part of the
 * time.
 *
 * @module
 */

import { Reader, Writer, fromBinaryString, toBinaryString } from '../../base/bytes.ts';
import type { IndexStore } from '../index/index-store.ts';
import { factsGroup } from '../index/keys.ts';
import type { LogPosition } from '../log/file-header.ts';
import type { Lsn } from '../model.ts';
import type { Clock } from '../platform/platform.ts';

/** Where a run goes on. */
export type VerifyPosition =
  | { readonly step: 'journal'; readonly behind: LogPosition | undefined }
  /** `from`: a key of the index. */
  | { readonly step: 'chunks'; readonly from: string }
  | {
      readonly step: 'versions';
      readonly behind:
        { readonly bucketId: number; readonly name: string; readonly lsn: Lsn } | undefined;
    }
  | { readonly step: 'parity'; readonly behindFileId: number };

export const verifyBeginning: VerifyPosition = { step: 'journal', behind: undefined };

/** What a version counts for: looking at it is a read of the index. */
export const versionWorkBytes = 512;

/** When a run ends before it has seen everything. */
export class VerifyBudget {
  readonly #clock: Clock;
  readonly #untilMs: number;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(clock: Clock, limits: { readonly maxMs: number; readonly bytesMax: number }) {
    this.#clock = clock;
    this.#untilMs = clock.nowMs() + limits.maxMs;
    this.#bytesMax = limits.bytesMax;
  }

  /** What was looked at so far, as work is counted. */
  get bytes(): number {
    return this.#bytes;
  }

  spend(byteCount: number): void {
    this.#bytes += byteCount;
  }

  /** Never before something was spent: each run gets on. */
  get isSpent(): boolean {
    if (this.#bytes === 0) return false;
    return this.#bytes >= this.#bytesMax || this.#clock.nowMs() >= this.#untilMs;
  }
}

const fact = 'verified';
const steps = ['journal', 'chunks', 'versions', 'parity'] as const;

/** Where the last run with a budget ended. */
export async function loadPosition(index: IndexStore): Promise<VerifyPosition> {
  const value = await index.fact(fact);
  if (value === undefined) return verifyBeginning;
  const fields = new Reader(value, 'the place of verify in the index');
  const step = steps[fields.u8()];
  if (step === 'chunks') return { step, from: toBinaryString(fields.sized()) };
  if (step === 'parity') return { step, behindFileId: fields.varint() };
  if (step === 'versions') {
    const isBegun = fields.u8() === 1;
    if (!isBegun) return { step, behind: undefined };
    const [bucketId, name, lsn] = [fields.varint(), fields.text(), fields.varint()];
    return { step, behind: { bucketId, name, lsn } };
  }
  return { step: 'journal', behind: { fileId: fields.varint(), offset: fields.varint() } };
}

/** Keeps a place; the beginning by keeping none. */
export async function savePosition(index: IndexStore, position: VerifyPosition): Promise<void> {
  await index.writeDirectly([{ group: factsGroup, suffix: fact, value: encode(position) }]);
}

function encode(position: VerifyPosition): Uint8Array | undefined {
  const writer = new Writer().u8(steps.indexOf(position.step));
  switch (position.step) {
    case 'journal':
      if (position.behind === undefined) return undefined;
      return writer.varint(position.behind.fileId).varint(position.behind.offset).finish();
    case 'chunks':
      return writer.sized(fromBinaryString(position.from)).finish();
    case 'versions': {
      const { behind } = position;
      if (behind === undefined) return writer.u8(0).finish();
      return writer.u8(1).varint(behind.bucketId).text(behind.name).varint(behind.lsn).finish();
    }
    case 'parity':
      return writer.varint(position.behindFileId).finish();
  }
}
