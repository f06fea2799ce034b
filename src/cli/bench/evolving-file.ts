/**
 * A file that changes a little from version to version, as a seed draws it.
 *
 * It is text: words of a made-up language in lines, which compress as source text does. An edit
 * takes some words out anywhere and puts others in, more or fewer; so content moves, and what looks
 * for the old bytes at their old places does not find them. There are as many edits as it takes to
 * take out as many bytes as the rate says.
 *
 * @module
 */

import { randomSequence } from '../torture/random-sequence.ts';

const editBytesMax = 256;
const vocabularySize = 4000;
const letters = 'etaoinshrdlucmfwypvbgk';

export class EvolvingFile {
  readonly #random: () => number;
  readonly #sizeBytes: number;
  readonly #editRate: number;
  readonly #vocabulary: readonly string[];
  #content: Uint8Array = new Uint8Array();
  #hasBegun = false;

  constructor(options: { seed: number; sizeBytes: number; editRate: number }) {
    this.#sizeBytes = options.sizeBytes;
    this.#editRate = options.editRate;
    this.#random = randomSequence(options.seed);
    this.#vocabulary = Array.from({ length: vocabularySize }, () => this.#newWord());
  }

  /** The content of the next version. The first one is as large as was asked for. */
  next(): Uint8Array {
    this.#content = this.#hasBegun ? this.#edited() : this.#text(this.#sizeBytes);
    this.#hasBegun = true;
    return this.#content;
  }

  #edited(): Uint8Array {
    const pieces: Uint8Array[] = [];
    let from = 0;
    for (const at of this.#placesOfEdits()) {
      const removed = Math.ceil(this.#random() * editBytesMax);
      // What is above its first size shrinks, so that it neither grows away nor vanishes.
      const growth = this.#content.length > this.#sizeBytes ? 1 : 2;
      if (at > from) pieces.push(this.#content.subarray(from, at));
      pieces.push(this.#text(Math.ceil(removed * growth * this.#random())));
      from = Math.max(from, at + removed);
    }
    pieces.push(this.#content.subarray(Math.min(from, this.#content.length)));
    return Buffer.concat(pieces);
  }

  /** In order. An edit takes half of the most out on average. */
  #placesOfEdits(): number[] {
    const bytes = this.#content.length * this.#editRate;
    const count = Math.ceil(bytes / (editBytesMax / 2));
    const places = Array.from({ length: count }, () => this.#below(this.#content.length));
    return places.sort((a, b) => a - b);
  }

  #text(byteCount: number): Uint8Array {
    let text = '';
    while (text.length < byteCount) {
      // Some words are much more frequent than others.
      const word = this.#vocabulary[Math.floor(vocabularySize * this.#random() ** 3)] as string;
      text += `${word}${this.#random() < 0.1 ? '\n' : ' '}`;
    }
    return Buffer.from(text.slice(0, byteCount));
  }

  #newWord(): string {
    const length = 2 + this.#below(9);
    return Array.from({ length }, () => letters[this.#below(letters.length)]).join('');
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }
}
