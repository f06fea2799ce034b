/**
 * The laws of the manifest tree: with a tiny fan-out on arbitrary chunks, and with the real one on
 * a hundred thousand.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { corrupt } from '../../../src/base/errors.ts';
import { nodeFanout } from '../../../src/base/limits.ts';
import {
  decodeNode,
  decodeNodePart,
  encodeNode,
  type ManifestChild,
  totalBytes,
} from '../../../src/engine/chunk/manifest.ts';
import {
  type ByteRange,
  type Fanout,
  type Leaf,
  leavesOf,
  ManifestBuilder,
  type NewNode,
} from '../../../src/engine/chunk/manifest-tree.ts';
import type { ChunkId, ContentRoot } from '../../../src/engine/model.ts';
import { nativeHashing as hashing } from '../../../src/engine/platform/native-hashing.ts';

const tiny: Fanout = { min: 2, average: 4, max: 6 };

/** A chunk of that number and size, with a digest like any other. */
function chunkOf(number: number, sizeBytes: number): ManifestChild {
  const digest = hashing.sha256(Uint8Array.from([number, number >> 8, number >> 16]));
  return { id: { domain: 3, kind: 'data', digest }, sizeBytes };
}

/** Lists of chunks, in which the same chunk may come again. */
const lists = fc
  .array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 500 })), { minLength: 1, maxLength: 200 })
  .map((chunks) => chunks.map(([number, size]) => chunkOf(number, size)));

interface Tree {
  readonly root: ContentRoot;
  readonly sizeBytes: number;
  readonly nodes: readonly NewNode[];
  /** Reads a node, and counts. */
  readonly readNode: (id: ChunkId) => Promise<Uint8Array>;
  readCount: number;
}

function build(chunks: readonly ManifestChild[], fanout: Fanout = tiny): Tree {
  const builder = new ManifestBuilder(hashing, 3, fanout);
  const nodes = chunks.flatMap((chunk) => builder.add(chunk));
  const { root, sizeBytes, nodes: lastNodes } = builder.finish();
  nodes.push(...lastNodes);
  const byName = new Map(nodes.map((node) => [toHex(node.id.digest), node.bytes]));
  const tree: Tree = {
    root,
    sizeBytes,
    nodes,
    readCount: 0,
    readNode: async (id) => {
      tree.readCount++;
      const bytes = byName.get(toHex(id.digest));
      if (bytes === undefined) throw corrupt('no such node');
      return bytes;
    },
  };
  return tree;
}

async function leaves(tree: Tree, range?: ByteRange): Promise<Leaf[]> {
  const found: Leaf[] = [];
  const all = { start: 0, end: tree.sizeBytes };
  for await (const leaf of leavesOf(tree.root, tree.sizeBytes, range ?? all, tree.readNode)) {
    found.push(leaf);
  }
  return found;
}

function leavesPlainly(chunks: readonly ManifestChild[], { start, end }: ByteRange): Leaf[] {
  let offset = 0;
  const all = chunks.map((chunk) => {
    const leaf = { ...chunk, offset };
    offset += chunk.sizeBytes;
    return leaf;
  });
  return start === end
    ? []
    : all.filter((leaf) => leaf.offset < end && leaf.offset + leaf.sizeBytes > start);
}

/** The rule with the whole content at hand: one level after the other, until one name remains. */
function rootPlainly(chunks: readonly ManifestChild[], fanout: Fanout): ContentRoot {
  let list = chunks;
  let level = 0;
  while (list.length > 1) {
    level++;
    const groups: ManifestChild[][] = [[]];
    for (const child of list) {
      const group = groups.at(-1) as ManifestChild[];
      group.push(child);
      const word = Buffer.from(child.id.digest).readUInt32LE((level % 8) * 4);
      const hit = word % (fanout.average - fanout.min + 1) === 0;
      const isFull = (group.length >= fanout.min && hit) || group.length === fanout.max;
      if (isFull && child !== list.at(-1)) groups.push([]);
    }
    list = groups.map((children) => ({
      id: { domain: 3, kind: 'node', digest: hashing.sha256(encodeNode({ level, children })) },
      sizeBytes: totalBytes(children),
    }));
  }
  return { id: (list[0] as ManifestChild).id, level };
}

const manyChunks = Array.from({ length: 100_000 }, (_, i) => chunkOf(i, 1 + ((i * 7919) % 1000)));

