/**
 * The way in of gzip: what is stored for an upload instead of its bytes, and the recipe.
 *
 * The stream is inflated as it comes in, and what comes out is deflated again and compared with it
 * (proof.ts). As long as that is right the inflated bytes are what is stored. From where it is not,
 * or a limit is reached, the uploaded bytes are stored as they are. So memory is bounded, nothing
 * is read twice, and an upload is proved when it has ended. An upload of which nothing could be
 * proved is given on as it came, and has no recipe.
 *
 * What was given on depends on how fast this machine is, where content is slow to deflate. It never
 * shows: neither the etag nor the bytes depend on it.
 *
 * @module
 */

import type { ContentPart } from '../model.ts';
import type { Clock, Hashing } from '../platform/platform.ts';
import { candidatesOf } from './candidates.ts';
import { pieceBytes, type DeflateSettings } from './deflate.ts';
import { memLevelOf } from './first-block.ts';
import { Inflation } from './inflation.ts';
import { Intake } from './intake.ts';
import {
  looksLikeGzip,
  memberTrailerBytes,
  readMemberHeader,
  type MemberHeader,
} from './member-header.ts';
import { Proof } from './proof.ts';
import type { Recipe, Section } from './recipe.ts';
import { TarMembers } from './tar-members.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** What of an upload is seen through, at most. Behind that it is stored as it is. */
export interface SeeThroughLimits {
  /** Bytes of the upload. */
  readonly uploadedBytes: number;
  /** Bytes that they inflate to. A read of the last range has to deflate as many. */
  readonly inflatedBytes: number;
  /** How many times larger content is than the upload, once there is `ratioFreeBytes` of it. */
  readonly ratio: number;
  readonly ratioFreeBytes: number;
  /** Bytes of the stream that wait for what they are to be compared with. */
  readonly waitingBytes: number;
  /** Inflated bytes a second, once a second was spent on them. */
  readonly bytesPerSecond: number;
  /** Members of one upload: each is some 60 bytes of the recipe, which lies in the index. */
  readonly members: number;
}

export const seeThroughLimits: SeeThroughLimits = {
  uploadedBytes: 64 * mebibyte,
  inflatedBytes: 256 * mebibyte,
  ratio: 128,
  ratioFreeBytes: 4 * mebibyte,
  waitingBytes: mebibyte,
  bytesPerSecond: 2 * mebibyte,
  members: 64,
};

/** How much of a stream is tried with each candidate, and what is enough to decide for one. */
const trial = { streamBytes: 160 * kibibyte, inflatedBytes: 4 * mebibyte } as const;

/** What seeing through needs. */
export interface SeeThroughParts {
  readonly hashing: Pick<Hashing, 'sha256'>;
  readonly clock: Pick<Clock, 'nowMs' | 'yield'>;
  /** Files of a tar archive from this size on get chunks of their own. */
  readonly fileBytesMin: number;
  /** Told of all uploaded bytes, in order, if some are stored inflated. */
  readonly onUploaded: (bytes: Uint8Array) => void;
  readonly limits: SeeThroughLimits;
}

/** A member of which a beginning was proved. */
interface Beginning {
  readonly inflation: Inflation;
  readonly proof: Proof;
  /** The pieces that it took. */
  readonly pieces: readonly Uint8Array[];
}

export class SeeThrough {
  readonly #parts: SeeThroughParts;
  readonly #sections: Section[] = [];
  /** What the last member was made with: the next one probably was, too. */
  #settings: DeflateSettings | undefined;
  #uploadedBytes = 0;
  #inflatedBytes = 0;
  #copiedBytes = 0;
  #busyMs = 0;

  constructor(parts: SeeThroughParts) {
    this.#parts = parts;
  }

  /** What to store for an upload. */
  async *content(body: AsyncIterable<Uint8Array>): AsyncGenerator<ContentPart, void, undefined> {
    const intake = new Intake(body);
    try {
      const first = await intake.peek();
      if (first !== undefined && looksLikeGzip(first)) yield* this.#members(intake);
      for await (const bytes of intake.rest()) {
        this.#copiedBytes += bytes.length;
        yield bytes;
      }
    } finally {
      await intake.close();
    }
  }

  /** How much of the upload is in what was given on so far. */
  get uploadedBytes(): number {
    return this.#uploadedBytes + this.#copiedBytes;
  }

