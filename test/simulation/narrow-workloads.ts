/**
 * Workloads that are aimed at one mistake each, and met by `npm run torture` too.
 */

import {
  compact,
  giveUp,
  kill,
  later,
  loseIndex,
  put,
  remove,
  reopen,
  settle,
  sync,
} from './deed.ts';
import type { Workload } from './workload.ts';

const manyNames = Array.from({ length: 16 }, (_, at) => `n${at}`);

export const narrowWorkloads: readonly Workload[] = [
  {
    name: 'os rolling',
    steps: [50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61].map((seed) => [
      put('notes', `n${seed}`, `bytes ${seed} 1100`, 'os'),
    ]),
  },
  { name: 'long', steps: [[put('notes', 'long', 'bytes 70 14000')], [sync]] },
  {
    name: 'wide',
    steps: [
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((name) =>
        put('notes', name.repeat(60), 'text 71 20', 'os'),
      ),
    ],
  },
  {
    name: 'alternating',
    steps: [80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91].map((seed) => [
      put('notes', `n${seed}`, `text ${seed} 20`, seed % 3 === 2 ? 'os' : 'power'),
    ]),
  },
  {
    name: 'one by one',
    // Room, which is made while commits go on.
    slow: /^write .*journal.* 2048$/,
    steps: [100, 101, 102, 103, 104, 105, 106, 107].map((seed) => [
      put('notes', `n${seed}`, `text ${seed} 20`),
    ]),
  },
  {
    name: 'os after reopening',
    steps: [
      [put('notes', 'a', 'text 72 20', 'os')],
      [reopen],
      [put('notes', 'b', 'text 73 20', 'os')],
    ],
  },
  {
    name: 'index lost behind a checkpoint',
    steps: [
      [put('notes', 'a', 'bytes 27 1100')],
      [put('notes', 'b', 'bytes 28 1100'), put('notes', 'c', 'bytes 29 1100')],
      [put('drafts', 'd', 'bytes 30 1100'), put('drafts', 'e', 'bytes 31 1100')],
      [put('notes', 'f', 'bytes 32 1100'), put('notes', 'g', 'bytes 34 1100')],
      [put('notes', 'h', 'bytes 35 1100')],
      [loseIndex],
      [put('notes', 'i', 'text 36 10')],
    ],
  },
  {
    name: 'compacting, index lost',
    steps: [
      [put('drafts', 'a', 'bytes 60 2500'), put('notes', 'k', 'bytes 61 2500')],
      [put('drafts', 'b', 'bytes 62 1200'), put('drafts', 'c', 'bytes 63 1900')],
      [put('drafts', 'a', 'bytes 64 2500'), put('drafts', 'c', 'bytes 65 1900')],
      [reopen],
      [compact],
      [remove('drafts', 'b')],
      [settle],
      [compact],
      [loseIndex],
      [put('notes', 'tail', 'text 66 30')],
    ],
  },
  {
    name: 'removed while compacting',
    steps: [
      [put('drafts', 'a', 'bytes 60 2500'), put('drafts', 'b', 'bytes 61 2500')],
      [put('drafts', 'c', 'bytes 62 2500'), put('drafts', 'd', 'bytes 63 1900')],
      [put('drafts', 'a', 'text 64 20'), put('drafts', 'c', 'text 65 20')],
      [settle],
      [compact, remove('drafts', 'b'), remove('drafts', 'd'), settle],
      [compact],
      [put('drafts', 'e', 'bytes 66 2500'), put('drafts', 'f', 'bytes 67 2500')],
      [put('drafts', 'g', 'bytes 68 2500'), put('drafts', 'f', 'text 67 20')],
      [settle],
      [compact, remove('drafts', 'e'), remove('drafts', 'g'), settle],
      [compact],
      [put('drafts', 'b', 'bytes 61 2500')],
    ],
  },
  {
    // The file with the copies has the highest id, and too little garbage to be compacted itself.
    name: 'given up',
    steps: [
      [put('drafts', 'a', 'bytes 60 4500')],
      [remove('drafts', 'a')],
      [settle],
      [compact],
      [put('drafts', 'b', 'bytes 61 3600'), put('drafts', 'c', 'bytes 62 1600')],
      [remove('drafts', 'b')],
      [reopen],
      [settle],
      [put('notes', 'a', 'text 64 30')],
      [giveUp(600)],
      [remove('drafts', 'c')],
      [settle],
      [compact],
      [kill],
      [put('notes', 'b', 'text 65 30')],
    ],
  },
  {
    name: 'parity',
    hasParity: true,
    steps: [
      [put('drafts', 'a', 'bytes 60 2500'), put('notes', 'k', 'text 61 30', 'os')],
      [kill],
      [compact],
      [put('drafts', 'b', 'bytes 62 2500')],
      [put('drafts', 'a', 'text 64 30'), put('drafts', 'b', 'text 65 30', 'os')],
      [reopen],
      [compact],
    ],
  },
  {
    // So that commits that are not safe wait for LevelDB beside some that are.
    name: 'slow index',
    slow: /^batch/,
    steps: [
      [put('notes', 'a', 'text 100 20')],
      [put('notes', 'b', 'text 101 20')],
      ...[102, 103, 104, 105, 106, 107, 108, 109, 110, 111].map((seed) => [
        put('notes', `n${seed}`, `text ${seed} 20`, 'os'),
      ]),
    ],
  },
  {
    name: 'synced half way',
    steps: [1, 2, 3].map((round) => [
      ...Array.from({ length: 8 }, () => later(sync, 400)),
      ...['a', 'b', 'c', 'd', 'e', 'f'].map((name, at) =>
        put('notes', name, `bytes ${round * 100 + at} 1300`, 'os'),
      ),
    ]),
  },
  {
    // The largest moves to a segment what the others brought too, after they asked what is safe.
    name: 'shared while it moves',
    slow: /^sync .*segments/,
    steps: [
      ...[70, 71, 72, 73, 74, 75].map((seed) => [
        put('drafts', 'w', `text ${seed} 20`),
        put('drafts', 'x', `text ${seed + 10} 20`),
        put('notes', 'b', `text ${seed} 6000`),
        later(put('notes', 'a', `text ${seed} 2400`), 200),
        later(put('drafts', 'y', `text ${seed} 1600`), 200),
        later(put('notes', 'c', `text ${seed} 2000`), 200),
      ]),
      [sync],
    ],
  },
  {
    name: 'uploading while compacting',
    steps: [
      [put('drafts', 'z', 'bytes 60 2500'), put('drafts', 'y', 'bytes 61 2500')],
      [put('drafts', 'z', 'text 64 20'), put('drafts', 'y', 'text 65 20')],
      [settle],
      [compact, put('notes', 'long', 'bytes 70 40000'), put('notes', 'longer', 'bytes 71 60000')],
      [compact],
    ],
  },
  {
    // Each commit takes a sector, so the journal goes on in another file before files are let go.
    name: 'removed while a snapshot is taken',
    slow: /compactRange|^rename|^sync .*snapshots/,
    steps: [
      [put('drafts', 'z', 'bytes 60 2500'), put('drafts', 'y', 'bytes 61 2500')],
      manyNames.map((name) => put('drafts', name, 'text 3 20')),
      [put('drafts', 'z', 'text 64 20'), put('drafts', 'y', 'text 65 20')],
      [settle],
      [compact, ...manyNames.map((name) => later(remove('drafts', name), 1500))],
      [settle],
      [put('drafts', 'q', 'text 4 20')],
    ],
  },
];
