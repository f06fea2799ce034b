/**
 * What the arguments of the command line mean: addresses, points in time, ranges, metadata.
 *
 * Parsers only, from text to values; each throws {@link UsageError} with the text it could not
 * read. Whether a bucket, a name or a version exists, and whether a name is allowed, the store
 * says.
 *
 * @module
 */

import type { ByteRange } from '../index.ts';
import { UsageError } from './exit-code.ts';

/** An object: `bucket/name`. The name may itself hold slashes. */
export interface ObjectAddress {
  readonly bucket: string;
  readonly name: string;
}

/** A part of a bucket: `bucket` or `bucket/prefix`. */
export interface PrefixAddress {
  readonly bucket: string;
  /** `''` for the whole bucket. */
  readonly prefix: string;
}

/** Reads `bucket/name`. */
export function parseObjectAddress(text: string): ObjectAddress {
  const { bucket, prefix: name } = parsePrefixAddress(text);
  if (name === '') throw new UsageError(`expected BUCKET/NAME, not '${text}'`);
  return { bucket, name };
}

/** Reads `bucket` or `bucket/prefix`. */
export function parsePrefixAddress(text: string): PrefixAddress {
  const slash = text.indexOf('/');
  const bucket = slash < 0 ? text : text.slice(0, slash);
  if (bucket === '') throw new UsageError(`expected BUCKET or BUCKET/PREFIX, not '${text}'`);
  return { bucket, prefix: slash < 0 ? '' : text.slice(slash + 1) };
}

/** Reads `bucket` or `bucket/folder`: a prefix that is empty or ends in a slash. */
export function parseFolderAddress(text: string): PrefixAddress {
  const { bucket, prefix } = parsePrefixAddress(text);
  return { bucket, prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/` };
}

const iso8601 =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Reads a time in ISO 8601, or else a version id, which is passed on as it is.
 *
 * Without a zone, a time is local; a date alone is its first instant, local as well. (`new Date()`
 * would read a date alone as UTC and a date with a time as local.)
 */
export function parsePoint(text: string): Date | string {
  const match = iso8601.exec(text);
  if (match === null) {
    if (text === '') throw new UsageError('expected a time in ISO 8601 or a version id');
    return text;
  }
  const [, day, clock = '00:00', zone = ''] = match;
  const time = new Date(`${day}T${clock.replace(',', '.')}${zone.toUpperCase()}`);
  // The date parser takes February 30 for March 2: what it made of the day must be that day.
  const dayAsRead = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(time.getTime()) || Number.isNaN(dayAsRead.getTime())) {
    throw new UsageError(`there is no such time: '${text}'`);
  }
  if (dayAsRead.toISOString().slice(0, 10) !== day) {
    throw new UsageError(`there is no such day: '${text}'`);
  }
  return time;
}

/** Reads a time in ISO 8601, as {@link parsePoint} does. */
export function parseTime(text: string): Date {
  const point = parsePoint(text);
  if (typeof point === 'string') {
    throw new UsageError(`expected a time in ISO 8601, such as 2030-12-31, not '${text}'`);
  }
  return point;
}

/** Reads `START-END` (END is exclusive), `START-`, or `-COUNT` for the last COUNT bytes. */
export function parseRange(text: string): ByteRange {
  const match = /^(\d*)-(\d*)$/.exec(text);
  const [, start = '', end = ''] = match ?? [];
  if (start === '' && end === '') {
    throw new UsageError(`expected START-END, START- or -COUNT, not '${text}'`);
  }
  // The last 0 bytes cannot be written as a negative start: -0 is the beginning.
  if (start === '') return Number(end) === 0 ? { start: 0, end: 0 } : { start: -Number(end) };
  return end === '' ? { start: Number(start) } : { start: Number(start), end: Number(end) };
}

/** Reads one `KEY=VALUE` and adds it to those read before. */
export function parseMetadata(
  text: string,
  before: Record<string, string> | undefined,
): Record<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new UsageError(`expected KEY=VALUE, not '${text}'`);
  // A key may be called __proto__, which only a definition can set.
  const metadata = { ...before };
  Object.defineProperty(metadata, text.slice(0, equals), {
    value: text.slice(equals + 1),
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return metadata;
}

/** Reads a number above 0, with or without decimals. */
export function parsePositive(text: string): number {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (!(number > 0)) throw new UsageError(`expected a number above 0, not '${text}'`);
  return number;
}

/** Reads a count of at least 1. */
export function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count < 1 || !Number.isSafeInteger(count)) {
    throw new UsageError(`expected a count of at least 1, not '${text}'`);
  }
  return count;
}

/** Reads a length of time in minutes: more than 0, `0.5` too. */
export function parseMinutes(text: string): number {
  const minutes = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (minutes > 0) return minutes;
  throw new UsageError(`expected a number of minutes above 0, not '${text}'`);
}

/** Reads a seed: a whole number from 0 up to 2³². */
export function parseSeed(text: string): number {
  const seed = /^\d+$/.test(text) ? Number(text) : Infinity;
  if (seed < 2 ** 32) return seed;
  throw new UsageError(`expected a seed, a whole number below 2^32, not '${text}'`);
}

const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Reads a size of at least one byte: `4096`, `4KiB`, `1.5 MiB`. */
export function parseByteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text);
  const unit = sizeUnits[(match?.[2] ?? '?').toLowerCase()] ?? NaN;
  const size = Number(match?.[1]) * unit;
  if (Number.isSafeInteger(size) && size >= 1) return size;
  throw new UsageError(`expected a size, such as 4096, 4KiB or 1MiB, not '${text}'`);
}

/** Reads a share, from 0 to 1. */
export function parseShare(text: string): number {
  const share = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (share >= 0 && share <= 1) return share;
  throw new UsageError(`expected a share from 0 to 1, such as 0.25, not '${text}'`);
}
