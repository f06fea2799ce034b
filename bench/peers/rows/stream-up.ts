/**
 * What does a large stream of new bytes cost?
 */

import { copyFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore } from '../../../src/index.ts';
import { type Archiver, otherArchivers } from '../archivers.ts';
import { fasterOf, noArchiver } from '../faster-archiver.ts';
import { checkSame, randomFile, storedName, streamOf } from '../random-file.ts';
import type { Row } from '../row.ts';
import { inTurns, type Party, pairsOf, secondsOf } from '../turns.ts';

export const streamUp: Row = {
  name: 'stream-up',
  work: 'upload 1 GiB of random bytes as a stream',
  how:
    "upload() of a stream of the file, durability 'power', into a new store in each turn; restic " +
    'backup and borg create of the file, both without compression; copyFile() and fsync. The ' +
    'file is in the page cache. Downloads give the same bytes.',
  comparisons: [
    { against: 'the faster of restic and borg, no compression', goal: { timesAsFast: 2 } },
    { against: 'cp and fsync', goal: { timesAsFast: 0.5 } },
  ],
  measure: async (place) => {
    const file = await randomFile(place);
    const ours: Party = () =>
      place.inFolder('varve', async (folder) => {
        await using store = await openStore(folder);
        const bucket = store.bucket('objects');
        const seconds = await secondsOf(() => bucket.upload(storedName, streamOf(file)));
        await checkSame(bucket.downloadStream(storedName), file, 'a download');
        return seconds;
      });
    const copy: Party = () =>
      place.inFolder('copy', (folder) =>
        secondsOf(async () => {
          const path = join(folder, 'copy');
          await copyFile(file.path, path);
          const handle = await open(path, 'r+');
          await handle.sync();
          await handle.close();
        }),
      );
    const archive = (archiver: Archiver): Party => {
      return () =>
        place.inFolder(archiver.name, async (folder) => {
          await archiver.init(folder);
          return (await archiver.store(folder, 'large', file.folder)).seconds;
        });
    };
    const archivers = otherArchivers('off').map((each) => [each.name, archive(each)] as const);
    const parties = { varve: ours, copy, ...Object.fromEntries(archivers) };
    const costs = await inTurns(place.turns(), parties);
    const { copy: copies, ...others } = costs;
    return [
      archivers.length === 0 ? noArchiver : fasterOf(others, 's'),
      { ...fasterOf({ varve: costs.varve, cp: copies }, 's'), turns: pairsOf(costs.varve, copies) },
    ];
  },
};
