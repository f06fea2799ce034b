/**
 * Proving, while a DEFLATE stream comes in, that it can be made again from what it inflates to.
 *
 * The inflated pieces go through a deflater at once, and what that writes is compared with what was
 * uploaded. So an upload is verified when it ends, without being kept or read again, and where it
 * goes wrong is known to the byte.
 *
 * @module
 */

import type { Hashing } from '../platform/platform.ts';
import { Deflater, type DeflateSettings } from './deflate.ts';
import { spanBytes, spanDigest, type Section } from './recipe.ts';

export class Proof {
  readonly settings: DeflateSettings;
  readonly #deflater: Deflater;
  readonly #digests: SpanDigests;
  #storedBytes = 0;
  #provedBytes = 0;
  #isRight = true;
  #isFinished = false;

  constructor(hashing: Pick<Hashing, 'sha256'>, settings: DeflateSettings) {
    this.settings = settings;
    this.#deflater = new Deflater(settings);
    this.#digests = new SpanDigests(hashing);
  }

  /** How much of the stream came out right. */
  get provedBytes(): number {
    return this.#provedBytes;
  }

  /** Whether all that came out was right. If it was not, the proof ends here. */
  get isRight(): boolean {
    return this.#isRight;
  }

  /** Whether the stream is whole, and all of it came out right. */
  get isWhole(): boolean {
    return this.#isFinished && this.#isRight;
  }

  /** Goes on with a piece. `expected`: what is known of the stream behind the proved bytes. */
  push(piece: Uint8Array, expected: Uint8Array): void {
    this.#storedBytes += piece.length;
    this.#compare(this.#deflater.push(piece), expected);
  }

  /** Ends the content. `expected`: the rest of the stream. */
  finish(expected: Uint8Array): void {
    const before = this.#provedBytes;
    this.#compare(this.#deflater.finish(), expected);
    this.#isRight &&= this.#provedBytes - before === expected.length;
    this.#isFinished = true;
  }

  /** The section that was proved. */
  get section(): Section {
    return {
      kind: 'deflated',
      settings: this.settings,
      storedBytes: this.#storedBytes,
      sizeBytes: this.#provedBytes,
      digests: this.#digests.finish(),
    };
  }

  #compare(written: readonly Uint8Array[], expected: Uint8Array): void {
    let at = 0;
    for (const bytes of written) {
      if (!this.#isRight) return;
      const right = expected.subarray(at, at + commonBytes(bytes, expected.subarray(at)));
      this.#digests.add(right);
      this.#provedBytes += right.length;
      at += right.length;
      this.#isRight = right.length === bytes.length;
    }
  }
}

/** How many bytes two arrays have in common at their beginning. */
function commonBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  let at = 0;
  while (at < shorter && a[at] === b[at]) at++;
  return at;
}

/** The digests of the spans of a section while it grows. */
class SpanDigests {
  readonly #hashing: Pick<Hashing, 'sha256'>;
  readonly #digests: Uint8Array[] = [];
  #open: Uint8Array | undefined;
  #filled = 0;

  constructor(hashing: Pick<Hashing, 'sha256'>) {
    this.#hashing = hashing;
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      this.#open ??= new Uint8Array(spanBytes);
      const part = bytes.subarray(at, at + spanBytes - this.#filled);
      this.#open.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === spanBytes) this.#complete(this.#open);
    }
  }

  /** Those so far, and of the span that is open. */
  finish(): Uint8Array[] {
    if (this.#open !== undefined && this.#filled > 0) {
      this.#complete(this.#open.subarray(0, this.#filled));
    }
    return [...this.#digests];
  }

  #complete(span: Uint8Array): void {
    this.#digests.push(spanDigest(this.#hashing, span));
    this.#filled = 0;
  }
}
