/**
 * Workloads that list: all names, and folder by folder.
 *
 * @module
 */

import { randomSequence } from '../torture/random-sequence.ts';
import { randomContent, Records, sameNames } from './records.ts';
import type { Target } from './target.ts';
import type { Operation, Workload } from './workload.ts';

const defaults = { records: 5000, sizeBytes: 100 };

function listing(list: () => Promise<string[]>, expected: readonly string[]): Operation {
  return {
    kind: 'list',
    run: async () => {
      const found = await list();
      return () => {
        sameNames(found, expected);
        return 0;
      };
    },
  };
}

/** The folders of some names, in order, each with what lies in it. */
function foldersOf(names: readonly string[]): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const name of names) {
    const folder = name.slice(0, name.indexOf('/') + 1);
    folders.set(folder, [...(folders.get(folder) ?? []), name]);
  }
  return folders;
}

export const listWorkloads: readonly Workload[] = [
  {
    name: 'list',
    summary: 'all names, from the first to the last',
    defaults,
    open: (target: Target, settings) => {
      const records = new Records(target, randomContent(settings));
      let names: readonly string[] = [];
      return {
        load: async () => {
          await records.load(settings.records);
          names = records.names;
        },
        next: () => listing(() => target.list(), names),
        verify: () => records.verify(),
      };
    },
  },
  {
    name: 'list-delimiter',
    summary: 'what lies in one folder of many; every tenth time, all folders',
    defaults,
    open: (target: Target, settings) => {
      const records = new Records(target, randomContent(settings));
      const random = randomSequence(settings.seed);
      let folders: readonly (readonly [string, readonly string[]])[] = [];
      return {
        load: async () => {
          await records.load(settings.records);
          folders = [...foldersOf(records.names)];
        },
        next: () => {
          const position = Math.floor(random() * folders.length);
          const [folder, names] = folders[position] as readonly [string, readonly string[]];
          if (random() >= 0.1) return listing(() => target.listFolder(folder), names);
          const all = folders.map(([each]) => each);
          return listing(() => target.listFolder(''), all);
        },
        verify: () => records.verify(),
      };
    },
  },
];
