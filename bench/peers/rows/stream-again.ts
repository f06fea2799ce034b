/**
 * What does it cost to be given bytes that are there already?
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { openStore } from '../../../src/index.ts';
import { inPieces } from '../../../src/cli/bench/run-workloads.ts';
import { fasterOf } from '../faster-archiver.ts';
import { checkSame, randomFile, storedBucket, storedFile } from '../random-file.ts';
import type { Row } from '../row.ts';
import { inTurns, secondsOf } from '../turns.ts';

export const streamAgain: Row = {
  name: 'stream-again',
  work: 'the same bytes again under another name',
  how:
    'The bytes are in memory, in pieces of 64 KiB. Varve cuts, hashes and looks up every chunk; ' +
    'the other side only hashes the pieces with SHA-256. The new object has the same bytes.',
  comparisons: [{ against: 'SHA-256 alone of the bytes', goal: { timesAsFast: 0.6 } }],
  measure: async (place) => {
    const file = await randomFile(place);
    await using store = await openStore(await storedFile(place));
    const bucket = store.bucket(storedBucket);
    const pieces = inPieces(await readFile(file.path));
    let uploads = 0;
    const costs = await inTurns(place.turns(2), {
      varve: () => secondsOf(() => bucket.upload(`again-${uploads++}`, pieces)),
      'SHA-256': () =>
        secondsOf(async () => {
          const hash = createHash('sha256');
          for (const piece of pieces) hash.update(piece);
          if (hash.digest('hex') !== file.sha256) throw new Error('the file has changed');
        }),
    });
    await checkSame(bucket.downloadStream('again-0'), file, 'a download');
    return [fasterOf(costs, 's')];
  },
};
