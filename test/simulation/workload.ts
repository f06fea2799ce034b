/**
 * What a simulated user does: steps of deeds, those of one step at the same time.
 *
 * Deeds of one step are about different names, so that it is known what each name may be, whichever
 * of them a crash cuts off. Their order in the journal is the engine's business.
 */

import {
  compact,
  copy,
  kill,
  loseIndex,
  optimize,
  optimizeInParts,
  purge,
  put,
  remove,
  reopen,
  settle,
  sync,
  timer,
  type Content,
  type Deed,
} from './deed.ts';
import { Random } from './random.ts';

export interface Workload {
  readonly name: string;
  /** Whether it begins without a store. */
  readonly isBirth?: boolean;
  /** Whether log files get parity. */
  readonly hasParity?: boolean;
  /** Calls that take long, each as its name and path; of a write the path and its bytes. */
  readonly slow?: RegExp;
  readonly steps: readonly (readonly Deed[])[];
}

/** What must be met whatever the seed: every kind of deed, and every kind of meeting. */
export const workloads: readonly Workload[] = [
  {
    name: 'birth',
    isBirth: true,
    steps: [
      [{ kind: 'makeBucket', bucket: 'notes' }],
      [put('notes', 'a', 'text 1 40')],
      [reopen],
      [{ kind: 'makeBucket', bucket: 'drafts' }],
      [put('drafts', 'b', 'bytes 2 700')],
    ],
  },
  {
    name: 'small',
    steps: [
      [put('notes', 'a', 'text 3 30')],
      [put('notes', 'a', 'text 4 600'), put('drafts', 'b', 'bytes 5 50')],
      [put('notes', 'c', 'text 6 20', 'os')],
      [put('drafts', 'b', 'text 7 90', 'os')],
      [put('notes', 'd', 'text 8 10')],
    ],
  },
  {
    name: 'os only',
    steps: [
      [put('notes', 'a', 'text 9 30', 'os')],
      [put('notes', 'b', 'bytes 10 700', 'os'), put('drafts', 'c', 'text 11 50', 'os')],
      [put('notes', 'a', 'text 12 10', 'os')],
      [timer],
      [put('drafts', 'c', 'bytes 13 20', 'os')],
      [sync],
      [put('notes', 'e', 'bytes 14 10', 'os')],
    ],
  },
  {
    name: 'segments',
    steps: [
      [put('notes', 'large', 'bytes 15 4000')],
      [put('drafts', 'x', 'bytes 16 2500'), put('notes', 's', 'text 17 20', 'os')],
      [put('drafts', 'large', 'bytes 15 4000', 'os')],
      [put('notes', 'y', 'bytes 18 5000'), put('notes', 'z', 'bytes 18 5000')],
    ],
  },
  {
    name: 'removals',
    steps: [
      [put('notes', 'a', 'text 19 300'), put('drafts', 'b', 'bytes 20 900')],
      [put('notes', 'a', 'text 21 300')],
      [remove('notes', 'a'), remove('drafts', 'b')],
      [settle],
      [purge('notes', 'a', 0)],
      [purge('notes', 'a', 0), put('drafts', 'b', 'bytes 20 900')],
      [settle],
      [put('notes', 'c', 'text 21 300')],
      [purge('notes', 'a', 0)],
      [remove('notes', 'missing')],
    ],
  },
  {
    name: 'sharing',
    steps: [
      [put('notes', 'a', 'bytes 22 1200')],
      [copy('notes', 'b', 'a'), put('drafts', 'c', 'bytes 22 1200', 'os')],
      [purge('notes', 'a', 0), remove('drafts', 'c')],
      [settle],
      [purge('notes', 'b', 0)],
      [settle, put('drafts', 'd', 'bytes 22 1200')],
      [copy('drafts', 'e', 'd')],
    ],
  },
  {
    name: 'reopening',
    steps: [
      [put('notes', 'a', 'text 23 30', 'os')],
      [reopen],
      [put('notes', 'b', 'text 24 30', 'os'), put('drafts', 'c', 'bytes 25 2000')],
      [reopen],
      [reopen],
      [remove('notes', 'a')],
      [put('notes', 'a', 'text 26 30', 'os')],
    ],
  },
  {
    name: 'kills',
    steps: [
      [put('notes', 'a', 'text 40 30', 'os')],
      [kill],
      [put('notes', 'b', 'text 41 30', 'os')],
      [kill],
      [kill],
      [put('drafts', 'c', 'bytes 42 1800')],
      [put('notes', 'a', 'text 43 30', 'os'), remove('drafts', 'c')],
      [kill],
      [put('notes', 'd', 'text 44 30', 'os')],
    ],
  },
  {
    name: 'index lost',
    steps: [
      [put('notes', 'a', 'text 45 30')],
      [put('notes', 'a', 'text 46 30'), put('drafts', 'b', 'bytes 47 1800')],
      [loseIndex],
      [remove('drafts', 'b')],
      [kill],
      [put('notes', 'c', 'text 48 30', 'os')],
      [purge('notes', 'a', 0)],
      [kill],
      [put('drafts', 'd', 'text 49 30')],
    ],
  },
  {
    name: 'compacting',
    steps: [
      [put('drafts', 'a', 'bytes 60 2500'), put('notes', 'k', 'bytes 61 2500')],
      [put('drafts', 'b', 'bytes 62 1200'), put('drafts', 'c', 'bytes 63 1900')],
      [put('drafts', 'a', 'bytes 64 2500'), put('drafts', 'c', 'bytes 65 1900')],
      [remove('drafts', 'b')],
      [reopen],
      [compact],
      [put('notes', 'tail', 'text 66 30', 'os')],
      [compact, put('drafts', 'b', 'bytes 62 1200')],
    ],
  },
  {
    name: 'deltas',
    steps: [
      [put('notes', 'a', 'text 90 700')],
      [put('notes', 'a', 'edited 90 700 1'), put('drafts', 'b', 'edited 90 700 2', 'os')],
      [put('notes', 'a', 'edited 90 700 3', 'os'), put('notes', 'large', 'text 91 5000')],
      [purge('notes', 'a', 2), put('notes', 'large', 'edited 91 5000 1')],
      [settle],
      [kill],
      [put('notes', 'a', 'edited 90 700 4'), remove('drafts', 'b')],
      [put('notes', 'large', 'edited 91 5000 2')],
      [purge('notes', 'large', 1), compact],
      [loseIndex],
      [purge('notes', 'large', 0), purge('notes', 'a', 0)],
      [settle],
      [put('drafts', 'b', 'edited 90 700 5')],
    ],
  },
  {
    name: 'optimizing',
    steps: [
      [put('notes', 'a', 'text 90 700'), put('drafts', 'b', 'bytes 62 1900')],
      [put('notes', 'a', 'edited 90 700 1'), put('notes', 'c', 'text 91 1500')],
      [put('notes', 'a', 'edited 90 700 3'), put('notes', 'c', 'edited 91 1500 1')],
      [optimize],
      [put('notes', 'a', 'edited 90 700 4', 'os'), purge('notes', 'c', 1)],
      [optimize, put('drafts', 'b', 'edited 90 700 2'), put('notes', 'c', 'edited 91 1500 2')],
      // What was made a delta of the newest needs it still.
      [purge('notes', 'a', 0)],
      [settle],
      [loseIndex],
      [optimizeInParts, put('notes', 'c', 'edited 91 1500 3')],
    ],
  },
  {
    name: 'rolling',
    steps: [
      [put('notes', 'a', 'bytes 27 1400')],
      [put('notes', 'b', 'bytes 28 1400'), put('notes', 'c', 'bytes 29 1400')],
      [put('drafts', 'd', 'bytes 30 1400', 'os'), put('drafts', 'e', 'bytes 31 1400')],
      [put('notes', 'f', 'bytes 32 1400')],
      [put('drafts', 'd', 'bytes 33 1400'), put('notes', 'g', 'bytes 34 1400')],
      [put('notes', 'h', 'bytes 35 1400')],
      [put('notes', 'i', 'bytes 36 10', 'os')],
    ],
  },
];

