/**
 * The core workloads A to F of YCSB, the Yahoo! Cloud Serving Benchmark.
 *
 * The mixes and the popularity of records are YCSB's: half of the operations of A are updates, E
 * scans up to 100 records, D reads what is new. A record is one value of 1000 bytes, and an update
 * replaces it whole: YCSB's ten fields of 100 bytes are a matter of tables.
 *
 * @module
 */

import { randomSequence } from '../torture/random-sequence.ts';
import { randomContent, Records } from './records.ts';
import type { Target } from './target.ts';
import type { Operation, Workload } from './workload.ts';
import { scattered, Zipf } from './zipf.ts';

interface Mix {
  readonly letter: string;
  readonly summary: string;
  /** How much of the operations are not reads, from 0 to 1. */
  readonly otherShare: number;
  readonly other: 'update' | 'insert' | 'read-modify-write';
  /** What is most of it. `'latest'` reads what came in last most often. */
  readonly reads: 'popular' | 'latest' | 'scans';
}

const mixes: readonly Mix[] = [
  {
    letter: 'a',
    summary: 'half reads, half updates',
    otherShare: 0.5,
    other: 'update',
    reads: 'popular',
  },
  {
    letter: 'b',
    summary: '95 % reads, 5 % updates',
    otherShare: 0.05,
    other: 'update',
    reads: 'popular',
  },
  { letter: 'c', summary: 'only reads', otherShare: 0, other: 'update', reads: 'popular' },
  {
    letter: 'd',
    summary: '95 % reads of what is new, 5 % new records',
    otherShare: 0.05,
    other: 'insert',
    reads: 'latest',
  },
  {
    letter: 'e',
    summary: '95 % scans of up to 100 records, 5 % new records',
    otherShare: 0.05,
    other: 'insert',
    reads: 'scans',
  },
  {
    letter: 'f',
    summary: 'half reads, half read and then changed',
    otherShare: 0.5,
    other: 'read-modify-write',
    reads: 'popular',
  },
];

const scanLengthMax = 100;

function ycsb({ letter, summary, otherShare, other, reads }: Mix): Workload {
  return {
    name: `ycsb-${letter}`,
    summary: `YCSB ${letter.toUpperCase()}: ${summary}`,
    defaults: { records: 2000, sizeBytes: 1000 },
    open: (target: Target, settings) => {
      const records = new Records(target, randomContent(settings));
      const random = randomSequence(settings.seed);
      const zipf = new Zipf(random);
      // Only what was there before is drawn by popularity: what comes in may not have arrived yet.
      const { records: loaded } = settings;
      let count = loaded;
      const popular = (): number => scattered(zipf.next(loaded), loaded);
      const next = (): Operation => {
        if (random() < otherShare) {
          if (other === 'insert') return records.put(count++);
          return other === 'update' ? records.put(popular()) : records.readModifyWrite(popular());
        }
        if (reads === 'latest') return records.read(count - 1 - zipf.next(count));
        if (reads === 'popular') return records.read(popular());
        return records.scanAfter(popular(), 1 + Math.floor(random() * scanLengthMax));
      };
      return {
        load: () => records.load(loaded),
        next,
        verify: () => records.verify(),
      };
    },
  };
}

export const ycsbWorkloads: readonly Workload[] = mixes.map(ycsb);
