/**
 * The manifest tree: what names the chunks of a content, in order. Building it and walking it.
 *
 * One chunk needs no tree: it is the root itself, on level 0. The names of more are cut into nodes
 * of level 1, their names into nodes of level 2, and so on until one node remains; that is the
 * root, and it has at least two children. A level ends with the node in which its last child lies,
 * which may have only that child.
 *
 * What must stay true: the root depends on the content alone, not on how it came to be. So nodes
 * are cut as content is, where a child's digest says so. An edit then makes about one new node a
 * level, and two contents that share a stretch share its nodes. The etag of an object is its root:
 * the rule never changes, and golden values pin it.
 *
 * Each level tests other bits of the digests, so that where nodes end on one level says nothing
 * about the next. In a run of equal chunks each ends a node or none does; `min` and `max` bound the
 * nodes in either case.
 *
 * Errors: {@link leavesOf} throws `CORRUPT` when a node is not what its parent says.
 *
 * @module
 */

import { assert } from '../../base/assert.ts';
import { corrupt } from '../../base/errors.ts';
import { nodeFanout } from '../../base/limits.ts';
import type { ChunkId, ContentRoot } from '../model.ts';
import type { Hashing } from '../platform/platform.ts';
import {
  decodeNodePart,
  encodeNode,
  type ManifestChild,
  type ManifestNodePart,
  totalBytes,
} from './manifest.ts';

/** How many children a node has: at least (but for the last of a level), about, at most. */
export interface Fanout {
  readonly min: number;
  readonly average: number;
  readonly max: number;
}

/** A node that has been completed and may have to be stored. */
export interface NewNode {
  readonly id: ChunkId;
  readonly bytes: Uint8Array;
  /** The chunks it names, in order. */
  readonly children: readonly ChunkId[];
}

/** A finished tree. */
export interface Manifest {
  /** The nodes that the end of the content completed, children before parents. */
  readonly nodes: readonly NewNode[];
  readonly root: ContentRoot;
  readonly sizeBytes: number;
}

/**
 * Builds the tree while the chunks of a content come in. It keeps only the nodes that are not
 * complete yet: one a level.
 */
export class ManifestBuilder {
  readonly #hashing: Pick<Hashing, 'sha256'>;
  readonly #domain: number;
  readonly #fanout: Fanout;
  /** The children of the open node of each level: those on place 0 are chunks. */
  readonly #open: ManifestChild[][] = [[]];
  #sizeBytes = 0;

  constructor(hashing: Pick<Hashing, 'sha256'>, domain: number, fanout: Fanout = nodeFanout) {
    assert(fanout.min >= 2, 'each level has fewer nodes than the one below');
    assert(fanout.min < fanout.average && fanout.average < fanout.max, 'min < average < max');
    this.#hashing = hashing;
    this.#domain = domain;
    this.#fanout = fanout;
  }

