/**
 * What does it cost to get a large stream back, verified?
 */

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore } from '../../../src/index.ts';
import { type Archiver, otherArchivers } from '../archivers.ts';
import { fasterOf, noArchiver } from '../faster-archiver.ts';
import {
  checkSame,
  fileName,
  pieceBytes,
  type RandomFile,
  randomFile,
  storedBucket,
  storedFile,
  storedName,
} from '../random-file.ts';
import type { Row } from '../row.ts';
import { inTurns, pairsOf, type Party, secondsOf } from '../turns.ts';
import type { Workplace } from '../workplace.ts';

export const streamDown: Row = {
  name: 'stream-down',
  work: 'download 1 GiB, page cache warm, verified',
  how:
    'downloadStream(), read to its end; restic restore and borg extract write a file, as they ' +
    'do; plainly is FileHandle.read() of 1 MiB at a time. What they restore has the same bytes, ' +
    'and so has a download.',
  comparisons: [
    { against: 'the faster of restic restore and borg extract', goal: { timesAsFast: 4 } },
    { against: 'reading the file plainly', goal: { timesAsFast: 0.5 } },
  ],
  measure: async (place) => {
    const file = await randomFile(place);
    await using store = await openStore(await storedFile(place));
    const bucket = store.bucket(storedBucket);
    const archivers: [string, Party][] = [];
    for (const each of otherArchivers('off')) {
      archivers.push([each.name, await restoreOf(place, file, each)]);
    }
    const costs = await inTurns(place.turns(), {
      varve: () => secondsOf(() => drain(bucket.downloadStream(storedName), file)),
      plain: () => secondsOf(() => readPlainly(file)),
      ...Object.fromEntries(archivers),
    });
    const { plain, ...others } = costs;
    return [
      archivers.length === 0 ? noArchiver : fasterOf(others, 's'),
      { ...fasterOf({ varve: costs.varve, plain }, 's'), turns: pairsOf(costs.varve, plain) },
    ];
  },
};

async function drain(stream: AsyncIterable<Uint8Array>, { bytes }: RandomFile): Promise<void> {
  let found = 0;
  for await (const piece of stream) found += piece.length;
  if (found !== bytes) throw new Error(`${found} of ${bytes} bytes came back`);
}

async function readPlainly({ path, bytes }: RandomFile): Promise<void> {
  const file = await open(path);
  const piece = Buffer.allocUnsafe(pieceBytes);
  let found = 0;
  for (;;) {
    const { bytesRead } = await file.read(piece, 0, piece.length, found);
    if (bytesRead === 0) break;
    found += bytesRead;
  }
  await file.close();
  if (found !== bytes) throw new Error(`${found} of ${bytes} bytes came back`);
}

/** Stores the file once, and returns what restores it. */
async function restoreOf(place: Workplace, file: RandomFile, archiver: Archiver): Promise<Party> {
  const folder = place.newFolder(archiver.name);
  await archiver.init(folder);
  await archiver.store(folder, 'large', file.folder);
  return () =>
    place.inFolder('restored', async (target) => {
      const { seconds } = await archiver.load(folder, 'large', target);
      await checkSame(createReadStream(join(target, fileName)), file, archiver.name);
      return seconds;
    });
}
