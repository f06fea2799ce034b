/**
 * The laws of the manifest node's bytes, and the exact bytes of one node.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Writer } from '../../../src/base/bytes.ts';
import {
  decodeNode,
  encodeNode,
  manifestLevelMax,
  type ManifestNode,
} from '../../../src/engine/chunk/manifest.ts';
import type { ChunkId } from '../../../src/engine/model.ts';

const nodeId: ChunkId = { domain: 7, kind: 'node', digest: new Uint8Array(32) };

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const sizeBytes = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 40 }));

/** Nodes of domain 7. */
const nodes: fc.Arbitrary<ManifestNode> = fc
  .tuple(
    fc.integer({ min: 1, max: manifestLevelMax }),
    fc.array(fc.tuple(digest, sizeBytes), { minLength: 1, maxLength: 20 }),
  )
  .map(([level, children]) => ({
    level,
    children: children.map(([bytes, size]) => ({
      id: { domain: 7, kind: level === 1 ? ('data' as const) : ('node' as const), digest: bytes },
      sizeBytes: size,
    })),
  }));

/** What becomes of bytes: the bytes that say the same, or the code of the error. */
function decodedAndEncoded(bytes: Uint8Array): unknown {
  try {
    return encodeNode(decodeNode(bytes, nodeId));
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

describe('a manifest node', () => {
  test('decodes to what was encoded', () => {
    fc.assert(
      fc.property(nodes, (node) => {
        expect(decodeNode(encodeNode(node), nodeId)).toEqual(node);
      }),
    );
  });

  test('has one encoding: edited bytes say something else, or are CORRUPT', () => {
    const edit = fc.record({
      at: fc.nat(2000),
      removed: fc.nat(3),
      inserted: fc.uint8Array({ maxLength: 3 }),
    });
    const outcomes = { decoded: 0, refused: 0 };
    fc.assert(
      fc.property(nodes, edit, (node, { at, removed, inserted }) => {
        const bytes = [...encodeNode(node)];
        bytes.splice(at % bytes.length, removed, ...inserted);
        const edited = Uint8Array.from(bytes);
        const outcome = decodedAndEncoded(edited);
        expect(outcome).toEqual(typeof outcome === 'string' ? 'CORRUPT' : edited);
        outcomes[typeof outcome === 'string' ? 'refused' : 'decoded']++;
      }),
      { numRuns: 500 },
    );
    expect(outcomes.decoded).toBeGreaterThan(0);
    expect(outcomes.refused).toBeGreaterThan(0);
  });

  test('arbitrary bytes are CORRUPT', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodedAndEncoded(bytes)).toBe('CORRUPT');
      }),
    );
  });

  const child = [...new Uint8Array(32).fill(0xab), 5];
  const malformed: readonly (readonly [what: string, bytes: readonly number[]])[] = [
    ['no bytes', []],
    ['another format', [2, 1, 1, ...child]],
    ['level 0', [1, 0, 1, ...child]],
    ['a level above the highest', [1, manifestLevelMax + 1, 1, ...child]],
    ['no children', [1, 1, 0]],
    ['a child too few', [1, 1, 2, ...child]],
    ['a child too many', [1, 1, 1, ...child, ...child]],
    ['an empty child', [1, 1, 1, ...child.slice(0, 32), 0]],
    ['a count in too many bytes', [1, 1, 0x81, 0, ...child]],
    ['a length in too many bytes', [1, 1, 1, ...child.slice(0, 32), 0x85, 0]],
  ];
  test.each(malformed)('with %s is CORRUPT', (_, bytes) => {
    expect(decodedAndEncoded(Uint8Array.from(bytes))).toBe('CORRUPT');
  });

  test('the malformed nodes above are one step away from a good one', () => {
    const bytes = Uint8Array.from([1, 1, 1, ...child]);
    expect(decodedAndEncoded(bytes)).toEqual(bytes);
  });

  test('that claims 2^40 children is CORRUPT', () => {
    const bytes = new Writer()
      .u8(1)
      .u8(1)
      .varint(2 ** 40)
      .bytes(new Uint8Array(33))
      .finish();
    expect(decodedAndEncoded(bytes)).toBe('CORRUPT');
  });

  test('whose children are together longer than 2^53 bytes is CORRUPT', () => {
    const writer = new Writer().u8(1).u8(1).varint(2);
    for (let i = 0; i < 2; i++) writer.bytes(new Uint8Array(32)).varint(2 ** 52);
    expect(decodedAndEncoded(writer.finish())).toBe('CORRUPT');
  });

  test('gives its children its own domain, and memory of their own', () => {
    const bytes = Uint8Array.from([1, 1, 1, ...child]);
    const { children } = decodeNode(bytes, { ...nodeId, domain: 9 });
    bytes.fill(0);
    expect(children).toEqual([
      { id: { domain: 9, kind: 'data', digest: new Uint8Array(32).fill(0xab) }, sizeBytes: 5 },
    ]);
  });

  test('has these exact bytes, in every release', () => {
    const children = [1, 300].map((size) => ({
      id: { domain: 0, kind: 'node' as const, digest: new Uint8Array(32).fill(size) },
      sizeBytes: size,
    }));
    expect(Buffer.from(encodeNode({ level: 2, children })).toString('hex')).toBe(
      `010202${'01'.repeat(32)}01${'2c'.repeat(32)}ac02`,
    );
  });
});
