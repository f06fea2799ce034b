/**
 * The manifest node: the list of the children of one node of a manifest tree, as bytes and back.
 *
 * A node is itself a chunk (of kind `node`), named by the hash of its bytes. So the bytes are
 * canonical: one list has one encoding. {@link decodeNode} refuses every other, or two nodes could
 * mean the same and differ in name.
 *
 * Layout (docs/format.md, "Manifest node"): format number, level, number of children, then for each
 * child its digest and the length of the content below it. Integers behind the level are varints.
 *
 * What is not stored: the domain and the kind of a child. All children share the domain of their
 * node, and are data on level 1 and nodes above, so a node cannot reach into another domain.
 *
 * Errors: `CORRUPT` for anything that {@link encodeNode} could not have written.
 *
 * @module
 */

import { assert } from '../../base/assert.ts';
import { copyOf, Reader, Writer } from '../../base/bytes.ts';
import { corrupt } from '../../base/errors.ts';
import type { ChunkId } from '../model.ts';

/** The first byte of every node. Never change; another layout gets another number. */
const nodeFormat = 1;

const digestBytes = 32;

/** No tree is higher. With 32 children a node and 2^53 bytes of content it would have 11 levels. */
export const manifestLevelMax = 16;

/** A chunk, or a node with all that is below it. */
export interface ManifestChild {
  readonly id: ChunkId;
  /** Length of the content: of the chunk, or of all chunks below the node. At least 1. */
  readonly sizeBytes: number;
}

/** What a node says. */
export interface ManifestNode {
  /** 1 if the children are chunks of data, else one more than the level of the children. */
  readonly level: number;
  readonly children: readonly ManifestChild[];
}

/** What a node says of a stretch of the content below it. */
export interface ManifestNodePart extends ManifestNode {
  /** Those that overlap the stretch. */
  readonly children: readonly ManifestChild[];
  /** Where the first of them begins in the content below the node. */
  readonly firstOffset: number;
  /** Length of all the content below the node. */
  readonly sizeBytes: number;
}

/** The kind of the children of a node on this level. */
function childKind(level: number): ChunkId['kind'] {
  return level === 1 ? 'data' : 'node';
}

/** The length of the content below these children. */
export function totalBytes(children: readonly ManifestChild[]): number {
  return children.reduce((sum, child) => sum + child.sizeBytes, 0);
}

/** The bytes of a node. */
export function encodeNode({ level, children }: ManifestNode): Uint8Array {
  assert(level >= 1 && level <= manifestLevelMax, 'the level of a node is within bounds');
  assert(children.length > 0, 'a node has children');
  assert(Number.isSafeInteger(totalBytes(children)), 'content has fewer than 2^53 bytes');
  const writer = new Writer().u8(nodeFormat).u8(level).varint(children.length);
  for (const { id, sizeBytes } of children) {
    assert(id.kind === childKind(level), 'data is below level 1, nodes are below the others');
    assert(id.digest.length === digestBytes, 'a digest has 32 bytes');
    assert(sizeBytes > 0, 'no child is empty');
    writer.bytes(id.digest).varint(sizeBytes);
  }
  return writer.finish();
}

/**
 * A node from its bytes. It shares no memory with them.
 *
 * @param id - The name of the node: its domain is that of the children.
 * @throws `CORRUPT` if the bytes are not a node, or not the canonical encoding of one.
 */
export function decodeNode(bytes: Uint8Array, id: ChunkId): ManifestNode {
  const { level, children } = decodeNodePart(bytes, id, 0, Infinity);
  return { level, children };
}

/**
 * The same, with the children only that overlap a stretch of the content. Whatever is wrong with
 * the others is found all the same; but they cost little, and a range reads few of hundreds.
 *
 * @param start - Of the stretch, in the content below the node; and its end, not part of it.
 */
export function decodeNodePart(
  bytes: Uint8Array,
  id: ChunkId,
  start: number,
  end: number,
): ManifestNodePart {
  const reader = new Reader(bytes, 'a manifest node');
  const format = reader.u8();
  if (format !== nodeFormat) throw corrupt(`a manifest node has the unknown format ${format}`);
  const level = reader.u8();
  if (level < 1 || level > manifestLevelMax) throw corrupt(`a manifest node has level ${level}`);
  const childCount = canonicalVarint(reader, bytes);
  if (childCount === 0) throw corrupt('a manifest node has no children');

  const kind = childKind(level);
  const children: ManifestChild[] = []; // Grows with the bytes, whatever number they claim.
  let firstOffset = 0;
  let total = 0;
  for (let i = 0; i < childCount; i++) {
    const at = reader.offset;
    reader.skip(digestBytes);
    const sizeBytes = canonicalVarint(reader, bytes);
    if (sizeBytes === 0) throw corrupt('a manifest node has an empty child');
    if (total < end && total + sizeBytes > start) {
      if (children.length === 0) firstOffset = total;
      const digest = copyOf(bytes, at, digestBytes);
      children.push({ id: { domain: id.domain, kind, digest }, sizeBytes });
    }
    total += sizeBytes;
  }
  if (!reader.atEnd) throw corrupt('a manifest node has bytes behind its last child');
  if (!Number.isSafeInteger(total)) {
    throw corrupt('the children of a manifest node are longer than any content');
  }
  return { level, children, firstOffset, sizeBytes: total };
}

/** A varint in its shortest form, which has no zero as its last byte but for the number 0. */
function canonicalVarint(reader: Reader, bytes: Uint8Array): number {
  const start = reader.offset;
  const value = reader.varint();
  if (reader.offset - start > 1 && bytes[reader.offset - 1] === 0) {
    throw corrupt('a manifest node has an integer that is longer than need be');
  }
  return value;
}
