/**
 * A store with very many small objects, each of one chunk of its own, in groups.
 *
 * It is filled through the front door, and not for longer than a share of the time: a slow machine
 * gets fewer whole groups, and the rows that rest on them say how many.
 *
 * @module
 */

import { inLanes } from '../../src/cli/bench/lanes.ts';
import { formatCount } from '../../src/cli/printable.ts';
import { openStore } from '../../src/index.ts';
import type { Workplace } from './workplace.ts';

export const namesBucket = 'names';
const inFlight = 256;
const contentBytes = 100;

/** So long at most it is filled. */
const fillSeconds = 150;

export interface ManyNames {
  /** Of the store, which is closed. */
  readonly folder: string;
  readonly groups: number;
  readonly count: number;
}

export function groupOf(index: number): string {
  return `group-${String(index).padStart(4, '0')}/`;
}

/** The name of an object, by its number. Names sort as numbers do. */
export function nameOf(index: number, namesInGroup: number): string {
  const group = groupOf(Math.floor(index / namesInGroup));
  return `${group}object-${String(index).padStart(7, '0')}`;
}

/** What an object holds: no other object holds the same. */
export function contentOf(index: number): Uint8Array {
  const content = new Uint8Array(contentBytes).fill(index % 251);
  new DataView(content.buffer).setUint32(0, index);
  return content;
}

/** A new store with so many groups, or with as many as there is time for. */
export async function makeStore(place: Workplace, groupsMax: number): Promise<ManyNames> {
  const { namesInGroup } = place.scale;
  const folder = place.newFolder('names');
  await using store = await openStore(folder);
  const bucket = store.bucket(namesBucket);
  const begunMs = performance.now();
  let groups = 0;
  while (groups < groupsMax && performance.now() - begunMs < fillSeconds * 1000) {
    const first = groups++ * namesInGroup;
    await inLanes(inFlight, namesInGroup, async (position) => {
      const index = first + position;
      await bucket.upload(nameOf(index, namesInGroup), contentOf(index), { durability: 'os' });
    });
  }
  return { folder, groups, count: groups * namesInGroup };
}

/** For the notes of rows. */
export function formatNames({ count }: ManyNames): string {
  return `${formatCount(count)} objects`;
}

/** The one that several rows use. */
export function manyNames(place: Workplace): Promise<ManyNames> {
  return place.shared('many names', () => makeStore(place, place.scale.groups));
}
