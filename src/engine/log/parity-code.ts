/**
 * Parity: making it from the blocks of a file, finding blocks that have rotted, restoring them.
 *
 * The parity of a group is the exclusive or of its blocks, so of each group one block can be
 * restored, and no more. Which one is rotten its checksum says; a block that was restored counts
 * only if it has that checksum, so two rotten blocks in a group, or one beside rotten parity, give
 * nothing and never something wrong.
 *
 * Whoever gives the bytes decides where they lie: a file that is cut off gives fewer than asked.
 *
 * @module
 */

import type { Crc32 } from './frame.ts';
import {
  parityBlockBytes,
  parityShape,
  type ParityChecksums,
  type ParityHeader,
  type ParityShape,
} from './parity-file.ts';

/** So much of a file is looked at between two pauses: a few milliseconds of work. */
const sliceBytes: number = 256 * parityBlockBytes;

/** Bytes of the log file; fewer where it ends. */
export type ReadLogFile = (offset: number, byteCount: number) => Promise<Uint8Array>;

/** What a parity file says, and the file that it is for. */
export interface ParitySource {
  readonly crc32: Crc32;
  readonly header: ParityHeader;
  readonly checksums: ParityChecksums;
  readonly read: ReadLogFile;
  readonly readParity: (group: number) => Promise<Uint8Array>;
}

/** Makes the parity of a file. `pause` is called after each slice of work. */
export async function makeParity(
  crc32: Crc32,
  extent: Pick<ParityHeader, 'coveredBytes' | 'every'>,
  read: ReadLogFile,
  pause: () => Promise<void>,
): Promise<{ readonly checksums: ParityChecksums; readonly parity: Uint8Array }> {
  const { groupCount } = parityShape(extent);
  const parity = new Uint8Array(groupCount * parityBlockBytes);
  const blocks: number[] = [];
  for await (const block of blocksOf(extent, read, pause)) {
    exclusiveOr(parityIn(parity, blocks.length % groupCount), block);
    blocks.push(crc32(block, 0));
  }
  const groups = Array.from({ length: groupCount }, (_, group) =>
    crc32(parityIn(parity, group), 0),
  );
  return { checksums: { blocks, groups }, parity };
}

/** Numbers of the blocks that are not what they were. */
export async function rottenBlocks(
  { crc32, header, checksums, read }: ParitySource,
  pause: () => Promise<void>,
): Promise<number[]> {
  const rotten: number[] = [];
  let at = 0;
  for await (const block of blocksOf(header, read, pause)) {
    const isWhole = block.length === blockBytesAt(header, at);
    if (!isWhole || crc32(block, 0) !== checksums.blocks[at]) rotten.push(at);
    at++;
  }
  return rotten;
}

/** What restoring came to: the blocks as they were, by number; and those that are lost. */
export interface RestoredBlocks {
  readonly restored: ReadonlyMap<number, Uint8Array>;
  readonly lost: readonly number[];
}

/** Restores rotten blocks, each if no other block of its group is rotten, and the parity is not. */
export async function restoreBlocks(
  source: ParitySource,
  rotten: readonly number[],
): Promise<RestoredBlocks> {
  const { groupCount } = parityShape(source.header);
  const restored = new Map<number, Uint8Array>();
  const rottenIn = new Map<number, number>();
  for (const block of rotten) {
    rottenIn.set(block % groupCount, (rottenIn.get(block % groupCount) ?? 0) + 1);
  }
  for (const block of rotten) {
    const isAlone = rottenIn.get(block % groupCount) === 1;
    const bytes = isAlone ? await restoreBlock(source, block) : undefined;
    if (bytes !== undefined) restored.set(block, bytes);
  }
  return { restored, lost: rotten.filter((block) => !restored.has(block)) };
}

async function restoreBlock(source: ParitySource, block: number): Promise<Uint8Array | undefined> {
  const { crc32, header, checksums, read, readParity } = source;
  const shape = parityShape(header);
  const group = block % shape.groupCount;
  const parity = await readParity(group);
  if (parity.length !== parityBlockBytes || crc32(parity, 0) !== checksums.groups[group]) {
    return undefined;
  }
  const sum = parity.slice();
  for (const other of membersOf(shape, group)) {
    if (other === block) continue;
    const byteCount = blockBytesAt(header, other);
    exclusiveOr(sum, await read(other * parityBlockBytes, byteCount));
  }
  const bytes = sum.subarray(0, blockBytesAt(header, block));
  return crc32(bytes, 0) === checksums.blocks[block] ? bytes : undefined;
}

/** The blocks of a group. */
function* membersOf({ blockCount, groupCount }: ParityShape, group: number): Generator<number> {
  for (let block = group; block < blockCount; block += groupCount) yield block;
}

/** All blocks in their order, the last one as short as it is. They are good until the next step. */
async function* blocksOf(
  { coveredBytes }: Pick<ParityHeader, 'coveredBytes'>,
  read: ReadLogFile,
  pause: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < coveredBytes; at += sliceBytes) {
    const wantedBytes = Math.min(sliceBytes, coveredBytes - at);
    const slice = await read(at, wantedBytes);
    for (let from = 0; from < wantedBytes; from += parityBlockBytes) {
      yield slice.subarray(from, Math.min(from + parityBlockBytes, wantedBytes));
    }
    await pause();
  }
}

function blockBytesAt({ coveredBytes }: ParityHeader, block: number): number {
  return Math.min(parityBlockBytes, coveredBytes - block * parityBlockBytes);
}

function parityIn(parity: Uint8Array, group: number): Uint8Array {
  return parity.subarray(group * parityBlockBytes, (group + 1) * parityBlockBytes);
}

/** Adds a block, which may be shorter: the bytes that it lacks count as zeros. */
function exclusiveOr(target: Uint8Array, block: Uint8Array): void {
  const isAligned = target.byteOffset % 4 === 0 && block.byteOffset % 4 === 0;
  const wordCount = isAligned ? Math.floor(block.length / 4) : 0;
  // Four bytes at a time: a file is some megabytes, and this takes most of the time.
  const [words, others] = [wordsOf(target, wordCount), wordsOf(block, wordCount)];
  for (let at = 0; at < wordCount; at++) {
    words[at] = (words[at] as number) ^ (others[at] as number);
  }
  for (let at = 4 * wordCount; at < block.length; at++) {
    target[at] = (target[at] as number) ^ (block[at] as number);
  }
}

function wordsOf(bytes: Uint8Array, wordCount: number): Int32Array {
  return new Int32Array(bytes.buffer, wordCount === 0 ? 0 : bytes.byteOffset, wordCount);
}
