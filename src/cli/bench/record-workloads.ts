/**
 * Workloads over records of one size: filled, overwritten, read, removed.
 *
 * @module
 */

import { randomSequence } from '../torture/random-sequence.ts';
import { type ContentOf, randomContent, recordName, Records } from './records.ts';
import type { Target } from './target.ts';
import {
  type OpenWorkload,
  type Operation,
  type Workload,
  type WorkloadSettings,
  WrongAnswer,
} from './workload.ts';

/** What draws the operations of a workload over records. */
interface Draw {
  readonly records: Records;
  readonly target: Target;
  readonly settings: WorkloadSettings;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** Records that may be there before, and operations on them. */
function recordWorkload(options: {
  readonly name: string;
  readonly summary: string;
  readonly defaults?: Workload['defaults'];
  readonly reclaims?: true;
  /** Whether the records are there before. */
  readonly isLoaded: boolean;
  /** Whether content is kept in memory, to be compared with. */
  readonly isRemembered?: true;
  /** Returns what draws one operation after the other. */
  readonly operations: (draw: Draw) => () => Operation | undefined;
}): Workload {
  const { isLoaded, isRemembered, operations, ...rest } = options;
  return {
    defaults: { records: 2000, sizeBytes: 4096 },
    ...rest,
    open: (target: Target, settings: WorkloadSettings): OpenWorkload => {
      const made = randomContent(settings);
      const records = new Records(target, isRemembered ? remembered(made) : made);
      const random = randomSequence(settings.seed);
      return {
        load: () => records.load(isLoaded ? settings.records : 0),
        next: operations({ records, target, settings, random }),
        verify: () => records.verify(),
      };
    },
  };
}

/** Content of records that never change, made once. */
function remembered(contentOf: ContentOf): ContentOf {
  const contents = new Map<number, Uint8Array>();
  return (index, revision) => {
    const content = contents.get(index) ?? contentOf(index, revision);
    contents.set(index, content);
    return content;
  };
}

const below = (random: () => number, count: number): number => Math.floor(random() * count);

/** Every number below `count` once, in an order that the seed draws. */
function shuffled(count: number, random: () => number): number[] {
  const numbers = Array.from({ length: count }, (_, index) => index);
  for (let end = count - 1; end > 0; end--) {
    const other = below(random, end + 1);
    [numbers[end], numbers[other]] = [numbers[other] as number, numbers[end] as number];
  }
  return numbers;
}

function readMissing(target: Target, index: number): Operation {
  const name = `${recordName(index)}-missing`;
  return {
    kind: 'read',
    run: async () => {
      const found = await target.get(name);
      return () => {
        if (found === undefined) return 0;
        throw new WrongAnswer(`${name} was never stored, and ${found.length} bytes came back`);
      };
    },
  };
}

export const recordWorkloads: readonly Workload[] = [
  recordWorkload({
    name: 'fill-sequential',
    summary: 'new records, in the order of their names',
    defaults: { records: 0, sizeBytes: 4096 },
    isLoaded: false,
    operations: ({ records }) => {
      let next = 0;
      return () => records.put(next++);
    },
  }),
  recordWorkload({
    name: 'fill-random',
    summary: 'new records, in no order',
    defaults: { records: 0, sizeBytes: 4096 },
    isLoaded: false,
    operations: ({ records, random }) => {
      // A block is so many names, each once: without an end, and none comes twice.
      const blockSize = 10_000;
      let block: number[] = [];
      let blocks = 0;
      return () => {
        if (block.length === 0) block = shuffled(blockSize, random);
        const index = blocks * blockSize + (block.pop() as number);
        if (block.length === 0) blocks++;
        return records.put(index);
      };
    },
  }),
  recordWorkload({
    name: 'overwrite',
    summary: 'new content for records that are there, in no order',
    isLoaded: true,
    operations:
      ({ records, settings, random }) =>
      () =>
        records.put(below(random, settings.records)),
  }),
  recordWorkload({
    name: 'read-random',
    summary: 'records that are there, in no order',
    isLoaded: true,
    operations:
      ({ records, settings, random }) =>
      () =>
        records.read(below(random, settings.records)),
  }),
  recordWorkload({
    name: 'read-sequential',
    summary: 'records in the order of their names',
    isLoaded: true,
    operations: ({ records, settings }) => {
      let next = 0;
      return () => records.read(next++ % settings.records);
    },
  }),
  recordWorkload({
    name: 'read-missing',
    summary: 'names that are not there, between names that are',
    isLoaded: true,
    operations:
      ({ target, settings, random }) =>
      () =>
        readMissing(target, below(random, settings.records)),
  }),
  recordWorkload({
    name: 'range-read',
    summary: 'a range anywhere in a large record',
    defaults: { records: 4, sizeBytes: 4 * 2 ** 20 },
    isLoaded: true,
    // So large are few, and making one anew for each range would be most of the work.
    isRemembered: true,
    operations:
      ({ records, settings: { records: count, sizeBytes, rangeBytes }, random }) =>
      () => {
        const length = Math.min(rangeBytes, sizeBytes);
        const start = below(random, sizeBytes - length + 1);
        return records.readRange(below(random, count), start, start + length);
      },
  }),
  recordWorkload({
    name: 'delete-and-reclaim',
    summary: 'half of the records removed, in no order; then their space is given back',
    reclaims: true,
    isLoaded: true,
    operations: ({ records, settings, random }) => {
      const doomed = shuffled(settings.records, random).slice(0, Math.ceil(settings.records / 2));
      return () => {
        const index = doomed.pop();
        return index === undefined ? undefined : records.remove(index);
      };
    },
  }),
];
