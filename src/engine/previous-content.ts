/**
 * What lies where new content comes to lie: the chunks of the version before, by their place.
 *
 * Whoever stores a new version has mostly edited the last one, so a chunk that is new resembles
 * what was there. An edit that inserts or removes bytes shifts all that follows; so the place is
 * moved along by each chunk that is found again.
 *
 * Chunks are looked up as the upload comes to them, a stretch at a time: memory does not grow with
 * the version. What cannot be read is taken for the end; all this is advice.
 *
 * @module
 */

import { equalBytes } from '../base/bytes.ts';
import { isCorrupt } from '../base/errors.ts';
import { leavesOf, type Leaf } from './chunk/manifest-tree.ts';
import { contentBytesOf, type ChunkId, type ChunkStore, type ObjectVersion } from './model.ts';

/** So much of the version before is looked up ahead of a place, and known on both of its sides. */
const stretch = { sidesBytes: 256 * 1024, aheadBytes: 8 * 1024 * 1024 };

/** No more chunks are named for one: the best are those that overlap it most. */
const nearMax = 2;

export class PreviousContent {
  readonly #chunks: Pick<ChunkStore, 'read'>;
  readonly #version: ObjectVersion;
  #leaves: Leaf[] = [];
  #from = 0;
  #to = 0;
  /** How far content is from where it was: place in the version before, less place in the new. */
  #shift = 0;

  constructor(chunks: Pick<ChunkStore, 'read'>, version: ObjectVersion) {
    this.#chunks = chunks;
    this.#version = version;
  }

  /** A chunk was found again: what follows it in the new content is likely to follow it here. */
  async found(id: ChunkId, offset: number): Promise<void> {
    const leaf = (await this.#leavesAt(offset)).find((each) =>
      equalBytes(each.id.digest, id.digest),
    );
    if (leaf !== undefined) this.#shift = leaf.offset - offset;
  }

  /** The chunks that lie where a new one is, those first that overlap it most. */
  async near(offset: number, sizeBytes: number): Promise<ChunkId[]> {
    const start = offset + this.#shift;
    const overlapOf = (leaf: Leaf): number =>
      Math.min(leaf.offset + leaf.sizeBytes, start + sizeBytes) - Math.max(leaf.offset, start);
    return (await this.#leavesAt(offset))
      .filter((leaf) => overlapOf(leaf) > 0)
      .sort((a, b) => overlapOf(b) - overlapOf(a))
      .slice(0, nearMax)
      .map(({ id }) => id);
  }

  /** The chunks around a place of the new content. */
  async #leavesAt(offset: number): Promise<Leaf[]> {
    const { root } = this.#version;
    const sizeBytes = contentBytesOf(this.#version);
    const at = Math.max(0, Math.min(offset + this.#shift, sizeBytes));
    const isKnown =
      this.#from <= at && (at + stretch.sidesBytes <= this.#to || this.#to === sizeBytes);
    if (isKnown) return this.#leaves;
    this.#from = Math.max(0, at - stretch.sidesBytes);
    this.#to = Math.min(sizeBytes, at + stretch.aheadBytes);
    this.#leaves = [];
    const range = { start: this.#from, end: this.#to };
    try {
      for await (const leaf of leavesOf(root, sizeBytes, range, (id) => this.#chunks.read(id))) {
        this.#leaves.push(leaf);
      }
    } catch (error) {
      if (!isCorrupt(error)) throw error;
    }
    return this.#leaves;
  }
}
