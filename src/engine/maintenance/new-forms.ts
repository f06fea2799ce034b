/**
 * The chunks that a run of `optimize` stores anew, on their way into the store.
 *
 * They are held in memory at first, up to a bound: a run that is done before it is reached knows
 * what it gains, and may leave the store as it is. From the bound on, frames are written as they
 * come, and become part of the store with a commit here and there.
 *
 * @module
 */

import type { ReencodedChunk } from '../commit-request.ts';
import type { ChunkId, ChunkLocation } from '../model.ts';
import { expectSettled, type CompactionParts } from './compaction.ts';
import type { Form } from './smallest-form.ts';

/** Chunks that become one commit. */
const chunksMax = 256;

/** What is held, at most. */
const heldBytesMax = 16 * 1024 * 1024;

/** A chunk that is to be stored anew. */
export interface HeldForm extends Form {
  readonly id: ChunkId;
  readonly from: ChunkLocation;
}

export class NewForms {
  readonly #parts: Pick<CompactionParts, 'target' | 'committer'>;
  /** `undefined`: nothing is held any more. */
  #held: HeldForm[] | undefined = [];
  #heldBytes = 0;
  #moves: ReencodedChunk[] = [];
  #writtenBytes = 0;

  constructor(parts: Pick<CompactionParts, 'target' | 'committer'>) {
    this.#parts = parts;
  }

  /** What the frames take that were written. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** All there are, as long as nothing was written. */
  get held(): readonly HeldForm[] | undefined {
    return this.#held;
  }

  /** Whether there is enough for a commit, or too much for memory. */
  get isDue(): boolean {
    return this.#heldBytes > heldBytesMax || this.#moves.length >= chunksMax;
  }

  async add(form: HeldForm): Promise<void> {
    if (this.#held === undefined) return this.#write(form);
    this.#held.push(form);
    this.#heldBytes += form.storedBytes;
  }

  /** Makes all of them part of the store, and the frames safe before. Later ones are not held. */
  async commit(): Promise<void> {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heldBytes = 0;
    for (const form of held) {
      await this.#write(form);
      if (this.#moves.length >= chunksMax) await this.#commitWritten();
    }
    await this.#commitWritten();
  }

  async #write({ id, from, chunk }: HeldForm): Promise<void> {
    const to = await this.#parts.target.append(chunk);
    this.#writtenBytes += to.frameBytes;
    this.#moves.push({ id, from, to, bases: chunk.children });
  }

  async #commitWritten(): Promise<void> {
    const chunks = this.#moves;
    this.#moves = [];
    if (chunks.length === 0) return;
    const { target, committer } = this.#parts;
    await target.sync();
    expectSettled(await committer.commit({ kind: 'reencode', chunks }, 'os'));
    await committer.sync();
  }
}
