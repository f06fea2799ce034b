/**
 * Where the files in a tar archive begin and end, as it comes by.
 *
 * A chunk that ends where a file does makes the chunks of a file the same wherever in an archive it
 * lies, and the same as those of the file uploaded by itself. That is worth a cut for a file that
 * fills chunks; smaller ones are left to the chunker, with their headers.
 *
 * A place is advice: it costs space to be wrong, never a byte. So the archive is believed as long
 * as its headers have the right checksum, and what is in them besides sizes is not looked at.
 *
 * @module
 */

const blockBytes = 512;
const sizeField = { start: 124, end: 136 } as const;
const checksumField = { start: 148, end: 156 } as const;

export class TarMembers {
  readonly #fileBytesMin: number;
  readonly #header = new Uint8Array(blockBytes);
  #headerFilled = 0;
  /** Bytes until the next header. */
  #skip = 0;
  /** Of these, bytes until the end of a file that ends a chunk. */
  #cutIn: number | undefined;

  /** @param fileBytesMin - A smaller file has no places. */
  constructor(fileBytesMin: number) {
    this.#fileBytesMin = fileBytesMin;
  }

  /** Goes on with the archive: the places in `bytes`, in order, each behind 0. */
  add(bytes: Uint8Array): number[] {
    const places: number[] = [];
    for (let at = 0; at < bytes.length;) {
      const left = bytes.length - at;
      if (this.#skip > 0) {
        if (this.#cutIn !== undefined && this.#cutIn <= left) {
          places.push(at + this.#cutIn);
          this.#cutIn = undefined;
        }
        const skipped = Math.min(this.#skip, left);
        if (this.#cutIn !== undefined) this.#cutIn -= skipped;
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      const part = bytes.subarray(at, at + blockBytes - this.#headerFilled);
      this.#header.set(part, this.#headerFilled);
      this.#headerFilled += part.length;
      at += part.length;
      if (this.#headerFilled === blockBytes && this.#beginMember()) places.push(at);
    }
    return places;
  }

  /** Whether the member whose header is here gets places. */
  #beginMember(): boolean {
    this.#headerFilled = 0;
    const size = sizeOf(this.#header);
    // What is no archive, or not any more, is passed over to its end.
    this.#skip = Math.ceil((size ?? Number.POSITIVE_INFINITY) / blockBytes) * blockBytes;
    if (size === undefined) return false;
    if (size < this.#fileBytesMin) return false;
    this.#cutIn = size;
    return true;
  }
}

/** The size of a member by its header. `undefined`: this is none. */
function sizeOf(header: Uint8Array): number | undefined {
  if (header.every((byte) => byte === 0)) return 0; // The end of an archive, or of one of several.
  const { start, end } = checksumField;
  const spaces = 8 * 0x20;
  const sum = header.reduce((total, byte, at) => total + (at >= start && at < end ? 0 : byte), 0);
  if (octal(header, checksumField) !== sum + spaces) return undefined;
  // What does not fit in octal digits is written in another way: such a file is larger than any
  // content that is stored inflated.
  return octal(header, sizeField);
}

/** A number in octal digits, with spaces around them and a zero behind. */
function octal(
  header: Uint8Array,
  { start, end }: typeof sizeField | typeof checksumField,
): number | undefined {
  const text = String.fromCharCode(...header.subarray(start, end));
  const digits = /^ *([0-7]+)[ \0]*/.exec(text)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}
