/**
 * The laws of the commit payload: operations survive it, and hostile bytes are refused as such.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ObjectsError, type ObjectsErrorCode } from '../../../src/base/errors.ts';
import { concatBytes, Writer } from '../../../src/base/bytes.ts';
import {
  decodeCommitPayload,
  encodeCommitPayload,
  type CommitPayload,
  type Operation,
} from '../../../src/engine/log/operations.ts';
import {
  noTotals,
  retentionNumbers,
  type ChunkId,
  type RetentionRule,
  type SeenThrough,
  type Totals,
} from '../../../src/engine/model.ts';

const integer = fc.maxSafeNat();
const lsn = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const name = fc.string({ unit: 'grapheme', minLength: 1 });
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const optionalLsn = fc.option(lsn, { nil: undefined });

function idOf(kind: 'data' | 'node'): fc.Arbitrary<ChunkId> {
  return fc.record({ domain: fc.nat(300), kind: fc.constant(kind), digest });
}

/** A rule says something. */
const retention: fc.Arbitrary<RetentionRule> = fc
  .record(Object.fromEntries(Object.keys(retentionNumbers).map((field) => [field, integer])), {
    requiredKeys: [],
  })
  .filter((rule) => Object.keys(rule).length > 0);

/** Chunks of a group; puts may name them, or others. */
const group = fc.array(fc.oneof(idOf('data'), idOf('node')), { maxLength: 4 });

/** Puts of one commit have one time, and names and metadata that begin alike. */
const likeOthers = fc.constantFrom('', 'notes/', 'notes/ä', 'x'.repeat(300));

const seenThrough: fc.Arbitrary<SeenThrough> = fc.record({
  contentBytes: integer,
  uploadRoot: fc.oneof(
    fc.record({ id: idOf('data'), level: fc.constant(0) }),
    fc.record({ id: idOf('node'), level: fc.integer({ min: 1, max: 16 }) }),
  ),
  recipe: fc.uint8Array(),
});

/** An upload and what is stored of it are in one domain. */
function inDomain(through: SeenThrough, domain: number): SeenThrough {
  const { id, level } = through.uploadRoot;
  return { ...through, uploadRoot: { id: { ...id, domain }, level } };
}

const put = (chunks: readonly ChunkId[]): fc.Arbitrary<object> =>
  fc
    .record({
      bucketId: integer,
      name: fc.tuple(likeOthers, name).map((parts) => parts.join('')),
      timeMs: fc.oneof(fc.constant(17e11), integer),
      sizeBytes: integer,
      id: fc.oneof(
        idOf('data'),
        idOf('node'),
        ...(chunks.length > 0 ? [fc.constantFrom(...chunks)] : []),
      ),
      level: fc.integer({ min: 1, max: 16 }),
      previousHead: optionalLsn,
      keepsPrevious: fc.boolean(),
      attributes: fc.record(
        {
          contentType: fc.string(),
          metadata: fc.oneof(
            fc.dictionary(fc.string(), fc.string()),
            fc.tuple(likeOthers, fc.string()).map((parts) => ({ mode: parts.join('') })),
          ),
          lockedUntilMs: integer,
          seenThrough,
        },
        { requiredKeys: [] },
      ),
    })
    .map(({ id, level, attributes: { seenThrough: through, ...attributes }, ...rest }) => ({
      kind: 'put',
      root: { id, level: id.kind === 'data' ? 0 : level },
      ...rest,
      ...attributes,
      ...(through === undefined ? {} : { seenThrough: inDomain(through, id.domain) }),
    }));

