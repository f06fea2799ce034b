/**
 * The bytes of small chunks that were read lately: small objects, and manifest nodes.
 *
 * A chunk is its name, so what is kept cannot be out of date. But memory is no more trusted than a
 * disk: it is hashed on each read, and forgotten if it is not its name. Whether the chunk is still
 * in the store is for the index to say, and for the caller to ask.
 *
 * @module
 */

import { equalBytes } from '../base/bytes.ts';
import { smallChunkBytesMax, smallChunksCacheBytesMax } from '../base/limits.ts';
import { RecentMap } from '../base/recent-map.ts';
import { chunkKey } from './log/operations.ts';
import type { ChunkId } from './model.ts';
import type { Clock, Hashing } from './platform/platform.ts';

/** So many reads of what is kept may follow each other before everything else has its turn. */
const readsInTurnMax = 16;

/** What a chunk that is kept takes besides its bytes. */
const keptChunkBytes = 270;

/**
 * One in so many of the chunks that were not there is kept. What is read often soon is all the
 * same, and where more is read than fits, little is copied in vain.
 */
const missesPerKept = 4;

export class SmallChunks {
  readonly #hashing: Pick<Hashing, 'sha256'>;
  readonly #clock: Pick<Clock, 'yield'>;
  readonly #kept = new RecentMap<Uint8Array>(
    smallChunksCacheBytesMax,
    (bytes, key) => keptChunkBytes + key.length + bytes.length,
  );
  #missed = 0;
  /** How many reads found what they wanted since the event loop had its last turn. */
  #readsInTurn = 0;
  #nextTurn: Promise<void> | undefined;

  constructor(hashing: Pick<Hashing, 'sha256'>, clock: Pick<Clock, 'yield'>) {
    this.#hashing = hashing;
    this.#clock = clock;
  }

  /** The bytes of a chunk, if they are kept and are its name. They are only lent. */
  get(id: ChunkId, sizeBytes: number): Uint8Array | undefined {
    if (sizeBytes > smallChunkBytesMax) return undefined;
    const key = chunkKey(id);
    const bytes = this.#kept.get(key);
    if (bytes === undefined) return undefined;
    if (equalBytes(this.#hashing.sha256(bytes), id.digest)) return bytes;
    this.#kept.delete(key);
    return undefined;
  }

  /** Keeps a copy of one in a few, if it is small. */
  keep(id: ChunkId, bytes: Uint8Array): void {
    if (bytes.length > smallChunkBytesMax || this.#missed++ % missesPerKept > 0) return;
    this.#kept.set(chunkKey(id), bytes.slice());
  }

  forget(): void {
    this.#kept.clear();
  }

  /**
   * To be awaited by who found what it wanted. Who reads what is kept, again and again, waits for
   * nothing: without this, no timer and no answer of the disk would ever get a turn.
   */
  async giveWay(): Promise<void> {
    this.#readsInTurn++;
    if (this.#readsInTurn === readsInTurnMax) {
      this.#nextTurn = this.#clock.yield();
      this.#readsInTurn = 0;
    }
    await this.#nextTurn;
  }
}