/** A workload that a seed makes. */
export function drawnWorkload(seed: number): Workload {
  const random = new Random(seed);
  const stepCount = 4 + random.below(8);
  const steps: Deed[][] = [];
  for (let step = 0; step < stepCount; step++) {
    const names = ['a', 'b', 'c'].filter(() => random.below(2) === 0);
    const drawn = names.map((name) => drawnDeed(random, name));
    // What is copied must be known, so a copy is made while nothing else is done.
    const copying = drawn.find(({ kind }) => kind === 'copy');
    const deeds = copying === undefined ? drawn : [copying];
    if (random.below(4) === 0) deeds.push(random.of([sync, timer, settle, compact]));
    if (random.below(6) === 0) steps.push([random.of([reopen, kill, kill, loseIndex])]);
    if (deeds.length > 0) steps.push(deeds);
  }
  return { name: `drawn ${seed}`, steps };
}

function drawnDeed(random: Random, name: string): Deed {
  // The bucket follows from the name and the drawing, so a name may live in both.
  const bucket = random.of(['notes', 'drafts'] as const);
  const kind = random.below(10);
  if (kind < 5) {
    const [make, bytes] = random.of([
      ['text', 20],
      ['bytes', 90],
      ['text', 500],
      ['bytes', 900],
      ['edited', 500],
      ['edited', 500],
      ['bytes', 1600],
      ['bytes', 3000],
    ] as const);
    const durability = random.of(['power', 'os'] as const);
    // Few texts and many edits of them, so that a text often comes upon what it resembles.
    const content =
      make === 'edited'
        ? (`${make} ${random.below(2)} ${bytes} ${random.below(9)}` as const)
        : (`${make} ${random.below(6)} ${bytes}` as const);
    return put(bucket, name, content, durability);
  }
  if (kind < 7) return remove(bucket, name);
  if (kind < 9) return purge(bucket, name, random.below(2));
  return copy(bucket, name, random.of(['a', 'b', 'c']));
}

/** All contents that a workload stores. */
export function contentsOf({ steps }: Workload): Content[] {
  return steps.flat().flatMap((deed) => (deed.kind === 'upload' ? [deed.content] : []));
}
