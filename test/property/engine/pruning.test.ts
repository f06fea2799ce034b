/**
 * Whatever happened in a store: what a removal would free is what it frees, and pruning removes
 * what the rule says, no more and no less, now or when it is interrupted.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { versionsToRemove } from '../../../src/engine/maintenance/retention.ts';
import type {
  NamedVersion,
  ObjectVersion,
  RetentionRule,
  Totals,
  Version,
} from '../../../src/engine/model.ts';
import { arbitraryLife, everyLockIsOverMs, live } from '../../support/random-life.ts';
import { complaintsAbout, openEngine, TestClock, testPlatform } from '../../support/test-engine.ts';

const rules: fc.Arbitrary<RetentionRule> = fc.constantFrom<RetentionRule[]>(
  { keepLast: 1 },
  { keepLast: 2 },
  { keepLast: 3 },
  { daily: 1 },
  { keepForMs: 1 },
);

async function versionsIn(engine: Engine, bucketName: string): Promise<NamedVersion[]> {
  const bucketId = engine.bucket(bucketName)?.id ?? 0;
  return engine.versions.versions(bucketId, {}, 10_000);
}

async function* objectsOf(entries: readonly NamedVersion[]): AsyncGenerator<ObjectVersion> {
  for (const { version } of entries)
    if (version.kind === 'object') yield await Promise.resolve(version);
}

/** What is gone from one state of a store to the next. */
function difference(
  before: Totals,
  after: Totals,
): Record<'versions' | 'deleteMarkers' | 'logicalBytes' | 'storedBytes', number> {
  return {
    versions: before.versions - after.versions,
    deleteMarkers: before.deleteMarkers - after.deleteMarkers,
    logicalBytes: before.logicalBytes - after.logicalBytes,
    storedBytes: before.storedBytes - after.storedBytes,
  };
}

/** What a rule removes, name by name. */
function expectedOf(
  entries: readonly NamedVersion[],
  rule: RetentionRule,
  nowMs: number,
): string[] {
  const names = new Map<string, Version[]>();
  for (const { name, version } of entries) {
    names.set(name, [...(names.get(name) ?? []), version]);
  }
  return [...names].flatMap(([name, history]) =>
    versionsToRemove(history, rule, nowMs).map(({ lsn }) => `${name} ${lsn}`),
  );
}

function linesOf(entries: readonly NamedVersion[]): string[] {
  return entries.map(({ name, version }) => `${name} ${version.lsn}`);
}

test('what the removal of some versions would free is what it frees', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryLife,
      fc.constantFrom('versioned', 'plain'),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
      async (life, bucketName, isChosen) => {
        const clock = new TestClock();
        const engine = await openEngine(testPlatform({ clock }));
        await live(engine, life);
        clock.timeMs = everyLockIsOverMs;
        const chosen = (await versionsIn(engine, bucketName)).filter(
          (_, i) => isChosen[i % isChosen.length],
        );
        const freed = await engine.pruner.wouldFree(objectsOf(chosen));
        const before = await engine.totals();
        const bucket = engine.bucket(bucketName);
        for (const { name, version } of chosen) {
          if (bucket !== undefined) await engine.purge(bucket, name, version.lsn);
        }
        expect(difference(before, await engine.totals())).toMatchObject(freed);
        await engine.close();
      },
    ),
    { numRuns: 50 },
  );
});

test('pruning removes what the rule does not keep, and frees what it said', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryLife, rules, fc.boolean(), async (life, rule, isLocked) => {
      const clock = new TestClock();
      const engine = await openEngine(testPlatform({ clock }));
      await live(engine, life);
      clock.timeMs = isLocked ? clock.timeMs + 10 : everyLockIsOverMs;
      const bucket = await engine.ensureBucket('versioned', {});
      const entries = await versionsIn(engine, 'versioned');
      const before = await engine.totals();
      const buckets = [{ bucket, rule }];
      const wouldBe = await engine.pruner.prune({ buckets, isDryRun: true });
      expect(await engine.totals()).toEqual(before);
      const pruned = await engine.pruner.prune({ buckets, isDryRun: false });
      expect(pruned).toEqual(wouldBe);
      expect(difference(before, await engine.totals())).toEqual(pruned);
      const gone = new Set(expectedOf(entries, rule, clock.timeMs));
      const left = linesOf(entries).filter((line) => !gone.has(line));
      expect(linesOf(await versionsIn(engine, 'versioned'))).toEqual(left);
      expect(await complaintsAbout(engine)).toEqual([]);
      await engine.close();
    }),
    { numRuns: 50 },
  );
});

test('the background removes at most what the rule of the bucket says', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryLife, rules, fc.nat(6), async (life, rule, looks) => {
      const clock = new TestClock();
      const engine = await openEngine(testPlatform({ clock }));
      await live(engine, life);
      clock.timeMs = everyLockIsOverMs;
      const entries = await versionsIn(engine, 'versioned');
      await engine.ensureBucket('versioned', { retention: rule });
      const gone = new Set(expectedOf(entries, rule, clock.timeMs));
      // Interrupted by a close while it is at work, or finished.
      clock.runScheduled();
      for (let i = 0; i < looks; i++) await clock.yield();
      await engine.pruner.stop();
      const left = linesOf(await versionsIn(engine, 'versioned'));
      expect(left).toEqual(
        expect.arrayContaining(linesOf(entries).filter((line) => !gone.has(line))),
      );
      expect(await complaintsAbout(engine)).toEqual([]);
      await engine.close();
    }),
    { numRuns: 40 },
  );
});
