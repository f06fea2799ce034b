/**
 * Which rows of the index a snapshot holds, and how the others follow from them. Pure functions.
 *
 * A snapshot has the rows about buckets, chunks, candidates and versions, as they are. Two kinds
 * are left out, as a version's row says them already: the pointer from a name to its head, and the
 * edge from a version to its root. They are made again when the snapshot is loaded.
 *
 * The rows also add up: to the totals that every commit states, and to what lives in each log file.
 * A row that LevelDB lost, or brought back, is found that way before a snapshot can pass it on.
 *
 * @module
 */

import { noTotals, type Totals, type Version } from '../model.ts';
import { referenceChange } from './chunk-index.ts';
import type { Row } from './database.ts';
import type { IndexChange } from './index-store.ts';
import {
  bucketsGroup,
  candidatesGroup,
  chunkKeyParts,
  decodeBucketId,
  decodeNameKey,
} from './keys.ts';
import { decodeLocation, decodeVersion } from './records.ts';
import { pointerChange } from './version-index.ts';

/** Ranges of keys, in order: the first letter from on, the last not included. */
export const snapshotRanges: readonly (readonly [first: string, end: string])[] = [
  [bucketsGroup, 'c'],
  ['c', 'd'],
  [candidatesGroup, 'e'],
  ['h', 'i'],
  ['v', 'w'],
];

/** Whether a row of these ranges is left out, because others say it. */
export function isDerived({ key }: Row): boolean {
  return key.startsWith('c') && chunkKeyParts(key).suffix.startsWith('rv');
}

/** The rows that a row of a snapshot stands for, besides itself. */
export function derivedRows({ key, value }: Row): IndexChange[] {
  if (!key.startsWith('h') && !key.startsWith('v')) return [];
  const version = decodeVersion(value);
  const edge = edgeOf(version);
  if (!key.startsWith('h')) return edge;
  const { name, lsn } = decodeNameKey(key);
  return [...edge, pointerChange(decodeBucketId(key), name, lsn)];
}

function edgeOf(version: Version): IndexChange[] {
  if (version.kind !== 'object') return [];
  return [referenceChange(version.root.id, { kind: 'version', lsn: version.lsn }, 'put')];
}

/** What rows add up to. */
export class RowSums {
  readonly #totals: Record<keyof Totals, number> = { ...noTotals };
  readonly #liveBytes = new Map<number, number>();

  get totals(): Totals {
    return this.#totals;
  }

  /** Live bytes by log file. */
  get liveBytes(): ReadonlyMap<number, number> {
    return this.#liveBytes;
  }

  add(row: Row): void {
    if (row.key.startsWith('c')) this.#addChunk(row);
    else if (row.key.startsWith('h')) this.#addVersion(decodeVersion(row.value), true);
    else if (row.key.startsWith('v')) this.#addVersion(decodeVersion(row.value), false);
  }

  #addChunk({ key, value }: Row): void {
    const { isNode, suffix } = chunkKeyParts(key);
    if (suffix !== 'l') return;
    const { fileId, frameBytes, rawBytes } = decodeLocation(value);
    this.#totals.chunks++;
    this.#totals.storedBytes += frameBytes;
    if (!isNode) this.#totals.uniqueBytes += rawBytes;
    this.#liveBytes.set(fileId, (this.#liveBytes.get(fileId) ?? 0) + frameBytes);
  }

  #addVersion(version: Version, isHead: boolean): void {
    if (version.kind === 'deleteMarker') {
      this.#totals.deleteMarkers++;
      return;
    }
    this.#totals.versions++;
    this.#totals.logicalBytes += version.sizeBytes;
    if (isHead) this.#totals.objects++;
  }
}
