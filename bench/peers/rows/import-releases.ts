/**
 * What does it take to store release after release, as a backup does it every night?
 */

import { checkLoaded } from '../imported-trees.ts';
import { fasterOf, noArchiver } from '../faster-archiver.ts';
import { type Archiver, otherArchivers, varveArchiver } from '../archivers.ts';
import { ProcessorTime } from '../processor-time.ts';
import type { Row } from '../row.ts';
import { noReleases, releasesOf } from '../trees.ts';
import { inTurns, type Party } from '../turns.ts';

export const importReleases: Row = {
  name: 'import-releases',
  work: 'import ts, release by release, a process each',
  how:
    'varve import --delete into a versioned bucket; restic backup (compression auto) and borg ' +
    'create (zstd,3, no encryption), each into a new repository in each turn. Time that passed, ' +
    'process starts included. A release in the middle comes back byte for byte.',
  comparisons: [{ against: 'the faster of restic and borg', goal: { timesAsFast: 3 } }],
  measure: async (place) => {
    const releases = await releasesOf(place);
    if (releases === undefined) return [noReleases];
    const others = otherArchivers('on');
    if (others.length === 0) return [noArchiver];
    const middle = releases[Math.floor(releases.length / 2)] as (typeof releases)[number];
    const processorTime = new ProcessorTime();
    const partyOf = (archiver: Archiver): Party => {
      return () =>
        place.inFolder(archiver.name, async (folder) => {
          await archiver.init(folder);
          let [seconds, cpuSeconds] = [0, 0];
          for (const { version, folder: source } of releases) {
            const cost = await archiver.store(folder, version, source);
            seconds += cost.seconds;
            cpuSeconds += cost.cpuSeconds;
          }
          processorTime.add(archiver.name, cpuSeconds);
          await checkLoaded(place, { archiver, folder }, middle.version, middle.folder);
          return seconds;
        });
    };
    const parties = [varveArchiver(), ...others].map((each) => [each.name, partyOf(each)] as const);
    const measured = fasterOf(await inTurns(place.turns(), Object.fromEntries(parties)), 's');
    return [{ ...measured, note: `${measured.note}; ${processorTime.note}` }];
  },
};