  /** How the upload comes out of what was stored. `undefined`: that is the upload. */
  get recipe(): Recipe | undefined {
    if (this.#sections.length === 0) return undefined;
    const copied = { kind: 'copied', sizeBytes: this.#copiedBytes } as const;
    return this.#copiedBytes === 0 ? this.#sections : [...this.#sections, copied];
  }

  /** Members, up to the first of which not all comes out right. */
  async *#members(intake: Intake): AsyncGenerator<ContentPart, void, undefined> {
    for (let count = 0; count < this.#parts.limits.members; count++) {
      const header = await nextHeader(intake);
      if (header === undefined) return;
      const beginning = await this.#begin(intake, header);
      if (beginning === undefined) return;
      if (count === 0) intake.listen(this.#parts.onUploaded);
      this.#addLiteral(intake, header.sizeBytes);
      yield* this.#deflated(intake, beginning);
      yield 'cut';
      if (!beginning.proof.isWhole) return;
      await intake.fill(memberTrailerBytes);
      this.#addLiteral(intake, Math.min(memberTrailerBytes, intake.bytes.length));
    }
  }

  /** Tries the settings that a member may have been made with. Nothing of it is dropped. */
  async #begin(intake: Intake, header: MemberHeader): Promise<Beginning | undefined> {
    await intake.fill(header.sizeBytes + trial.streamBytes);
    const stream = intake.bytes.subarray(header.sizeBytes);
    const inflation = new Inflation();
    const pieces: Uint8Array[] = [];
    while (pieces.length * pieceBytes < trial.inflatedBytes) {
      const piece = inflation.next(stream);
      if (piece === undefined) break;
      pieces.push(piece);
    }
    const taken = stream.subarray(0, inflation.usedBytes);
    if (this.#isOverLimit(pieces.length * pieceBytes, taken.length)) return undefined;
    const memLevel = memLevelOf(stream);
    if (memLevel === undefined) return undefined;
    const known = memLevel === 'unknown' ? undefined : memLevel;
    const candidates =
      this.#settings === undefined ? candidatesOf(header.effort, known) : [this.#settings];
    for (const settings of candidates) {
      const proof = new Proof(this.#parts.hashing, settings);
      for (const piece of pieces) {
        if (proof.isRight) proof.push(piece, taken.subarray(proof.provedBytes));
      }
      if (proof.isRight && inflation.status === 'end') {
        proof.finish(taken.subarray(proof.provedBytes));
      }
      if (proof.isRight && proof.provedBytes > 0) {
        this.#settings = settings;
        return { inflation, proof, pieces };
      }
      await this.#parts.clock.yield();
    }
    return undefined;
  }

  /** The content of a member, as far as it comes out right. */
  async *#deflated(
    intake: Intake,
    { inflation, proof, pieces }: Beginning,
  ): AsyncGenerator<ContentPart, void, undefined> {
    const tar = new TarMembers(this.#parts.fileBytesMin);
    let dropped = 0;
    const settle = (): void => {
      const byteCount = proof.provedBytes - dropped;
      intake.drop(byteCount);
      inflation.dropped(byteCount);
      this.#uploadedBytes += byteCount;
      dropped = proof.provedBytes;
    };
    const known = (): Uint8Array => intake.bytes.subarray(0, inflation.usedBytes);
    settle();
    for (const piece of pieces) {
      this.#inflatedBytes += piece.length;
      yield* cutAtFiles(piece, tar);
    }
    while (proof.isRight && !this.#isOverLimit(0, inflation.usedBytes)) {
      const piece = await nextPiece(intake, inflation);
      if (piece === undefined) break;
      this.#timed(() => proof.push(piece, known()));
      settle();
      this.#inflatedBytes += piece.length;
      yield* cutAtFiles(piece, tar);
    }
    if (proof.isRight && inflation.status === 'end' && !proof.isWhole) proof.finish(known());
    settle();
    this.#sections.push(proof.section);
  }

  /** Whether it would be too much to go on, with so much that is not counted yet. */
  #isOverLimit(moreInflatedBytes: number, waitingBytes: number): boolean {
    const { limits } = this.#parts;
    const inflatedBytes = this.#inflatedBytes + moreInflatedBytes;
    const uploadedBytes = this.#uploadedBytes + waitingBytes;
    const isBomb =
      inflatedBytes >= limits.ratioFreeBytes && inflatedBytes > uploadedBytes * limits.ratio;
    const isSlow =
      this.#busyMs > 1000 && inflatedBytes / this.#busyMs < limits.bytesPerSecond / 1000;
    return (
      isBomb ||
      isSlow ||
      inflatedBytes > limits.inflatedBytes ||
      uploadedBytes > limits.uploadedBytes ||
      waitingBytes > limits.waitingBytes
    );
  }

  #timed(work: () => void): void {
    const startMs = this.#parts.clock.nowMs();
    work();
    this.#busyMs += Math.max(0, this.#parts.clock.nowMs() - startMs);
  }

  /** Puts bytes into the recipe. */
  #addLiteral(intake: Intake, byteCount: number): void {
    if (byteCount === 0) return;
    this.#sections.push({ kind: 'literal', bytes: intake.bytes.slice(0, byteCount) });
    this.#uploadedBytes += byteCount;
    intake.drop(byteCount);
  }
}

/** The header that comes next, if one does. It is not dropped. */
async function nextHeader(intake: Intake): Promise<MemberHeader | undefined> {
  for (;;) {
    const header = readMemberHeader(intake.bytes);
    if (header !== 'incomplete') return header;
    if (!(await intake.more())) return undefined;
  }
}

/** The next piece of a stream, of which more is taken if need be. It is not dropped. */
async function nextPiece(intake: Intake, inflation: Inflation): Promise<Uint8Array | undefined> {
  for (;;) {
    const piece = inflation.next(intake.bytes);
    if (piece !== undefined || inflation.status !== 'more') return piece;
    if (!(await intake.more())) return undefined;
  }
}

/** A piece of an archive, with a cut wherever a file begins or ends. */
function* cutAtFiles(piece: Uint8Array, tar: TarMembers): Generator<ContentPart, void, undefined> {
  let start = 0;
  for (const place of tar.add(piece)) {
    yield piece.subarray(start, place);
    yield 'cut';
    start = place;
  }
  yield piece.subarray(start);
}
