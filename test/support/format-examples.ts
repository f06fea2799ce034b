/**
 * One example of each structure on disk, made by the code. The golden test pins their bytes; the
 * document shows them.
 *
 * @module
 */

import { concatBytes, encodeUtf8 } from '../../src/base/bytes.ts';
import { dictionaryOf } from '../../src/engine/chunk/compress.ts';
import { encodeDelta } from '../../src/engine/chunk/delta.ts';
import { encodeNode } from '../../src/engine/chunk/manifest.ts';
import { encodeRecipe } from '../../src/engine/gzip/recipe.ts';
import { encodeBucket } from '../../src/engine/index/records.ts';
import { encodeFileHeader } from '../../src/engine/log/file-header.ts';
import {
  encodeChunkFrame,
  encodeCommitFrame,
  encodePadFrame,
  type FramePosition,
} from '../../src/engine/log/frame.ts';
import { encodeCommitPayload, type Operation } from '../../src/engine/log/operations.ts';
import { makeParity } from '../../src/engine/log/parity-code.ts';
import { encodeParityHead } from '../../src/engine/log/parity-file.ts';
import {
  encodeSnapshotBlock,
  encodeSnapshotHeader,
  encodeSnapshotRows,
  lastSnapshotBlock,
} from '../../src/engine/log/snapshot-file.ts';
import { encodeSuperblock } from '../../src/engine/log/superblock.ts';
import { noTotals, type ChunkId } from '../../src/engine/model.ts';
import { nativeHashing } from '../../src/engine/platform/native-hashing.ts';
import { portableCompression } from '../../src/engine/platform/portable-compression.ts';

const { crc32, sha256 } = nativeHashing;

const storeId: Uint8Array = Uint8Array.from({ length: 16 }, (_, i) => i);
const hello = new TextEncoder().encode('hello, varve');
const dataId: ChunkId = { domain: 0, kind: 'data', digest: sha256(hello) };
const nodeId: ChunkId = { domain: 0, kind: 'node', digest: new Uint8Array(32).fill(0x22) };
const otherId: ChunkId = { domain: 0, kind: 'data', digest: new Uint8Array(32).fill(0x11) };

function position(): FramePosition {
  return { salt: 0x5a17, offset: 512, chain: 0xc4a1 };
}

const node: Uint8Array = encodeNode({
  level: 1,
  children: [
    { id: dataId, sizeBytes: 12 },
    { id: otherId, sizeBytes: 300 },
  ],
});

const chunk = { id: dataId, encoding: 'raw', payload: hello, rawBytes: 12, children: [] } as const;

/** Of a gzip stream with ten bytes in it, and one byte behind. */
const recipe: Uint8Array = encodeRecipe(nativeHashing, [
  { kind: 'literal', bytes: Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3) },
  {
    kind: 'deflated',
    settings: {
      implementation: 'chromium',
      level: 6,
      memLevel: 8,
      windowBits: 15,
      strategy: 0,
    },
    storedBytes: 10,
    sizeBytes: 12,
    digests: [new Uint8Array(16).fill(0x33)],
  },
  { kind: 'literal', bytes: Uint8Array.of(1, 2, 3, 4, 10, 0, 0, 0) },
  { kind: 'copied', sizeBytes: 1 },
]);

/** A chunk that says three times what its base says twice. */
const base = new TextEncoder().encode('hello, varve and hello, varve');
const grown = new TextEncoder().encode('hello, varve and hello, varve and hello, varve');
const delta: Uint8Array = encodeDelta([base], grown);
const deltaChunk = {
  id: { domain: 0, kind: 'data', digest: sha256(grown) },
  encoding: 'raw',
  payload: delta,
  rawBytes: grown.length,
  children: [{ domain: 0, kind: 'data', digest: sha256(base) }],
  delta: { deltaBytes: delta.length, readCost: 2 },
} as const;

/** It has only words in common with its base. The portable DEFLATE is the same everywhere. */
async function primedChunk(): Promise<Parameters<typeof encodeChunkFrame>[2]> {
  const clay = encodeUtf8('Layers of clay, one for each year that the lake has been there.');
  const bytes = encodeUtf8('The year of the lake, and each of the layers there');
  const words = encodeDelta([clay], bytes);
  const dictionary = dictionaryOf([clay]);
  return {
    id: { domain: 0, kind: 'data', digest: sha256(bytes) },
    encoding: 'primed',
    payload: await portableCompression.compress('primed', words, 'small', dictionary),
    rawBytes: bytes.length,
    children: [{ domain: 0, kind: 'data', digest: sha256(clay) }],
    delta: { deltaBytes: words.length, readCost: 2 },
  };
}

/** The put of a small upload. */
const smallPut: Operation = {
  kind: 'put',
  bucketId: 1,
  name: 'a',
  timeMs: 17e11,
  sizeBytes: 12,
  root: { id: dataId, level: 0 },
  previousHead: undefined,
  keepsPrevious: true,
};

