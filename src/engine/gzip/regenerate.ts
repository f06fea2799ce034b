/**
 * The way out of content that is stored inflated: uploaded bytes made again from a recipe.
 *
 * DEFLATE has no middle: what comes at one place depends on all that came before. So a range costs
 * as much as everything from the beginning of its section to its end, and no checkpoint can help,
 * as one would hold the whole state of the compressor, some 300 KiB. Only the range is kept in
 * memory, and of that one span.
 *
 * What must hold: no byte is handed out that was not checked on this read. Stored content is
 * checked where it is read, spans that were regenerated against their digests here.
 *
 * Errors: `CORRUPT` where a span comes out differently; what the reader of stored content throws.
 *
 * @module
 */

import { equalBytes } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';
import type { Hashing } from '../platform/platform.ts';
import { Deflater, pieceBytes } from './deflate.ts';
import {
  spanBytes,
  spanDigest,
  storedBytesOf,
  uploadedBytesOf,
  type Recipe,
  type Section,
} from './recipe.ts';

/** A stretch of bytes; the end is not part of it. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** What regenerating needs. */
export interface RegenerationParts {
  readonly hashing: Pick<Hashing, 'sha256'>;
  /** The stored content of a stretch, in slices of any size, checked. */
  readonly readStored: (stretch: Stretch) => AsyncIterable<Uint8Array>;
}

/** The uploaded bytes of a range, which lies within the upload. */
export async function* regenerate(
  parts: RegenerationParts,
  recipe: Recipe,
  range: Stretch,
): AsyncGenerator<Uint8Array, void, undefined> {
  let uploadedFrom = 0;
  let storedFrom = 0;
  for (const section of recipe) {
    const size = uploadedBytesOf(section);
    const start = Math.max(0, range.start - uploadedFrom);
    const end = Math.min(size, range.end - uploadedFrom);
    if (start < end) yield* sectionBytes(parts, section, storedFrom, { start, end });
    uploadedFrom += size;
    storedFrom += storedBytesOf(section);
  }
}

async function* sectionBytes(
  parts: RegenerationParts,
  section: Section,
  storedFrom: number,
  within: Stretch,
): AsyncGenerator<Uint8Array, void, undefined> {
  switch (section.kind) {
    case 'literal':
      yield section.bytes.slice(within.start, within.end);
      return;
    case 'copied': {
      const { start, end } = within;
      yield* parts.readStored({ start: storedFrom + start, end: storedFrom + end });
      return;
    }
    case 'deflated':
      yield* deflatedBytes(parts, section, storedFrom, within);
  }
}

async function* deflatedBytes(
  { hashing, readStored }: RegenerationParts,
  { settings, storedBytes, sizeBytes, digests }: Extract<Section, { kind: 'deflated' }>,
  storedFrom: number,
  within: Stretch,
): AsyncGenerator<Uint8Array, void, undefined> {
  const stored = readStored({ start: storedFrom, end: storedFrom + storedBytes });
  const spans = new Spans(sizeBytes);
  for await (const written of deflated(new Deflater(settings), stored)) {
    for (const { index, start, bytes } of spans.add(written)) {
      if (start + bytes.length <= within.start) continue;
      if (!equalBytes(spanDigest(hashing, bytes), digests[index] as Uint8Array)) {
        throw corrupt('a gzip stream does not come out as it was uploaded');
      }
      const from = Math.max(0, within.start - start);
      yield bytes.subarray(from, Math.max(from, within.end - start));
      if (start + bytes.length >= within.end) return;
    }
  }
  throw corrupt('a gzip stream comes out shorter than it was uploaded');
}

/** What a deflater makes of content, in the order of its calls that {@link Deflater} asks for. */
async function* deflated(
  deflater: Deflater,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const piece = new Uint8Array(pieceBytes);
  let filled = 0;
  for await (const slice of content) {
    for (let at = 0; at < slice.length;) {
      const part = slice.subarray(at, at + pieceBytes - filled);
      piece.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < pieceBytes) continue;
      yield* deflater.push(piece);
      filled = 0;
    }
  }
  if (filled > 0) yield* deflater.push(piece.subarray(0, filled));
  yield* deflater.finish();
}

/** A stretch of a section that has a digest. */
interface Span {
  readonly index: number;
  /** Where it begins in its section. */
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** Cuts a section of a known size into spans. What comes behind its end is left out. */
class Spans {
  readonly #sizeBytes: number;
  #open = new Uint8Array(0);
  #filled = 0;
  #index = 0;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#begin();
  }

  /** Goes on with the section; gives each span that this completes. */
  *add(bytes: Uint8Array): Generator<Span, void, undefined> {
    for (let at = 0; at < bytes.length && this.#open.length > 0;) {
      const part = bytes.subarray(at, at + this.#open.length - this.#filled);
      this.#open.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < this.#open.length) return;
      const span = { index: this.#index, start: this.#index * spanBytes, bytes: this.#open };
      this.#index++;
      this.#begin();
      yield span;
    }
  }

  #begin(): void {
    const left = this.#sizeBytes - this.#index * spanBytes;
    this.#open = new Uint8Array(Math.max(0, Math.min(spanBytes, left)));
    this.#filled = 0;
  }
}
