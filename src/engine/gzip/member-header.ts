/**
 * The header of a member of a gzip stream (RFC 1952): where it ends, and who seems to have made it.
 *
 * A gzip stream is one member behind the other; most have one. What a header says besides its own
 * length is of no interest: it is kept as it is. Its checksum, if it has one, is not looked at
 * either: a wrong one is given back as wrong as it was.
 *
 * @module
 */

/** What a header has. */
export interface MemberHeader {
  /** How many bytes it has: the DEFLATE stream begins behind them. */
  readonly sizeBytes: number;
  /** How hard the compressor says that it tried (XFL): 2 is hardest, 4 is fastest. */
  readonly effort: number;
}

/** Before the optional fields. */
const fixedBytes = 10;

/** What follows the DEFLATE stream of a member: a CRC and the size of the content. */
export const memberTrailerBytes = 8;

/** A longer header is nobody's: its name or comment is what somebody is hiding content in. */
const memberHeaderBytesMax = 4096;

const flags = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

/** Whether content that begins so may be a gzip stream. */
export function looksLikeGzip(bytes: Uint8Array): boolean {
  return [0x1f, 0x8b, 8].every((byte, at) => bytes.length <= at || bytes[at] === byte);
}

/**
 * Reads the header at the beginning of `bytes`. `incomplete`: it goes on behind them. `undefined`:
 * there is none.
 */
export function readMemberHeader(bytes: Uint8Array): MemberHeader | 'incomplete' | undefined {
  if (!looksLikeGzip(bytes)) return undefined;
  const whole = bytes.length <= memberHeaderBytesMax ? 'incomplete' : undefined;
  if (bytes.length < fixedBytes) return whole;
  const set = bytes[3] as number;
  if ((set & flags.reserved) !== 0) return undefined;
  let at = fixedBytes;
  if ((set & flags.extra) !== 0) {
    if (bytes.length < at + 2) return whole;
    at += 2 + (bytes[at] as number) + (bytes[at + 1] as number) * 256;
  }
  for (const field of [flags.name, flags.comment]) {
    if ((set & field) === 0) continue;
    const end = bytes.indexOf(0, at);
    if (end === -1) return whole;
    at = end + 1;
  }
  if ((set & flags.headerCrc) !== 0) at += 2;
  if (at > memberHeaderBytesMax) return undefined;
  return at > bytes.length ? 'incomplete' : { sizeBytes: at, effort: bytes[8] as number };
}