const operation = (chunks: readonly ChunkId[]): fc.Arbitrary<Operation> =>
  fc.oneof(
    put(chunks),
    fc.record({
      kind: fc.constant('putBucket'),
      bucket: fc.record(
        {
          id: integer,
          name,
          versioned: fc.boolean(),
          public: fc.boolean(),
          retention,
          seeThroughGzip: fc.constant(false),
        },
        { requiredKeys: ['id', 'name', 'versioned', 'public'] },
      ),
    }),
    fc.record({
      kind: fc.constant('lock'),
      bucketId: integer,
      name,
      lsn,
      head: optionalLsn,
      untilMs: integer,
    }),
    fc.record({ kind: fc.constant('dropBucket'), bucketId: integer }),
    fc.record({
      kind: fc.constant('deleteMarker'),
      bucketId: integer,
      name,
      timeMs: integer,
      previousHead: optionalLsn,
    }),
    fc.record({
      kind: fc.constant('purge'),
      bucketId: integer,
      name,
      lsn,
      previousHead: optionalLsn,
      reveals: optionalLsn,
    }),
    fc.record({
      kind: fc.constant('adopt'),
      fileId: integer,
      offsets: fc.array(fc.nat(2 ** 40)).map((offsets) => offsets.sort((a, b) => a - b)),
    }),
    fc.record({
      kind: fc.constant('free'),
      id: fc.oneof(idOf('data'), idOf('node')),
      location: fc.record({
        fileId: integer,
        offset: integer,
        frameBytes: integer,
        rawBytes: integer,
      }),
    }),
    fc.record({
      kind: fc.constant('checkpoint'),
      position: fc.record({ fileId: integer, offset: integer }),
    }),
    fc.constant({ kind: 'close' }),
  ) as fc.Arbitrary<Operation>;

const totals = fc.record(
  Object.fromEntries(Object.keys(noTotals).map((field) => [field, integer])),
) as unknown as fc.Arbitrary<Totals>;

const payloadWithGroup: fc.Arbitrary<{ payload: CommitPayload; chunks: ChunkId[] }> = group.chain(
  (chunks) =>
    fc.record({
      chunks: fc.constant(chunks),
      payload: fc.record({
        totals,
        timeMs: integer,
        lastBucketId: integer,
        operations: fc.array(operation(chunks), { maxLength: 8 }),
      }),
    }),
);

/** The code of the error, or `undefined` if there is none. Any other error is a bug. */
function codeOf(action: () => unknown): ObjectsErrorCode | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof ObjectsError) return error.code;
    throw error;
  }
}