describe('ManifestBuilder', () => {
  test('makes the tree that the plain rule makes', () => {
    fc.assert(
      fc.property(lists, (chunks) => {
        expect(build(chunks).root).toEqual(rootPlainly(chunks, tiny));
      }),
    );
    expect(build(manyChunks, nodeFanout).root).toEqual(rootPlainly(manyChunks, nodeFanout));
  });

  test('one chunk is the root itself, and has no node', () => {
    const chunk = chunkOf(1, 10);
    const { root, sizeBytes, nodes } = build([chunk]);
    expect({ root, sizeBytes, nodes }).toEqual({
      root: { id: chunk.id, level: 0 },
      sizeBytes: 10,
      nodes: [],
    });
  });

  test('a root that is a node has two children or more', () => {
    fc.assert(
      fc.property(lists, (chunks) => {
        const { root, nodes } = build(chunks);
        const last = nodes.at(-1);
        expect(root.level > 0).toBe(chunks.length > 1);
        if (last === undefined) return;
        expect(last.id).toEqual(root.id);
        expect(last.children.length).toBeGreaterThan(1);
      }),
    );
  });

  test('nodes have as many children as the fan-out allows, but for the last of a level', () => {
    fc.assert(
      fc.property(lists, (chunks) => {
        const byLevel = new Map<number, number[]>();
        for (const { id, bytes } of build(chunks).nodes) {
          const { level, children } = decodeNode(bytes, id);
          byLevel.set(level, [...(byLevel.get(level) ?? []), children.length]);
        }
        for (const counts of byLevel.values()) {
          const last = counts.pop() as number;
          expect(last > 0 && last <= tiny.max).toBe(true);
          for (const count of counts) expect(count >= tiny.min && count <= tiny.max).toBe(true);
        }
      }),
    );
  });

  test('a node is named by its bytes, lists the children in them, and comes after its own', () => {
    fc.assert(
      fc.property(lists, (chunks) => {
        const known = new Set(chunks.map(({ id }) => `data ${toHex(id.digest)}`));
        for (const { id, bytes, children } of build(chunks).nodes) {
          expect(id).toEqual({ domain: 3, kind: 'node', digest: hashing.sha256(bytes) });
          expect(decodeNode(bytes, id).children.map((child) => child.id)).toEqual(children);
          for (const child of children) {
            expect(known.has(`${child.kind} ${toHex(child.digest)}`)).toBe(true);
          }
          known.add(`node ${toHex(id.digest)}`);
        }
      }),
    );
  });

  test('part of a node is what the whole says of a stretch', () => {
    const { nodes } = build(manyChunks.slice(0, 3000), nodeFanout);
    fc.assert(
      fc.property(fc.constantFrom(...nodes), fc.nat(), fc.nat(100_000), ({ id, bytes }, at, n) => {
        const { level, children } = decodeNode(bytes, id);
        const sizeBytes = totalBytes(children);
        const start = at % sizeBytes;
        const end = start + 1 + n;
        let offset = 0;
        const within = children
          .map((child) => ({ child, offset: (offset += child.sizeBytes) - child.sizeBytes }))
          .filter((each) => each.offset < end && each.offset + each.child.sizeBytes > start);
        expect(decodeNodePart(bytes, id, start, end)).toEqual({
          level,
          sizeBytes,
          firstOffset: within[0]?.offset,
          children: within.map(({ child }) => child),
        });
      }),
    );
  });

  test('with the real fan-out, nodes have the average number of children', () => {
    const { nodes } = build(manyChunks, nodeFanout);
    const lowest = nodes.filter(({ id, bytes }) => decodeNode(bytes, id).level === 1);
    const average = manyChunks.length / lowest.length;
    expect(average).toBeGreaterThan(nodeFanout.average * 0.9);
    expect(average).toBeLessThan(nodeFanout.average * 1.1);
  });

  test('a one-chunk edit among 100,000 makes a handful of new nodes', () => {
    const old = build(manyChunks, nodeFanout);
    const known = new Set(old.nodes.map(({ id }) => toHex(id.digest)));
    const replacement = chunkOf(1_000_000, 77);
    for (let at = 0; at < manyChunks.length; at += 19_997) {
      for (const [removed, inserted] of [
        [1, [replacement]],
        [0, [replacement]],
        [1, []],
      ] as const) {
        const { nodes, root } = build(manyChunks.toSpliced(at, removed, ...inserted), nodeFanout);
        const fresh = nodes.filter(({ id }) => !known.has(toHex(id.digest)));
        expect(fresh.length).toBeGreaterThanOrEqual(root.level);
        expect(fresh.length).toBeLessThanOrEqual(4 * root.level);
      }
    }
  });

  test('100,000 equal chunks need a few different nodes', () => {
    const { nodes, root } = build(
      new Array<ManifestChild>(100_000).fill(chunkOf(1, 9)),
      nodeFanout,
    );
    const different = new Set(nodes.map(({ id }) => toHex(id.digest)));
    expect(different.size).toBeLessThanOrEqual(2 * root.level);
  });

  test('content without chunks is a bug of the caller', () => {
    expect(() => new ManifestBuilder(hashing, 3).finish()).toThrow('at least one chunk');
  });
});

