/**
 * The laws of the index's keys and values: keys sort as names do, newest version first; all of them
 * can be read back.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBytes, encodeUtf8 } from '../../../src/base/bytes.ts';
import {
  afterPrefix,
  chunkGroup,
  decodeNameKey,
  decodeOldestFirst,
  escapeName,
  nameGroup,
  newestFirst,
  oldestFirst,
} from '../../../src/engine/index/keys.ts';
import {
  decodeBucket,
  decodeLocation,
  decodeVersion,
  encodeBucket,
  encodeLocation,
  encodeVersion,
} from '../../../src/engine/index/records.ts';
import type { Version } from '../../../src/engine/model.ts';

/** Few characters, so that names are often prefixes of one another; and any characters at all. */
const name = fc.oneof(
  fc.string({ unit: fc.constantFrom('\0', 'a', '\u{ff}', '\u{ffff}', '😀'), maxLength: 5 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const lsn = fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 2 ** 53 - 1 }));
const bucketId = fc.nat(2 ** 32 - 1);

function sign(value: number): number {
  return Math.sign(value);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

describe('keys of names', () => {
  test('sort by the bytes of the name, and then from the newest version to the oldest', () => {
    fc.assert(
      fc.property(bucketId, name, lsn, name, lsn, (bucket, nameA, lsnA, nameB, lsnB) => {
        const keyA = nameGroup('h', bucket, nameA) + newestFirst(lsnA);
        const keyB = nameGroup('h', bucket, nameB) + newestFirst(lsnB);
        const byName = compareBytes(encodeUtf8(nameA), encodeUtf8(nameB));
        expect(compareText(keyA, keyB)).toBe(sign(byName === 0 ? lsnB - lsnA : byName));
      }),
      { numRuns: 1000 },
    );
  });

  test('say which name and which version they are of', () => {
    fc.assert(
      fc.property(bucketId, name, lsn, (bucket, text, number) => {
        const key = nameGroup('v', bucket, text) + newestFirst(number);
        expect(decodeNameKey(key)).toEqual({ name: text, lsn: number });
      }),
    );
  });

  test('of one name are a range in which no other name is', () => {
    fc.assert(
      fc.property(bucketId, name, name, lsn, (bucket, text, other, number) => {
        const group = nameGroup('h', bucket, text);
        const key = nameGroup('h', bucket, other) + newestFirst(number);
        const isWithin = key >= group && key < afterPrefix(group);
        expect(isWithin).toBe(text === other);
      }),
      { numRuns: 1000 },
    );
  });

  test('of names with a prefix are the range of the escaped prefix', () => {
    fc.assert(
      fc.property(name, name, (prefix, text) => {
        const escaped = escapeName(prefix);
        const key = `${escapeName(text)}\0\0`;
        const isWithin = key >= escaped && (escaped === '' || key < afterPrefix(escaped));
        expect(isWithin).toBe(text.startsWith(prefix));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('afterPrefix', () => {
  test('is behind everything with the prefix and before everything else that follows', () => {
    const binary = fc.string({ unit: fc.constantFrom('\0', 'a', '\xfe', '\xff'), maxLength: 5 });
    fc.assert(
      fc.property(binary, binary, binary, (prefix, rest, other) => {
        fc.pre(!/^\xff*$/.test(prefix));
        expect(prefix + rest < afterPrefix(prefix)).toBe(true);
        const isBehind = other > prefix && !other.startsWith(prefix);
        if (isBehind) expect(other >= afterPrefix(prefix)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('numbers in keys', () => {
  test('sort as the numbers do, or the other way, and can be read back', () => {
    fc.assert(
      fc.property(lsn, lsn, (a, b) => {
        expect(compareText(oldestFirst(a), oldestFirst(b))).toBe(sign(a - b));
        expect(compareText(newestFirst(a), newestFirst(b))).toBe(sign(b - a));
        expect(decodeOldestFirst(oldestFirst(a))).toBe(a);
      }),
    );
  });
});

describe('values', () => {
  const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const integer = fc.maxSafeNat();
  const version = fc.oneof(
    fc.record({ kind: fc.constant('deleteMarker'), lsn, timeMs: integer }),
    fc
      .record({
        lsn,
        timeMs: integer,
        sizeBytes: integer,
        domain: fc.nat(300),
        digest,
        level: fc.nat(16),
        attributes: fc.record(
          { contentType: fc.string(), metadata: fc.dictionary(fc.string(), fc.string()) },
          { requiredKeys: [] },
        ),
      })
      .map(({ domain, level, attributes, digest: bytes, ...rest }) => {
        const id = { domain, kind: level === 0 ? 'data' : 'node', digest: bytes };
        return { kind: 'object', ...rest, root: { id, level }, ...attributes };
      }),
  ) as fc.Arbitrary<Version>;

  test('decode to what was encoded', () => {
    const location = fc.record({
      fileId: integer,
      offset: integer,
      frameBytes: integer,
      rawBytes: integer,
    });
    const bucket = fc.record({
      id: integer,
      name: fc.string(),
      versioned: fc.boolean(),
      public: fc.boolean(),
    });
    fc.assert(
      fc.property(version, location, bucket, (aVersion, aLocation, aBucket) => {
        expect(decodeVersion(encodeVersion(aVersion))).toEqual(aVersion);
        expect(decodeLocation(encodeLocation(aLocation))).toEqual(aLocation);
        expect(decodeBucket(encodeBucket(aBucket))).toEqual(aBucket);
      }),
    );
  });

  test('that were cut short are CORRUPT', () => {
    fc.assert(
      fc.property(version, fc.nat(), (aVersion, choice) => {
        const bytes = encodeVersion({ ...aVersion, ...noAttributes } as Version);
        const cut = bytes.subarray(0, choice % bytes.length);
        expect(() => decodeVersion(cut)).toThrow(
          expect.objectContaining({ code: 'CORRUPT' }) as Error,
        );
      }),
    );
  });
});

/** Attributes are at the end, each by itself: without them a version is a version too. */
const noAttributes = { contentType: undefined, metadata: undefined };

describe('groups of chunks', () => {
  test('are different for different chunks, and no group is the beginning of another', () => {
    const id = fc.record({
      domain: fc.nat(3),
      kind: fc.constantFrom('data', 'node'),
      digest: fc.uint8Array({ minLength: 32, maxLength: 32, max: 1 }),
    });
    fc.assert(
      fc.property(id, id, (a, b) => {
        const isSame =
          a.domain === b.domain && a.kind === b.kind && compareBytes(a.digest, b.digest) === 0;
        expect(chunkGroup(a).startsWith(chunkGroup(b))).toBe(isSame);
      }),
    );
  });
});
