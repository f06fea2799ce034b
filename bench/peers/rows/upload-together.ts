/**
 * How many small durable uploads are there in a second, with many in flight?
 */

import { fsKind } from '../../../src/cli/bench/fs-target.ts';
import { lmdbKind } from '../../../src/cli/bench/lmdb-target.ts';
import { sqliteKind } from '../../../src/cli/bench/sqlite-target.ts';
import { varveKind } from '../../../src/cli/bench/varve-target.ts';
import type { Row } from '../row.ts';
import { againstTarget, perSecond, secondsEach, targetTurns } from '../target-turns.ts';

export const uploadTogether: Row = {
  name: 'upload-together',
  work: "upload 4 KiB, 'power', 64 in flight",
  how:
    "The workload fill-random of varve bench, durability 'power', a new store in each turn: " +
    'random bytes, names in no order. lmdb waits for put() and then flushed; SQLite commits each ' +
    'in WAL with synchronous=FULL; files are written, synced and renamed, and their folder is ' +
    'synced. Everything is read back and compared, off the clock.',
  comparisons: [
    { against: 'lmdb, durable', goal: { timesAsFast: 1 } },
    { against: 'SQLite, WAL, FULL, a transaction each', goal: { timesAsFast: 6 } },
    { against: 'write, fsync and rename', goal: { timesAsFast: 12 } },
  ],
  measure: async (place) => {
    const costs = await targetTurns(place, {
      kinds: [varveKind, lmdbKind, sqliteKind, fsKind],
      workload: 'fill-random',
      records: 0,
      concurrency: 64,
      operations: place.scale.isSmoke ? place.scale.operations : Infinity,
      cost: secondsEach,
    });
    return ['lmdb', 'sqlite', 'fs'].map((name) => againstTarget(costs, name, perSecond));
  },
};