describe('leavesOf', () => {
  test('the leaves of the whole are what was added', async () => {
    await fc.assert(
      fc.asyncProperty(lists, async (chunks) => {
        const tree = build(chunks);
        const all = { start: 0, end: totalBytes(chunks) };
        expect(await leaves(tree)).toEqual(leavesPlainly(chunks, all));
      }),
    );
  });

  test('the leaves of a range are those of the whole that overlap it', async () => {
    await fc.assert(
      fc.asyncProperty(lists, fc.nat(), fc.nat(), async (chunks, a, b) => {
        const tree = build(chunks);
        const [start, end] = [a % (tree.sizeBytes + 1), b % (tree.sizeBytes + 1)].sort(
          (x, y) => x - y,
        ) as [number, number];
        expect(await leaves(tree, { start, end })).toEqual(leavesPlainly(chunks, { start, end }));
      }),
    );
  });

  test('an empty range has no leaves and reads nothing', async () => {
    const tree = build(manyChunks.slice(0, 100));
    for (const place of [0, 1, tree.sizeBytes]) {
      expect(await leaves(tree, { start: place, end: place })).toEqual([]);
    }
    expect(tree.readCount).toBe(0);
  });

  test('a byte is found with one node a level, a small range with two at most', async () => {
    const tree = build(manyChunks, nodeFanout);
    const { level } = tree.root;
    for (let start = 0; start < tree.sizeBytes; start += 4_999_999) {
      tree.readCount = 0;
      expect(await leaves(tree, { start, end: start + 1 })).toHaveLength(1);
      expect(tree.readCount).toBe(level);
    }
    for (let i = 0, start = 0; i < 3000; start += (manyChunks[i] as ManifestChild).sizeBytes, i++) {
      if (start === 0) continue;
      tree.readCount = 0;
      expect(await leaves(tree, { start: start - 1, end: start + 1 })).toHaveLength(2);
      expect(tree.readCount).toBeLessThanOrEqual(2 * level);
    }
  });

  test('nodes are read when the consumer gets to them', async () => {
    const tree = build(manyChunks, nodeFanout);
    const range = { start: 0, end: tree.sizeBytes };
    for await (const _ of leavesOf(tree.root, tree.sizeBytes, range, tree.readNode)) break;
    expect(tree.readCount).toBe(tree.root.level);
  });

  test('damaged nodes give CORRUPT, or the right number of bytes', async () => {
    const edit = fc.record({
      node: fc.nat(),
      at: fc.nat(),
      change: fc.integer({ min: 1, max: 255 }),
    });
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(lists, edit, async (chunks, { node, at, change }) => {
        const tree = build(chunks);
        const bytes = tree.nodes[node % Math.max(tree.nodes.length, 1)]?.bytes;
        if (bytes === undefined) return;
        bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ change;
        try {
          expect(totalBytes(await leaves(tree))).toBe(tree.sizeBytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'CORRUPT' });
          refused++;
        }
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(0);
  });

  test('a node that is of another level or length than its parent says is CORRUPT', async () => {
    const tree = build(manyChunks.slice(0, 100));
    const { root, sizeBytes } = tree;
    expect(root.level).toBeGreaterThan(1);
    const forged: Partial<Tree>[] = [
      { root: { ...root, level: root.level + 1 } },
      { root: { ...root, level: root.level - 1 } },
      { sizeBytes: sizeBytes - 1 },
      { sizeBytes: sizeBytes + 1 },
    ];
    for (const lie of forged) {
      await expect(leaves({ ...tree, ...lie })).rejects.toMatchObject({ code: 'CORRUPT' });
    }
  });

  test('a node that lies about the length of a child is CORRUPT', async () => {
    const tree = build(manyChunks.slice(0, 100));
    const rootNode = decodeNode(await tree.readNode(tree.root.id), tree.root.id);
    const [first, second, ...others] = rootNode.children as [ManifestChild, ManifestChild];
    const lie = encodeNode({
      level: rootNode.level,
      children: [
        { ...first, sizeBytes: first.sizeBytes + 1 },
        { ...second, sizeBytes: second.sizeBytes - 1 },
        ...others,
      ],
    });
    const readNode = async (id: ChunkId): Promise<Uint8Array> =>
      id === tree.root.id ? lie : tree.readNode(id);
    await expect(leaves({ ...tree, readNode })).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  test('passes on the failure of a read', async () => {
    const tree = build(manyChunks.slice(0, 100));
    const readNode = (): Promise<Uint8Array> => Promise.reject(new Error('disk'));
    await expect(leaves({ ...tree, readNode })).rejects.toThrow('disk');
  });
});
