/**
 * Content to cut: arbitrary, for the laws, and generated for ever the same, for golden values.
 *
 * Arbitrary content mixes random bytes with long repetitions of one to four bytes, because a
 * repetition hardly ever meets the cut rule, and so is what exercises `maxBytes` and the fast path
 * for runs.
 *
 * @module
 */

import fc from 'fast-check';
import { concatBytes } from '../../src/base/bytes.ts';

/** Random bytes, the same for the same seed, in every release: golden values depend on them. */
export function generatedBytes(seed: number, byteCount: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  let state = seed;
  for (let at = 0; at < byteCount; at++) {
    state = (state + 0x9e3779b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    bytes[at] = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 24;
  }
  return bytes;
}

/** Text of 20,000 different words, the same for the same seed. */
export function generatedText(seed: number, byteCount: number): Uint8Array {
  const random = generatedBytes(seed, byteCount * 2);
  const text = new Uint8Array(byteCount);
  for (let at = 0, drawn = 0; at < byteCount; drawn += 2) {
    const word = `${((random[drawn] as number) * 256 + (random[drawn + 1] as number)) % 20_000} `;
    for (const character of word) {
      if (at < byteCount) text[at++] = character.charCodeAt(0);
    }
  }
  return text;
}

/** The same text with one word more, somewhere in it: another place for another edit. */
export function editedText(seed: number, byteCount: number, edit: number): Uint8Array {
  const text = generatedText(seed, byteCount);
  const at = (edit * 97) % Math.max(1, byteCount);
  const word = new TextEncoder().encode(`<edit ${edit}>`);
  return concatBytes([text.subarray(0, at), word, text.subarray(at)]);
}

/** Arbitrary content of a few parts, of which none is longer than `partBytesMax`. */
export function arbitraryContent(partBytesMax: number): fc.Arbitrary<Uint8Array> {
  const random = fc
    .tuple(fc.integer(), fc.nat(partBytesMax))
    .map(([seed, byteCount]) => generatedBytes(seed, byteCount));
  const repetition = fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 4 }), fc.nat(partBytesMax))
    .map(([period, byteCount]) => new Uint8Array(byteCount).map((_, at) => repeated(period, at)));
  return fc.array(fc.oneof(random, repetition), { maxLength: 6 }).map(concatBytes);
}

function repeated(period: Uint8Array, at: number): number {
  return period[at % period.length] as number;
}

/** Slices of content: it is divided at these places, wherever in it they are. */
export function sliceAt(content: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...places].sort((a, b) => a - b);
  return [...sorted, content.length].map((end, i) => content.subarray(sorted[i - 1] ?? 0, end));
}