describe('a commit payload', () => {
  test('decodes to what was encoded, with any zeros behind it', () => {
    fc.assert(
      fc.property(payloadWithGroup, fc.nat(600), ({ payload, chunks }, zeros) => {
        const bytes = concatBytes([encodeCommitPayload(payload, chunks), new Uint8Array(zeros)]);
        expect(decodeCommitPayload(bytes, chunks)).toEqual(payload);
      }),
    );
  });

  test('of any bytes is decoded, or refused as CORRUPT or UNSUPPORTED', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), group, (bytes, chunks) => {
        const head = new Uint8Array(10);
        const code = codeOf(() => decodeCommitPayload(concatBytes([head, bytes]), chunks));
        expect([undefined, 'CORRUPT', 'UNSUPPORTED']).toContain(code);
      }),
      { numRuns: 1000 },
    );
  });

  test('with wrong bytes in it is decoded, or refused as CORRUPT or UNSUPPORTED', () => {
    fc.assert(
      fc.property(
        payloadWithGroup,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        ({ payload, chunks }, changes) => {
          const bytes = encodeCommitPayload(payload, chunks);
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          const code = codeOf(() => decodeCommitPayload(bytes, chunks));
          expect([undefined, 'CORRUPT', 'UNSUPPORTED']).toContain(code);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('of puts that are alike takes a fraction of what they say', () => {
    const alike = Array.from({ length: 100 }, (_, index) => ({
      kind: 'put' as const,
      bucketId: 1,
      name: `release/locale/en/a-file-${index}.js`,
      timeMs: 17e11,
      sizeBytes: 1000,
      root: { id: { domain: 0, kind: 'data' as const, digest: new Uint8Array(32) }, level: 0 },
      previousHead: undefined,
      keepsPrevious: true,
      metadata: { mode: '644', mtime: '499162500', stamp: `${index}.dn4il3h5x16g` },
    }));
    const payload = { totals: noTotals, timeMs: 17e11, lastBucketId: 1, operations: alike };
    const id: ChunkId = alike[0]?.root.id as ChunkId;
    const bytes = encodeCommitPayload(payload, [id]);
    expect(decodeCommitPayload(bytes, [id])).toEqual(payload);
    expect(bytes.length).toBeLessThan(100 * 40);
  });

  test('refuses a put that leaves out what no put before it says', () => {
    // Whole but for that, so that it is refused for nothing else.
    const body = new Writer().varint(1).u8(8).u8(0).sized(Uint8Array.of(97)).varint(0).varint(0);
    body.varint(0).bytes(new Uint8Array(32)).u8(0);
    const put = new Writer().u8(3).sized(body.finish()).finish();
    const bytes = concatBytes([new Uint8Array(10), put]);
    expect(codeOf(() => decodeCommitPayload(bytes, []))).toBe('CORRUPT');
  });

  test('refuses a put that leaves out more than the one before it says', () => {
    const root = (writer: Writer): Writer => writer.varint(0).bytes(new Uint8Array(32));
    const first = root(new Writer().varint(1).u8(0).text('ab').varint(5).varint(0).varint(0));
    const like = (shared: number): Uint8Array => {
      const start = new Writer().varint(1).u8(8).u8(shared).sized(Uint8Array.of(99));
      return root(start.varint(0).varint(0)).u8(0).finish();
    };
    const puts = (shared: number): Uint8Array =>
      new Writer().u8(3).sized(first.finish()).u8(3).sized(like(shared)).finish();
    const decoded = (shared: number): CommitPayload =>
      decodeCommitPayload(concatBytes([new Uint8Array(10), puts(shared)]), []);
    expect(decoded(2).operations[1]).toMatchObject({ name: 'abc', timeMs: 5 });
    expect(codeOf(() => decoded(3))).toBe('CORRUPT');
  });

  test('skips operations from 128 on, and their LSNs count', () => {
    const head = new Uint8Array(10);
    const later = new Writer()
      .u8(200)
      .sized(Uint8Array.of(1, 2, 3))
      .finish();
    const close = new Writer().u8(9).sized(new Uint8Array(0)).finish();
    const { operations } = decodeCommitPayload(concatBytes([head, later, close]), []);
    expect(operations).toEqual([{ kind: 'skipped' }, { kind: 'close' }]);
  });

  test('ignores fields of a checkpoint that came later', () => {
    const position = { fileId: 3, offset: 512 };
    const usage = [[4, { liveBytes: 9, deadBytes: 1 }]] as const;
    const payload = {
      totals: noTotals,
      timeMs: 1,
      lastBucketId: 0,
      operations: [{ kind: 'checkpoint', position, usage }],
    } as const;
    const plain = encodeCommitPayload(payload, []);
    const body = new Writer().varint(3).varint(512).u8(99).sized(Uint8Array.of(1, 2));
    const unknown = new Writer().u8(8).sized(body.finish()).finish();
    const [known] = decodeCommitPayload(plain, []).operations;
    const { operations } = decodeCommitPayload(concatBytes([plain, unknown]), []);
    expect(operations).toEqual([known, { kind: 'checkpoint', position }]);
  });

  test('refuses operations below 128 that it does not know', () => {
    const unknown = new Writer().u8(77).sized(new Uint8Array(0)).finish();
    const bytes = concatBytes([new Uint8Array(10), unknown]);
    expect(codeOf(() => decodeCommitPayload(bytes, []))).toBe('UNSUPPORTED');
  });

  test('ignores fields of a put, and ends of bodies, that came later', () => {
    const body = new Writer().varint(1).u8(1).text('a').varint(0).varint(0).varint(0);
    body.varint(0).bytes(new Uint8Array(32)).u8(99).sized(Uint8Array.of(1)).u8(1).text('t');
    const put = new Writer().u8(3).sized(body.finish()).finish();
    const drop = new Writer()
      .u8(2)
      .sized(Uint8Array.of(5, 1, 2, 3))
      .finish();
    const { operations } = decodeCommitPayload(concatBytes([new Uint8Array(10), put, drop]), []);
    expect(operations).toMatchObject([
      { kind: 'put', contentType: 't' },
      { kind: 'dropBucket', bucketId: 5 },
    ]);
  });
});