/** Each kind of operation once, and `put` in both of its forms. */
export const exampleOperations: readonly Operation[] = [
  { kind: 'putBucket', bucket: { id: 1, name: 'b', versioned: true, public: false } },
  { kind: 'dropBucket', bucketId: 2 },
  { ...smallPut, contentType: 'text/plain', metadata: { k: 'v' } },
  {
    kind: 'put',
    bucketId: 1,
    name: 'a',
    timeMs: 17e11,
    sizeBytes: 312,
    root: {
      id: nodeId,
      level: 1,
    },
    previousHead: 3,
    keepsPrevious: false,
  },
  { kind: 'deleteMarker', bucketId: 1, name: 'a', timeMs: 1_700_000_000_000, previousHead: 4 },
  { kind: 'purge', bucketId: 1, name: 'a', lsn: 4, previousHead: undefined, reveals: 3 },
  { kind: 'adopt', fileId: 2, offsets: [512, 2560] },
  {
    kind: 'free',
    id: otherId,
    location: {
      fileId: 2,
      offset: 512,
      frameBytes: 354,
      rawBytes: 300,
    },
  },
  {
    kind: 'checkpoint',
    position: { fileId: 1, offset: 1024 },
    usage: [
      [1, { liveBytes: 300, deadBytes: 0 }],
      [2, { liveBytes: 708, deadBytes: 354 }],
    ],
  },
  { kind: 'relocate', fromFileId: 1, toFileId: 4, offsets: [512, 866] },
  { kind: 'retire', fileIds: [1, 3] },
  {
    kind: 'supersede',
    id: dataId,
    location: { fileId: 2, offset: 866, frameBytes: 67, rawBytes: 12 },
  },
  { kind: 'close' },
  { kind: 'lock', bucketId: 1, name: 'a', lsn: 3, head: undefined, untilMs: 18e11 },
];

/** What may be there or not in a body that has grown. */
const grownOperations: readonly Operation[] = [
  {
    kind: 'putBucket',
    bucket: {
      id: 1,
      name: 'b',
      versioned: true,
      public: false,
      retention: { keepLast: 5, keepForMs: 2_592_000_000, daily: 7 },
    },
  },
  { ...smallPut, lockedUntilMs: 18e11 },
  {
    kind: 'free',
    id: otherId,
    location: { fileId: 2, offset: 512, frameBytes: 120, rawBytes: 300, readCost: 2 },
  },
];

/** Two files of one import: the second says what differs. */
export const importedOperations: readonly Operation[] = ['notes/one.md', 'notes/two.md'].map(
  (name, index) => ({
    ...smallPut,
    name,
    metadata: { mode: '644', mtime: '1700000000', stamp: `${index}.abc` },
  }),
);

/** The same of what has a recipe, or is not to have one. */
const seenThroughOperations: readonly Operation[] = [
  {
    kind: 'putBucket',
    bucket: { id: 1, name: 'b', versioned: true, public: false, seeThroughGzip: false },
  },
  {
    ...smallPut,
    sizeBytes: 31,
    seenThrough: { contentBytes: 11, uploadRoot: { id: otherId, level: 0 }, recipe },
  },
];

/** The commit of a small upload: its chunk lies before it in the group. */
const smallCommit: Uint8Array = encodeCommitPayload(
  {
    totals: { ...noTotals, objects: 1, versions: 1, chunks: 1, logicalBytes: 12, uniqueBytes: 12 },
    timeMs: 1_700_000_000_000,
    lastBucketId: 1,
    operations: [smallPut],
  },
  [dataId],
);

/** The commit of an import of many files, which is compressed. */
const importedMany: Uint8Array = encodeCommitPayload(
  {
    totals: noTotals,
    timeMs: 17e11,
    lastBucketId: 1,
    operations: Array.from({ length: 20 }, (_, i) => ({
      ...smallPut,
      name: `notes/${i}.md`,
      metadata: { mode: '644', mtime: '1700000000', stamp: `${i}.abc` },
    })),
  },
  [dataId],
);

/** Two bases and what is made from them: the second one, a word, the first one with one letter. */
export const deltaExample: { readonly bases: readonly Uint8Array[]; readonly target: Uint8Array } =
  {
    bases: [
      encodeUtf8('Layers of clay, one for each year that the lake has been there.'),
      encodeUtf8('Count them back from the newest, and you know when it froze. '),
    ],
    target: encodeUtf8(
      'Count them back from the newest, and you know when it froze. ' +
        'Thin layers of clay, one for each year that the ice has been there.',
    ),
  };

