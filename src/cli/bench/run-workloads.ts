/**
 * Workloads in which one operation is large enough for the start of a program: whole trees, and
 * large streams in and out.
 *
 * @module
 */

import { seededBytes, sha256Of } from '../torture/content.ts';
import { randomSequence } from '../torture/random-sequence.ts';
import { inLanes } from './lanes.ts';
import { recordName, sameBytes, sameNames } from './records.ts';
import type { RunTarget, Scanned } from './target.ts';
import {
  type OpenWorkload,
  type Operation,
  type WorkloadSettings,
  type RunWorkload,
  WrongAnswer,
} from './workload.ts';

const pieceBytes = 64 * 1024;

/** A large content in pieces, as streams come. */
export function inPieces(content: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += pieceBytes) {
    pieces.push(content.subarray(at, at + pieceBytes));
  }
  return pieces;
}

/** What a file of a tree holds is a number, of which the seed makes its bytes. */
class Trees {
  readonly #settings: WorkloadSettings;
  readonly #duplicates: number;
  readonly #random: () => number;
  readonly #trees: number[][] = [];
  #contents = 0;

  constructor(settings: WorkloadSettings, duplicates: number) {
    this.#settings = settings;
    this.#duplicates = duplicates;
    this.#random = randomSequence(settings.seed);
  }

  get count(): number {
    return this.#trees.length;
  }

  /** A further tree: of its files some are as in the one before. */
  add(): { readonly tree: string; readonly files: readonly Scanned[] } {
    const before = this.#trees.at(-1);
    const tree = Array.from({ length: this.#settings.records }, (_, index) => {
      const isDuplicate = before !== undefined && this.#random() < this.#duplicates;
      return isDuplicate ? (before[index] as number) : this.#contents++;
    });
    const number = this.#trees.push(tree) - 1;
    return { tree: treeName(number), files: this.files(number) };
  }

  files(number: number): Scanned[] {
    const { seed, sizeBytes } = this.#settings;
    return (this.#trees[number] as number[]).map((content, index) => ({
      name: fileName(index),
      content: seededBytes(`${seed} tree ${content}`, sizeBytes),
    }));
  }
}

function treeName(number: number): string {
  return `tree${String(number).padStart(6, '0')}`;
}

function fileName(index: number): string {
  return `r${String(index).padStart(8, '0')}`;
}

function openTrees(
  target: RunTarget,
  settings: WorkloadSettings,
  duplicates: number,
): OpenWorkload {
  const trees = new Trees(settings, duplicates);
  return {
    load: async () => {},
    next: () => {
      const { tree, files } = trees.add();
      const store = target.prepareTree(tree, files);
      return {
        kind: 'tree',
        run: async () => {
          await store();
          return () => files.reduce((sum, { content }) => sum + content.length, 0);
        },
      };
    },
    verify: async () => {
      for (let number = 0; number < trees.count; number++) {
        const found = await target.getTree(treeName(number));
        const expected = trees.files(number);
        const named = (files: readonly Scanned[]): string[] => files.map(({ name }) => name);
        sameNames(named(found), named(expected));
        for (const [index, { name, content }] of expected.entries()) {
          sameBytes((found[index] as Scanned).content, content, `${treeName(number)}/${name}`);
        }
      }
      return trees.count * settings.records;
    },
  };
}

/** Streams of random bytes, in or out. */
function openStreams(target: RunTarget, settings: WorkloadSettings, isReading: boolean) {
  const { seed, sizeBytes, records } = settings;
  const hashes: string[] = [];
  let reads = 0;
  const put = (): Operation => {
    const content = seededBytes(`${seed} stream ${hashes.length}`, sizeBytes);
    const name = recordName(hashes.push(sha256Of(content)) - 1);
    return {
      kind: 'stream',
      run: async () => {
        await target.putStream(name, inPieces(content));
        return () => content.length;
      },
    };
  };
  const read = (index: number): Operation => ({
    kind: 'read',
    run: async () => {
      const found = await target.get(recordName(index));
      return () => {
        if (found !== undefined && sha256Of(found) === hashes[index]) return found.length;
        throw new WrongAnswer(`${recordName(index)} is not as it was stored`);
      };
    },
  });
  return {
    load: () => inLanes(1, records, async () => void (await put().run())()),
    next: () => (isReading ? read(reads++ % records) : put()),
    verify: async () => {
      await inLanes(2, hashes.length, async (index) => void (await read(index).run())());
      return hashes.length;
    },
  } satisfies OpenWorkload;
}

export const runWorkloads: readonly RunWorkload[] = [
  {
    name: 'fill-tree',
    summary: 'new trees of files, each in one run',
    isForTools: true,
    defaults: { records: 200, sizeBytes: 64 * 1024 },
    open: (target, settings) => openTrees(target, settings, 0),
  },
  {
    name: 'dedup-tree',
    summary: 'trees of which some files are as in the tree before, each in one run',
    isForTools: true,
    defaults: { records: 200, sizeBytes: 64 * 1024 },
    open: (target, settings) => openTrees(target, settings, settings.duplicates),
  },
  {
    name: 'write-stream',
    summary: 'large streams of random bytes, in',
    isForTools: true,
    defaults: { records: 0, sizeBytes: 32 * 2 ** 20 },
    open: (target, settings) => openStreams(target, settings, false),
  },
  {
    name: 'read-stream',
    summary: 'the same, out',
    isForTools: true,
    defaults: { records: 2, sizeBytes: 32 * 2 ** 20 },
    open: (target, settings) => openStreams(target, settings, true),
  },
];
