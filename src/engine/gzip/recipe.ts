/**
 * The recipe: how uploaded bytes are made again from the content that is stored for them. Encoded
 * and decoded; pure functions.
 *
 * An upload is a row of *sections*. What is stored of it are the contents of its sections, one
 * behind the other. A `deflated` section is stored inflated; a `copied` one as it is; a `literal`
 * one is not stored at all, but lies in the recipe: headers and trailers of gzip.
 *
 * A deflated section need not be a whole DEFLATE stream. It is as much of one as came out right
 * when it was uploaded, and what follows it is copied. So truncated streams, streams that another
 * compressor goes on with, and limits that are reached in the middle need nothing else.
 *
 * What is regenerated is believed only span by span, against the digests here. They are cut to half
 * of SHA-256: nobody can choose both the recipe and the content, so it is chance that they must
 * withstand, and pako (docs/decisions/0023).
 *
 * Layout: docs/format.md, "Recipe". Errors: `CORRUPT` for anything that {@link encodeRecipe} could
 * not have written; `UNSUPPORTED` for what a newer build wrote.
 *
 * @module
 */

import { Reader, Writer, equalBytes } from '../../base/bytes.ts';
import { ObjectsError, corrupt } from '../../base/errors.ts';
import type { Hashing } from '../platform/platform.ts';
import {
  deflateImplementations,
  type DeflateImplementation,
  type DeflateSettings,
} from './deflate.ts';

/** The first byte of every recipe. Another layout gets another number. */
const recipeFormat = 1;

/** Numbers on disk: never renumber, never reuse. */
export const sectionNumbers = { literal: 1, copied: 2, deflated: 3 } as const;

/** What is regenerated has a digest for each so many bytes. Never change. */
export const spanBytes: number = 256 * 1024;

/** How much of the SHA-256 of a span is kept. */
const spanDigestBytes = 16;

/** How much of the SHA-256 of the recipe stands at its end. */
const sealBytes = 8;

/** A stretch of an upload. `sizeBytes`: of it in the upload. */
export type Section =
  | { readonly kind: 'literal'; readonly bytes: Uint8Array }
  | { readonly kind: 'copied'; readonly sizeBytes: number }
  | {
      readonly kind: 'deflated';
      readonly settings: DeflateSettings;
      /** Size of what is stored: the inflated bytes. */
      readonly storedBytes: number;
      readonly sizeBytes: number;
      /** Of each span, the last one less. */
      readonly digests: readonly Uint8Array[];
    };

/** The sections of an upload, in order. */
export type Recipe = readonly Section[];

/** The size of a section in the upload. */
export function uploadedBytesOf(section: Section): number {
  return section.kind === 'literal' ? section.bytes.length : section.sizeBytes;
}

/** The size of what is stored for a section. */
export function storedBytesOf(section: Section): number {
  if (section.kind === 'literal') return 0;
  return section.kind === 'copied' ? section.sizeBytes : section.storedBytes;
}

/** The size of an upload, and of the content that is stored for it. */
export function sizesOf(recipe: Recipe): { uploadedBytes: number; storedBytes: number } {
  const sum = (sizeOf: (section: Section) => number): number =>
    recipe.reduce((total, section) => total + sizeOf(section), 0);
  return { uploadedBytes: sum(uploadedBytesOf), storedBytes: sum(storedBytesOf) };
}

/** The digest of a span. */
export function spanDigest(hashing: Pick<Hashing, 'sha256'>, span: Uint8Array): Uint8Array {
  return hashing.sha256(span).slice(0, spanDigestBytes);
}

export function encodeRecipe(hashing: Pick<Hashing, 'sha256'>, recipe: Recipe): Uint8Array {
  const writer = new Writer().u8(recipeFormat);
  for (const section of recipe) {
    writer.u8(sectionNumbers[section.kind]);
    switch (section.kind) {
      case 'literal':
        writer.sized(section.bytes);
        break;
      case 'copied':
        writer.varint(section.sizeBytes);
        break;
      case 'deflated': {
        const { implementation, level, memLevel, windowBits, strategy } = section.settings;
        writer.u8(deflateImplementations[implementation]);
        writer.u8(level).u8(memLevel).u8(windowBits).u8(strategy);
        writer.varint(section.storedBytes).varint(section.sizeBytes);
        for (const digest of section.digests) writer.bytes(digest);
      }
    }
  }
  const encoded = writer.finish();
  return writer.bytes(sealOf(hashing, encoded)).finish();
}

/** The same, from its bytes. It shares no memory with them. */
export function decodeRecipe(hashing: Pick<Hashing, 'sha256'>, bytes: Uint8Array): Recipe {
  const end = bytes.length - sealBytes;
  const encoded = bytes.subarray(0, Math.max(0, end));
  if (!equalBytes(sealOf(hashing, encoded), bytes.subarray(Math.max(0, end)))) {
    throw corrupt('a recipe is damaged');
  }
  const reader = new Reader(Uint8Array.from(encoded), 'a recipe');
  const format = reader.u8();
  if (format !== recipeFormat) throw unsupported(`format=${format}`);
  const recipe: Section[] = [];
  while (!reader.atEnd) recipe.push(decodeSection(reader));
  return recipe;
}

function sealOf(hashing: Pick<Hashing, 'sha256'>, encoded: Uint8Array): Uint8Array {
  return hashing.sha256(encoded).subarray(0, sealBytes);
}

function decodeSection(reader: Reader): Section {
  const number = reader.u8();
  switch (number) {
    case sectionNumbers.literal:
      return { kind: 'literal', bytes: reader.sized() };
    case sectionNumbers.copied:
      return { kind: 'copied', sizeBytes: reader.varint() };
    case sectionNumbers.deflated: {
      const settings = decodeSettings(reader);
      const [storedBytes, sizeBytes] = [reader.varint(), reader.varint()];
      const digests: Uint8Array[] = [];
      for (let at = 0; at < sizeBytes; at += spanBytes) digests.push(reader.bytes(spanDigestBytes));
      return { kind: 'deflated', settings, storedBytes, sizeBytes, digests };
    }
    default:
      throw unsupported(`section=${number}`);
  }
}

function decodeSettings(reader: Reader): DeflateSettings {
  const number = reader.u8();
  const names = Object.keys(deflateImplementations) as DeflateImplementation[];
  const implementation = names.find((name) => deflateImplementations[name] === number);
  if (implementation === undefined) throw unsupported(`implementation=${number}`);
  const [level, memLevel, windowBits, strategy] = [
    reader.u8(),
    reader.u8(),
    reader.u8(),
    reader.u8(),
  ];
  const isKnown =
    isWithin(level, 1, 9) &&
    isWithin(memLevel, 1, 9) &&
    isWithin(windowBits, 9, 15) &&
    strategy <= 4;
  if (!isKnown) throw corrupt('a recipe has settings that DEFLATE does not have');
  return { implementation, level, memLevel, windowBits, strategy };
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

function unsupported(what: string): ObjectsError {
  return new ObjectsError(
    `an object is stored in a way this build does not know; upgrade varve: ${what}`,
    { code: 'UNSUPPORTED' },
  );
}