/** The bytes of each structure, by its name in the document. */
export const formatExamples: Readonly<Record<string, Uint8Array>> = {
  'a slot of the VARVE file': encodeSuperblock(crc32, {
    sequence: 1,
    storeId,
    generation: 1,
    nextFileId: 1,
    chunking: {
      minBytes: 16384,
      averageBytes: 65536,
      maxBytes: 262144,
    },
    requiredFeatures: 3,
    optionalFeatures: 0,
  }),
  'a file header': encodeFileHeader(crc32, {
    kind: 'journal',
    generation: 2,
    fileId: 3,
    storeId,
    salt: 23063,
    previous: {
      fileId: 1,
      end: 2048,
      chain: 50337,
    },
    firstLsn: 9,
    checkpoint: {
      fileId: 1,
      offset: 1024,
    },
  }),
  'a chunk frame': concatBytes(encodeChunkFrame(crc32, position(), chunk)),
  'a delta frame': concatBytes(encodeChunkFrame(crc32, position(), deltaChunk)),
  'a primed frame': concatBytes(encodeChunkFrame(crc32, position(), await primedChunk())),
  'a node frame': concatBytes(
    encodeChunkFrame(crc32, position(), {
      ...chunk,
      id: nodeId,
      payload: node,
      rawBytes: node.length,
    }),
  ),
  'a commit frame': concatBytes(
    encodeCommitFrame(
      crc32,
      position(),
      { firstLsn: 9, operationCount: 1, durableEnd: 512 },
      smallCommit,
    ),
  ),
  'a deflated commit frame': concatBytes(
    encodeCommitFrame(
      crc32,
      position(),
      { firstLsn: 9, operationCount: 20, durableEnd: 512 },
      importedMany,
      portableCompression.deflateNow(importedMany),
    ),
  ),
  'a pad frame': concatBytes(encodePadFrame(crc32, { ...position(), offset: 1000 })),
  'a commit payload': smallCommit,
  'every operation': encodeCommitPayload(
    {
      totals: noTotals,
      timeMs: 17e11,
      lastBucketId: 2,
      operations: exampleOperations,
    },
    [dataId],
  ),
  'what was added to bodies': encodeCommitPayload(
    { totals: noTotals, timeMs: 17e11, lastBucketId: 2, operations: grownOperations },
    [dataId],
  ),
  'puts that are alike': encodeCommitPayload(
    { totals: noTotals, timeMs: 17e11, lastBucketId: 1, operations: importedOperations },
    [dataId],
  ),
  'a version that is seen through': encodeCommitPayload(
    { totals: noTotals, timeMs: 17e11, lastBucketId: 1, operations: seenThroughOperations },
    [dataId],
  ),
  'a recipe': recipe,
  'a manifest node': node,
  'a delta': encodeDelta(deltaExample.bases, deltaExample.target),
  'a snapshot': snapshotExample(),
  'a parity file': await parityExample(),
};

/** Of a log file of two blocks, of which only the first few bytes are no zeros. */
async function parityExample(): Promise<Uint8Array> {
  const file = new Uint8Array(5000);
  file.set(hello);
  const extent = { coveredBytes: 4500, every: 2 };
  const read = async (offset: number, byteCount: number): Promise<Uint8Array> =>
    file.slice(offset, offset + byteCount);
  const { checksums, parity } = await makeParity(crc32, extent, read, () => Promise.resolve());
  const header = { storeId, fileId: 3, fileCrc: 0x1c32_b5d8, fileBytes: 5000, ...extent };
  return concatBytes([encodeParityHead(crc32, header, checksums), parity]);
}

/** Of a store with one bucket, a row that is said in full. */
function snapshotExample(): Uint8Array {
  const header = { storeId, rowFormat: 2, lsn: 9, position: { fileId: 1, offset: 1024 } };
  const start = encodeSnapshotHeader(crc32, header);
  const key = Uint8Array.from([0x62, 0, 0, 0, 1]);
  const value = encodeBucket({ id: 1, name: 'b', versioned: true, public: false });
  const payload = encodeSnapshotRows([{ key, value }]);
  const block = encodeSnapshotBlock(crc32, start.chain, {
    encoding: 'raw',
    rawBytes: payload.length,
    payload,
  });
  const last = encodeSnapshotBlock(crc32, block.chain, lastSnapshotBlock);
  return concatBytes([start.bytes, block.head, payload, last.head]);
}

/**
 * As the document shows bytes: sixteen on a line, without the zeros that fill up a structure. A
 * star stands for lines of zeros.
 */
export function hexDump(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  const lines: string[] = [];
  for (let at = 0; at < end; at += 16) {
    const line = Buffer.from(bytes.subarray(at, Math.min(end, at + 16))).toString('hex');
    if (/^0+$/.test(line)) {
      if (lines.at(-1) !== '*') lines.push('*');
    } else lines.push(`${at.toString(16).padStart(4, '0')}  ${line.replace(/(..)(?=.)/g, '$1 ')}`);
  }
  if (end < bytes.length) lines.push(`      then zeros, up to ${bytes.length} bytes`);
  return lines.join('\n');
}