  /** Adds the next chunk. Returns the nodes that it completes, children before parents. */
  add(chunk: ManifestChild): NewNode[] {
    assert(chunk.id.kind === 'data', 'chunks of data are added to a manifest');
    assert(chunk.id.domain === this.#domain, 'a manifest is in one domain');
    this.#sizeBytes += chunk.sizeBytes;
    const completed: NewNode[] = [];
    this.#append(1, chunk, completed);
    return completed;
  }

  /** Ends the content, which has at least one chunk. The builder cannot be used again. */
  finish(): Manifest {
    const nodes: NewNode[] = [];
    for (let level = 1; ; level++) {
      const children = this.#open[level - 1] as ManifestChild[];
      const isTop = level === this.#open.length;
      assert(!isTop || children.length > 0, 'content has at least one chunk');
      if (isTop && children.length === 1) {
        const root = { id: (children[0] as ManifestChild).id, level: level - 1 };
        return { nodes, root, sizeBytes: this.#sizeBytes };
      }
      if (children.length > 0) this.#complete(level, nodes);
    }
  }

  /** Adds a child to the open node of a level, and completes the node if it ends there. */
  #append(level: number, child: ManifestChild, completed: NewNode[]): void {
    if (level > this.#open.length) this.#open.push([]);
    const children = this.#open[level - 1] as ManifestChild[];
    children.push(child);
    const { min, max } = this.#fanout;
    if (children.length < min) return;
    if (children.length === max || endsNode(child.id.digest, level, this.#fanout)) {
      this.#complete(level, completed);
    }
  }

  #complete(level: number, completed: NewNode[]): void {
    const children = this.#open[level - 1] as ManifestChild[];
    this.#open[level - 1] = [];
    const bytes = encodeNode({ level, children });
    const digest = this.#hashing.sha256(bytes);
    const id: ChunkId = { domain: this.#domain, kind: 'node', digest };
    completed.push({ id, bytes, children: children.map((child) => child.id) });
    this.#append(level + 1, { id, sizeBytes: totalBytes(children) }, completed);
  }
}

/**
 * Whether a node that has enough children ends with this one. Of random digests one in
 * `average - min + 1` says so, which makes nodes of the average size. Never change.
 */
function endsNode(digest: Uint8Array, level: number, fanout: Fanout): boolean {
  const start = (level % 8) * 4;
  let word = 0;
  // Not by a view: it moves the digest out of V8's heap, and a large object has a digest per chunk.
  for (let at = start + 3; at >= start; at--) word = word * 256 + (digest[at] as number);
  return word % (fanout.average - fanout.min + 1) === 0;
}

/** A stretch of content, in bytes. The end is not part of it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A chunk and its place in the content. */
export interface Leaf {
  readonly id: ChunkId;
  /** Where the chunk begins in the content. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** A node on the way down: where its next child begins, and which that is. */
interface Step {
  readonly node: ManifestNodePart;
  nextIndex: number;
  nextOffset: number;
}

/**
 * The chunks that overlap a range of a content, in order. Reads only the nodes on the way to them,
 * and each only when the consumer gets there: at most two a level for a range within two chunks.
 *
 * @param sizeBytes - Length of the whole content.
 * @param range - Within the content. An empty range has no chunks.
 * @param readNode - The bytes of a node, checked against its name.
 * @throws `CORRUPT` if a node is malformed, or is not of the level and length that its parent says.
 */
export async function* leavesOf(
  root: ContentRoot,
  sizeBytes: number,
  range: ByteRange,
  readNode: (id: ChunkId) => Promise<Uint8Array>,
): AsyncGenerator<Leaf, void, undefined> {
  const { start, end } = range;
  assert(start >= 0 && start <= end && end <= sizeBytes, 'a range lies within its content');
  if (start === end) return;
  if (root.level === 0) {
    yield { id: root.id, offset: 0, sizeBytes };
    return;
  }

  const stepInto = async (child: ManifestChild, level: number, offset: number): Promise<Step> => {
    const stretch = { start: start - offset, end: end - offset };
    const node = await readPart(child, level, stretch, readNode);
    return { node, nextIndex: 0, nextOffset: offset + node.firstOffset };
  };
  const path = [await stepInto({ id: root.id, sizeBytes }, root.level, 0)];
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    const offset = step.nextOffset;
    const child = step.node.children[step.nextIndex];
    if (child === undefined) {
      path.pop();
      continue;
    }
    step.nextIndex++;
    step.nextOffset += child.sizeBytes;
    if (step.node.level === 1) yield { id: child.id, offset, sizeBytes: child.sizeBytes };
    else path.push(await stepInto(child, step.node.level - 1, offset));
  }
}

/** Reads the node that a child names, and checks it against what its parent says of it. */
async function readPart(
  { id, sizeBytes }: ManifestChild,
  level: number,
  { start, end }: ByteRange,
  readNode: (id: ChunkId) => Promise<Uint8Array>,
): Promise<ManifestNodePart> {
  const node = decodeNodePart(await readNode(id), id, start, end);
  if (node.level !== level) {
    throw corrupt(`a manifest node has level ${node.level} instead of ${level}`);
  }
  if (node.sizeBytes !== sizeBytes) {
    throw corrupt(`a manifest node stands for other than ${sizeBytes} bytes of content`);
  }
  return node;
}
