/**
 * One thing that a simulated user does, and what it is done with.
 */

import type { Durability } from '../../src/engine/model.ts';
import { editedText, generatedBytes, generatedText } from '../support/content.ts';

export type BucketName = 'notes' | 'drafts';

/**
 * A content, by how it is made: the same words always mean the same bytes. What is edited
 * resembles the text that it was, and what becomes of other edits.
 */
export type Content =
  `${'text' | 'bytes'} ${number} ${number}` | `edited ${number} ${number} ${number}`;

type Doing =
  | {
      readonly kind: 'upload';
      readonly bucket: BucketName;
      readonly name: string;
      readonly content: Content;
      readonly durability: Durability;
    }
  | { readonly kind: 'remove'; readonly bucket: BucketName; readonly name: string }
  /** Purges one version, counted from the newest. */
  | {
      readonly kind: 'purge';
      readonly bucket: BucketName;
      readonly name: string;
      readonly nth: number;
    }
  /** Copies the current version of a name of the same bucket. */
  | {
      readonly kind: 'copy';
      readonly bucket: BucketName;
      readonly name: string;
      readonly from: string;
    }
  /** `notes` is versioned, `drafts` is not. */
  | { readonly kind: 'makeBucket'; readonly bucket: BucketName }
  | { readonly kind: 'sync' }
  /** The timer that syncs what was acknowledged as `'os'`. */
  | { readonly kind: 'timer' }
  /** Waits until what is dead has been freed. */
  | { readonly kind: 'settle' }
  /** Gives back the space of what is dead. */
  | { readonly kind: 'compact' }
  /** The same, given up within so many turns: drawn. */
  | { readonly kind: 'giveUp'; readonly turnsMax: number }
  /** What `compact` does, and everything is stored as small as it can be. */
  | { readonly kind: 'optimize' }
  /** The same in as many runs as it takes, each with little time. */
  | { readonly kind: 'optimizeInParts' }
  | { readonly kind: 'reopen' }
  /** The process is killed, and the store is opened by the next one. */
  | { readonly kind: 'kill' }
  /** The same after closing, and somebody deletes the index in between. */
  | { readonly kind: 'loseIndex' };

export type Deed = Doing & {
  /** Not at once, but up to so many turns later than the others of its step: drawn. */
  readonly withinTurns?: number;
};

/** The bytes of a content. */
export function bytesOf(content: Content): Uint8Array {
  const [kind, seed, byteCount, edit] = content.split(' ');
  if (kind === 'edited') return editedText(Number(seed), Number(byteCount), Number(edit));
  const make = kind === 'text' ? generatedText : generatedBytes;
  return make(Number(seed), Number(byteCount));
}

export const put = (
  bucket: BucketName,
  name: string,
  content: Content,
  durability: Durability = 'power',
): Deed => ({ kind: 'upload', bucket, name, content, durability });
export const remove = (bucket: BucketName, name: string): Deed => ({
  kind: 'remove',
  bucket,
  name,
});
export const purge = (bucket: BucketName, name: string, nth: number): Deed => ({
  kind: 'purge',
  bucket,
  name,
  nth,
});
export const copy = (bucket: BucketName, name: string, from: string): Deed => ({
  kind: 'copy',
  bucket,
  name,
  from,
});
export const sync: Deed = { kind: 'sync' };
export const timer: Deed = { kind: 'timer' };
export const settle: Deed = { kind: 'settle' };
export const compact: Deed = { kind: 'compact' };
export const giveUp = (turnsMax: number): Deed => ({ kind: 'giveUp', turnsMax });
export const optimize: Deed = { kind: 'optimize' };
export const optimizeInParts: Deed = { kind: 'optimizeInParts' };
export const reopen: Deed = { kind: 'reopen' };
export const kill: Deed = { kind: 'kill' };
export const loseIndex: Deed = { kind: 'loseIndex' };

/** The same, up to so many turns later than the others of its step. */
export const later = (deed: Deed, withinTurns: number): Deed => ({ ...deed, withinTurns });
