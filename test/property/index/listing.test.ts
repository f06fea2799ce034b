/**
 * Listings say what the slow way of filtering and sorting everything would say: for any range, in
 * both directions, as of any point, rolled up or not, and page by page.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBytes, encodeUtf8 } from '../../../src/base/bytes.ts';
import { Database } from '../../../src/engine/index/database.ts';
import { GroupListing } from '../../../src/engine/index/group-listing.ts';
import { IndexStore, Layer, type IndexReader } from '../../../src/engine/index/index-store.ts';
import { listNames, listVersions } from '../../../src/engine/index/listing.ts';
import { currentAsOf, historyChange, putHead } from '../../../src/engine/index/version-index.ts';
import type {
  DeleteMarker,
  NamedVersion,
  NameRange,
  ObjectVersion,
  Point,
} from '../../../src/engine/model.ts';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';

const bucketId = 7;

/** Names that are often prefixes of each other, with delimiters, and on both sides of them. */
const name = fc.string({
  unit: fc.constantFrom('\0', 'a', 'b', '/', '.', '0', '😀', '\u{ffff}'),
  minLength: 1,
  maxLength: 4,
});

/** Versions of a name, newest first: `true` is an object, `false` a delete marker. */
const histories = fc.dictionary(name, fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }), {
  maxKeys: 12,
  noNullPrototype: true,
});

/** A range whose bounds are often names that are there, or beginnings of them. */
function rangeAmong(names: readonly string[]): fc.Arbitrary<NameRange> {
  const present = names.length === 0 ? name : fc.constantFrom(...names);
  const bound = fc.oneof(fc.constant(''), name, present);
  const beginning = fc
    .tuple(present, fc.nat(3))
    .map(([text, length]) => Array.from(text).slice(0, length).join(''));
  return fc.record(
    {
      prefix: fc.oneof(fc.constant(''), name, beginning),
      startAfter: bound,
      endBefore: fc.oneof(name, present),
      reverse: fc.boolean(),
    },
    { requiredKeys: [] },
  );
}

const contentAndRange = histories.chain((content) =>
  fc.tuple(fc.constant(content), rangeAmong(Object.keys(content))),
);

const limit = fc.integer({ min: 1, max: 5 });

type Entry = NamedVersion & { readonly isLatest: boolean };

/** Versions in the order of the index, and the index that has them. */
async function build(
  content: Readonly<Record<string, readonly boolean[]>>,
  isFlushed: boolean,
): Promise<{ reader: IndexReader; entries: Entry[]; close: () => Promise<void> }> {
  const database = await Database.open(nativeHashing.crc32, undefined);
  const index = new IndexStore(database);
  const layer = new Layer();
  const entries: Entry[] = [];
  let lsn = 1000;
  for (const [text, kinds] of Object.entries(content)) {
    for (const [age, isObject] of kinds.entries()) {
      lsn--;
      // Several LSNs share a time, as those of one group do.
      const timeMs = Math.floor(lsn / 3);
      const version = isObject ? objectVersion(lsn, timeMs) : marker(lsn, timeMs);
      const isHead = age === 0 && version.kind === 'object';
      layer.add(
        isHead
          ? putHead(bucketId, text, lsn, version)
          : [historyChange(bucketId, text, lsn, version)],
      );
      entries.push({ name: text, version, isLatest: age === 0 });
    }
  }
  // Other buckets are neighbours.
  for (const other of [bucketId - 1, bucketId + 1]) {
    layer.add(putHead(other, 'a', 1, objectVersion(1, 1)));
  }
  index.publish(layer);
  layer.lastLsn = lsn;
  index.markDurable(2000);
  if (isFlushed) await index.flush();
  entries.sort((a, b) => compareNames(a.name, b.name) || b.version.lsn - a.version.lsn);
  return { reader: index.reader(), entries, close: () => database.close() };
}

function objectVersion(lsn: number, timeMs: number): ObjectVersion {
  const id = { domain: 0, kind: 'data', digest: new Uint8Array(32) } as const;
  return { kind: 'object', lsn, timeMs, sizeBytes: 1, root: { id, level: 0 } };
}

function marker(lsn: number, timeMs: number): DeleteMarker {
  return { kind: 'deleteMarker', lsn, timeMs };
}

function compareNames(a: string, b: string): number {
  return compareBytes(encodeUtf8(a), encodeUtf8(b));
}

