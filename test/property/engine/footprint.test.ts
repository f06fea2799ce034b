/**
 * What versions take, whatever happened in a store: it is what the commits counted, what a removal
 * frees, and never more after a step than before it.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import type { Footprint } from '../../../src/engine/maintenance/footprint.ts';
import type { NamedVersion, ObjectVersion } from '../../../src/engine/model.ts';
import { editedText, generatedText } from '../../support/content.ts';
import { gzipMember } from '../../support/gzip.ts';
import { arbitraryLife, live } from '../../support/random-life.ts';
import { openEngine, testPlatform, upload } from '../../support/test-engine.ts';

async function versionsOf(engine: Engine, bucketName: string): Promise<NamedVersion[]> {
  const bucketId = engine.bucket(bucketName)?.id ?? 0;
  return engine.versions.versions(bucketId, {}, 10_000);
}

async function* objectsOf(entries: readonly NamedVersion[]): AsyncGenerator<ObjectVersion> {
  for (const { version } of entries)
    if (version.kind === 'object') yield await Promise.resolve(version);
}

function footprintOf(engine: Engine, entries: readonly NamedVersion[]): Promise<Footprint> {
  return engine.footprint(objectsOf(entries), {});
}

async function everythingIn(engine: Engine): Promise<NamedVersion[]> {
  return [...(await versionsOf(engine, 'versioned')), ...(await versionsOf(engine, 'plain'))];
}

/** Versions of texts that differ a little, so that most chunks are deltas, and a gzip stream. */
async function uploadRelatives(engine: Engine): Promise<void> {
  const bucket = await engine.ensureBucket('versioned', {});
  for (let edit = 0; edit < 4; edit++) {
    await upload(engine, bucket, 'text', editedText(5, 6000, edit));
    await upload(engine, bucket, `copy-${edit % 2}`, editedText(5, 6000, edit + 1));
  }
  await upload(engine, bucket, 'gzip', gzipMember(generatedText(7, 9000)));
}

/** Steps that may only make it less, and sums that must be right. */
function expectConsistent(footprint: Footprint): void {
  const { contentBytes, uniqueBytes, reducedBytes, compressedBytes, storedBytes } = footprint;
  const steps = [contentBytes, uniqueBytes, reducedBytes, compressedBytes];
  expect(steps).toEqual(steps.toSorted((a, b) => b - a));
  expect(compressedBytes + footprint.bookkeepingBytes + footprint.baseBytes).toBe(storedBytes);
  expect(footprint.ownBytes).toBeLessThanOrEqual(storedBytes);
  expect(footprint.readCostMean).toBeLessThanOrEqual(footprint.readCostMax);
  expect(footprint.readCostMax > 1).toBe(footprint.deltas > 0);
}

test('what all versions take is what the commits have counted', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryLife, fc.boolean(), async (life, hasRelatives) => {
      const engine = await openEngine(testPlatform());
      await live(engine, life);
      if (hasRelatives) await uploadRelatives(engine);
      const all = await footprintOf(engine, await everythingIn(engine));
      const totals = await engine.totals();
      expectConsistent(all);
      expect(all.deltas > 0 || !hasRelatives).toBe(true);
      expect(all).toMatchObject({
        versions: totals.versions,
        logicalBytes: totals.logicalBytes,
        storedBytes: totals.storedBytes,
        ownBytes: totals.storedBytes,
      });
      expect(all.chunks + all.nodes + all.bases).toBe(totals.chunks);
      // What only deltas need has a size of its own there; without such it is the same.
      expect(all.uniqueBytes <= totals.uniqueBytes).toBe(true);
      if (all.bases === 0) expect(all.uniqueBytes).toBe(totals.uniqueBytes);
      await engine.close();
    }),
    { numRuns: 40 },
  );
});

test('what is the own of some versions is what their removal would free', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryLife,
      fc.boolean(),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
      async (life, hasRelatives, isChosen) => {
        const engine = await openEngine(testPlatform());
        await live(engine, life);
        if (hasRelatives) await uploadRelatives(engine);
        const everything = await everythingIn(engine);
        const chosen = everything.filter((_, i) => isChosen[i % isChosen.length]);
        const footprint = await footprintOf(engine, chosen);
        expectConsistent(footprint);
        const freed = await engine.pruner.wouldFree(objectsOf(chosen));
        expect(footprint).toMatchObject({
          versions: freed.versions,
          logicalBytes: freed.logicalBytes,
          ownBytes: freed.storedBytes,
        });
        await engine.close();
      },
    ),
    { numRuns: 40 },
  );
});

test('what versions take does not depend on the order in which they are looked at', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryLife, fc.infiniteStream(fc.nat()), async (life, order) => {
      const engine = await openEngine(testPlatform());
      await live(engine, life);
      await uploadRelatives(engine);
      const chosen = (await versionsOf(engine, 'versioned')).filter((_, i) => i % 3 > 0);
      const shuffled = chosen
        .map((entry) => ({ entry, at: order.next().value as number }))
        .sort((a, b) => a.at - b.at)
        .map(({ entry }) => entry);
      expect(await footprintOf(engine, shuffled)).toEqual(await footprintOf(engine, chosen));
      await engine.close();
    }),
    { numRuns: 25 },
  );
});

test('names that share nothing add up', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5000), { minLength: 1, maxLength: 6 }), async (sizes) => {
      const engine = await openEngine(testPlatform());
      const bucket = await engine.ensureBucket('versioned', { versioned: true });
      for (const [i, byteCount] of sizes.entries()) {
        // The first byte is the name's own, so that two that are short are not the same.
        const content = Uint8Array.of(i, ...generatedText(i + 1, byteCount));
        await upload(engine, bucket, `name-${i}`, content);
      }
      const entries = await versionsOf(engine, 'versioned');
      const sum = { storedBytes: 0, ownBytes: 0, uniqueBytes: 0, compressedBytes: 0, chunks: 0 };
      for (const entry of entries) {
        const one = await footprintOf(engine, [entry]);
        expect(one.ownBytes).toBe(one.storedBytes);
        for (const field of Object.keys(sum) as (keyof typeof sum)[]) sum[field] += one[field];
      }
      const all = await footprintOf(engine, entries);
      expect(all).toMatchObject(sum);
      expect(all.deltas).toBe(0);
      await engine.close();
    }),
    { numRuns: 25 },
  );
});
