/**
 * Which bytes a range means in an object of a given size.
 *
 * As `slice` has it, `end` is exclusive and a negative `start` counts from the end; as HTTP has it,
 * an `end` behind the object is brought back to it, and a suffix longer than the object is all of
 * it. So a reader in blocks need not know the size, and `{ start: -4 }` works on three bytes. A
 * range that begins just behind the last byte is empty, and one that begins further out is refused:
 * it asks for bytes that were never there, which is how a wrong object or a wrong offset shows.
 *
 * Errors: `INVALID`, and `TypeError` for what is no number.
 *
 * @module
 */

import { checkOptionalInteger, checkOptionalObject, invalidArgument } from './checks.ts';
import type { ByteRange } from './options.ts';

/** Throws unless `range` is absent or makes sense for an object of some size. */
export function checkRange(range: ByteRange | undefined): void {
  checkOptionalObject('range', range);
  checkOptionalInteger('range.start', range?.start, { min: Number.MIN_SAFE_INTEGER });
  checkOptionalInteger('range.end', range?.end, { min: 0 });
}

/** The bytes from `start` to before `end`, with `0 <= start <= end <= sizeBytes`. */
export function resolveRange(
  range: ByteRange | undefined,
  sizeBytes: number,
): { readonly start: number; readonly end: number } {
  const from = range?.start ?? 0;
  const start = from < 0 ? Math.max(0, sizeBytes + from) : from;
  const end = Math.min(range?.end ?? sizeBytes, sizeBytes);
  if (start > sizeBytes || start > (range?.end ?? sizeBytes)) {
    throw invalidArgument('the range lies outside the object', {
      start: range?.start,
      end: range?.end,
      size: sizeBytes,
    });
  }
  return { start, end };
}
