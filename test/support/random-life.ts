/**
 * Arbitrary lives of a store: changes that meet each other again and again.
 *
 * Few names and few contents, so that versions are replaced, revealed and purged, and chunks are
 * shared, freed and brought back. Contents of several chunks share their beginnings.
 *
 * @module
 */

import fc from 'fast-check';
import { concatBytes } from '../../src/base/bytes.ts';
import { ObjectsError } from '../../src/base/errors.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { BucketRecord } from '../../src/engine/model.ts';
import { generatedBytes, generatedText } from './content.ts';
import { gzipMember } from './gzip.ts';
import { upload } from './test-engine.ts';

/** When even the longest lock of a life is over. */
export const everyLockIsOverMs: number = Date.UTC(2030, 0, 1);

/** One thing that somebody does. Numbers choose among what there is at that moment. */
export type Deed =
  | { readonly kind: 'upload'; readonly name: number; readonly content: number }
  | { readonly kind: 'remove'; readonly name: number }
  | { readonly kind: 'purge'; readonly choice: number }
  | { readonly kind: 'link'; readonly choice: number; readonly name: number }
  | { readonly kind: 'lock'; readonly choice: number; readonly untilMs: number }
  | { readonly kind: 'settle' };

const names = ['a', 'b', 'c/d'];
const large = generatedBytes(5, 20_000);

/** From one byte to a tree of two levels, some stored inflated; large ones go to a segment. */
const contents: readonly Uint8Array[] = [
  new Uint8Array(0),
  Uint8Array.of(1),
  generatedText(1, 300),
  generatedText(2, 3000),
  large,
  concatBytes([large.subarray(0, 12_000), Uint8Array.of(7)]),
  concatBytes([large, large.subarray(0, 5000)]),
  gzipMember(generatedText(2, 9000)),
  concatBytes([gzipMember(generatedText(2, 3000)), gzipMember(large), Uint8Array.of(7)]),
];

const small = fc.nat(20);

/** Most are over when a test begins; the others last as long as it. */
const lockTimes = fc.constantFrom(1000, 2000, 3000, everyLockIsOverMs - 1);

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('upload'), name: small, content: small }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove'), name: small }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('purge'), choice: small }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('link'), choice: small, name: small }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('lock'), choice: small, untilMs: lockTimes }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('settle') }) },
) as fc.Arbitrary<Deed>;

/** Some deeds, several of them at a time. */
export const arbitraryLife: fc.Arbitrary<Deed[][]> = fc.array(
  fc.array(deeds, { minLength: 1, maxLength: 5 }),
  { minLength: 1, maxLength: 8 },
);

/** Lives a life: the deeds of a group at the same time, one group after the other. */
export async function live(engine: Engine, life: readonly (readonly Deed[])[]): Promise<void> {
  const buckets = [
    await engine.ensureBucket('versioned', { versioned: true, retention: { keepLast: 1000 } }),
    await engine.ensureBucket('plain', {}),
  ];
  for (const group of life) {
    await Promise.all(group.map((deed) => perform(engine, buckets, deed)));
  }
}

async function perform(
  engine: Engine,
  buckets: readonly BucketRecord[],
  deed: Deed,
): Promise<void> {
  if (deed.kind === 'settle') {
    await engine.totals();
    return;
  }
  const number = 'name' in deed ? deed.name : deed.choice;
  const bucket = buckets[number % buckets.length] as BucketRecord;
  const name = names[number % names.length] as string;
  try {
    if (deed.kind === 'upload') {
      const content = contents[deed.content % contents.length] as Uint8Array;
      await upload(engine, bucket, name, content, deed.content % 2 === 0 ? 'power' : 'os');
    } else if (deed.kind === 'remove') {
      await engine.remove(bucket, name);
    } else {
      const entries = await engine.versions.versions(bucket.id, {}, 100);
      const entry = entries[deed.choice % Math.max(1, entries.length)];
      if (entry === undefined) return;
      if (deed.kind === 'purge') await engine.purge(bucket, entry.name, entry.version.lsn);
      else if (deed.kind === 'lock') {
        await engine.lock(bucket, entry.name, entry.version.lsn, deed.untilMs);
      } else if (entry.version.kind === 'object') {
        await engine.link({ bucket, name, from: entry.version });
      }
    }
  } catch (error) {
    // Somebody else was faster: there is nothing to remove, or to copy. Or it is locked.
    const isForeseen =
      error instanceof ObjectsError && ['NOT_FOUND', 'VERSION_LOCKED'].includes(error.code);
    if (!isForeseen) throw error;
  }
}
