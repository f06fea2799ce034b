/**
 * Replaying the journal ends in the same index, whatever of it the index holds already: nothing,
 * everything, or some of the batches that LevelDB was given after the checkpoint and not others.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Database, memoryLevel, type Row } from '../../../src/engine/index/database.ts';
import { IndexStore } from '../../../src/engine/index/index-store.ts';
import { LogFiles } from '../../../src/engine/log/log-files.ts';
import {
  recoverJournal,
  replayJournal,
  type JournalGroup,
  type RecoveredJournal,
} from '../../../src/engine/log/recovery.ts';
import { decodeSuperblock } from '../../../src/engine/log/superblock.ts';
import type { Platform } from '../../../src/engine/platform/platform.ts';
import { replay } from '../../../src/engine/replay.ts';
import { arbitraryLife, live, type Deed } from '../../support/random-life.ts';
import { mustGetFile, readFiles } from '../../support/stored-files.ts';
import { openEngine, storeFolder, testPlatform } from '../../support/test-engine.ts';

interface Recording {
  readonly platform: Platform;
  readonly files: LogFiles;
  readonly recovered: RecoveredJournal;
  readonly groups: readonly JournalGroup[];
}

async function record(
  life: readonly (readonly Deed[])[],
  platform: Platform = testPlatform(),
): Promise<Recording> {
  const { crc32 } = platform.hashing;
  const engine = await openEngine(platform);
  await live(engine, life);
  await engine.totals();
  await engine.sync();
  const stored = await readFiles(platform.fileSystem, storeFolder);
  const storeId = decodeSuperblock(crc32, mustGetFile(stored, 'VARVE'))?.storeId;
  if (storeId === undefined) throw new Error('the store was made');
  const files = await LogFiles.open(platform.fileSystem, crc32, storeFolder, storeId);
  const recovered = await recoverJournal(files, crc32);
  const groups: JournalGroup[] = [];
  for await (const group of replayJournal(files, crc32, recovered.end)) groups.push(group);
  return { platform, files, recovered, groups };
}

/** Replays groups from one place to another onto rows, and returns the rows after that. */
async function replayOnto(
  { platform, files, recovered, groups }: Recording,
  rows: ReadonlyMap<string, Uint8Array>,
  range: { readonly from: number; readonly to: number },
): Promise<Map<string, Uint8Array>> {
  const database = await Database.open(platform.hashing.crc32, undefined);
  await database.write([...rows].map(([key, value]) => ({ key, value })));
  const last = groups[range.to - 1] as JournalGroup;
  const end = { fileId: last.position.fileId, end: last.next.offset, chain: last.next.chain };
  const position = groups[range.from - 1]?.position;
  const from = position === undefined ? undefined : { position };
  await replay(platform, files, new IndexStore(database), { ...recovered, end }, from);
  const found = await database.range({ gte: '', lt: '\xff', limit: 1_000_000 });
  await database.close();
  return rowsThatCount(found);
}

/** Without what is only advisory (candidates for freeing) and what the index says of itself. */
function rowsThatCount(rows: readonly Row[]): Map<string, Uint8Array> {
  return new Map(
    rows.filter(({ key }) => !/^[djmx]/.test(key)).map(({ key, value }) => [key, value]),
  );
}

/** What a group changed, as LevelDB was given it: in one batch. */
type Batch = ReadonlyMap<string, Uint8Array | undefined>;

function differenceOf(
  before: ReadonlyMap<string, Uint8Array>,
  after: ReadonlyMap<string, Uint8Array>,
): Batch {
  const batch = new Map<string, Uint8Array | undefined>();
  for (const key of before.keys()) if (!after.has(key)) batch.set(key, undefined);
  for (const [key, value] of after) {
    if (Buffer.compare(value, before.get(key) ?? new Uint8Array(0)) !== 0) batch.set(key, value);
    else if (!before.has(key)) batch.set(key, value);
  }
  return batch;
}

test('an index made from the journal has the rows that the committer made', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryLife, async (life) => {
      const shared = memoryLevel();
      const platform = testPlatform({ indexIn: () => shared });
      const recording = await record(life, platform);
      const grown = await Database.open(platform.hashing.crc32, storeFolder, () => shared);
      const rows = await grown.range({ gte: '', lt: '\xff', limit: 1_000_000 });
      const count = recording.groups.length;
      const rebuilt = await replayOnto(recording, new Map(), { from: 0, to: count });
      expect(rebuilt).toEqual(rowsThatCount(rows));
      expect(rebuilt.size).toBeGreaterThan(0);
    }),
    { numRuns: 25 },
  );
});

test('replaying over any of the later batches gives the same rows', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryLife,
      fc.nat(),
      fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
      async (life, choice, isThere) => {
        const recording = await record(life);
        const count = recording.groups.length;
        const states = [new Map<string, Uint8Array>()];
        for (let i = 0; i < count; i++) {
          const before = states[i] as Map<string, Uint8Array>;
          states.push(await replayOnto(recording, before, { from: i, to: i + 1 }));
        }
        const whole = states[count] as Map<string, Uint8Array>;
        expect(await replayOnto(recording, new Map(), { from: 0, to: count })).toEqual(whole);
        expect(await replayOnto(recording, whole, { from: 0, to: count })).toEqual(whole);

        const checkpoint = choice % (count + 1);
        const holed = new Map(states[checkpoint]);
        for (let i = checkpoint; i < count; i++) {
          if (isThere[i % isThere.length] !== true) continue;
          const [before, after] = [states[i], states[i + 1]];
          if (before === undefined || after === undefined) continue;
          for (const [key, value] of differenceOf(before, after)) {
            if (value === undefined) holed.delete(key);
            else holed.set(key, value);
          }
        }
        const replayed = await replayOnto(recording, holed, { from: checkpoint, to: count });
        expect(replayed).toEqual(whole);
      },
    ),
    { numRuns: 40 },
  );
});