function isWithin({ prefix = '', startAfter, endBefore }: NameRange, text: string): boolean {
  return (
    text.startsWith(prefix) &&
    (startAfter === undefined || compareNames(text, startAfter) > 0) &&
    (endBefore === undefined || compareNames(text, endBefore) < 0)
  );
}

/** Current versions the slow way. */
function currentOf(entries: readonly Entry[], wanted: NameRange, asOf?: Point): NamedVersion[] {
  const found = new Map<string, NamedVersion>();
  for (const { name: text, version } of entries) {
    const isThere =
      asOf === undefined ||
      ('lsn' in asOf ? version.lsn <= asOf.lsn : version.timeMs <= asOf.timeMs);
    if (isThere && isWithin(wanted, text) && !found.has(text)) {
      found.set(text, { name: text, version });
    }
  }
  const current = [...found.values()].filter(({ version }) => version.kind === 'object');
  return wanted.reverse === true ? current.reverse() : current;
}

const point: fc.Arbitrary<Point | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.record({ lsn: fc.integer({ min: 950, max: 1001 }) }),
  fc.record({ timeMs: fc.integer({ min: 316, max: 334 }) }),
);

describe('listNames', () => {
  test('lists current names of a range, as of any point', async () => {
    await fc.assert(
      fc.asyncProperty(
        contentAndRange,
        limit,
        point,
        fc.boolean(),
        async ([content, wanted], count, asOf, isFlushed) => {
          const { reader, entries, close } = await build(content, isFlushed);
          const page = await listNames(reader, bucketId, wanted, count, asOf);
          expect(page).toEqual(currentOf(entries, wanted, asOf).slice(0, count));
          for (const text of Object.keys(content)) {
            if (asOf === undefined) continue;
            const [expected] = currentOf(entries, { prefix: text }, asOf).filter(
              (entry) => entry.name === text,
            );
            expect(await currentAsOf(reader, bucketId, text, asOf)).toEqual(expected?.version);
          }
          await close();
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('listVersions', () => {
  test('lists all versions of a range, page by page', async () => {
    await fc.assert(
      fc.asyncProperty(
        contentAndRange,
        limit,
        fc.boolean(),
        async ([content, wanted], count, isFlushed) => {
          const { reader, entries, close } = await build(content, isFlushed);
          const names = [...new Set(entries.map((entry) => entry.name))].filter((text) =>
            isWithin(wanted, text),
          );
          if (wanted.reverse === true) names.reverse();
          const expected = names.flatMap((text) => entries.filter((entry) => entry.name === text));

          const listed: Entry[] = [];
          for (;;) {
            const last = listed.at(-1);
            const after = last && { name: last.name, lsn: last.version.lsn };
            const page = await listVersions(reader, bucketId, wanted, count, after);
            listed.push(...page);
            expect(page.length).toBeLessThanOrEqual(count);
            if (page.length < count) break;
          }
          expect(listed).toEqual(expected);
          await close();
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('GroupListing', () => {
  test('rolls names up to the first delimiter behind the prefix', async () => {
    const delimiter = fc.constantFrom('/', '.', 'a', '/a');
    await fc.assert(
      fc.asyncProperty(
        contentAndRange,
        limit,
        point,
        delimiter,
        fc.boolean(),
        histories,
        async ([content, wanted], count, asOf, mark, isFlushed, earlier) => {
          const { reader, entries, close } = await build(content, isFlushed);
          const expected: object[] = [];
          for (const entry of currentOf(entries, wanted, asOf)) {
            const at = entry.name.indexOf(mark, (wanted.prefix ?? '').length);
            const group = at < 0 ? undefined : entry.name.slice(0, at + mark.length);
            if (group === undefined) expected.push(entry);
            else if (!expected.some((item) => 'group' in item && item.group === group)) {
              expected.push({ group });
            }
          }
          const roll = { delimiter: mark, limit: count, asOf };
          const groups = new GroupListing(1);
          // What it saw then must decide nothing but where it cuts.
          const before = await build(earlier, true);
          await groups.page(before.reader, bucketId, wanted, roll);
          await before.close();
          for (let time = 0; time < 2; time++) {
            const page = await groups.page(reader, bucketId, wanted, roll);
            expect(page).toEqual(expected.slice(0, count));
          }
          await close();
        },
      ),
      { numRuns: 300 },
    );
  });
});
