/**
 * Every bit of a store is wrong once, and every file is cut off at every place: what does the store
 * say then?
 *
 * A damage is a value that a disk is given: nothing is copied for it, and nothing is written. What
 * recovery reads (journal, `VARVE`, snapshot, headers) is read by an opening of its own for each
 * damage; a frame of a segment is read by a store that is open already, by the chunk's name.
 *
 * @module
 */

import { toHex } from '../../src/base/bytes.ts';
import { ObjectsError } from '../../src/base/errors.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { decodeChunkExtension, frameBytes } from '../../src/engine/log/frame.ts';
import { LogFiles } from '../../src/engine/log/log-files.ts';
import { decodeSuperblock } from '../../src/engine/log/superblock.ts';
import { firstPosition, walkFrames } from '../../src/engine/log/walk.ts';
import type { ChunkId } from '../../src/engine/model.ts';
import type { File, FileLock, FileStatus } from '../../src/engine/platform/file-system.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { OverlayFileSystem } from '../../src/engine/platform/overlay-file-system.ts';
import { OpeningValues } from './opening-values.ts';
import { editedText, generatedBytes, generatedText } from '../support/content.ts';
import { mustGetFile, readFiles, type StoredFiles } from '../support/stored-files.ts';
import {
  contentOf,
  openEngine,
  storeFolder,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

/** One bit of a file is wrong, or the file ends early. */
export type Damage =
  | { readonly path: string; readonly bit: number }
  | { readonly path: string; readonly cutAt: number };

/**
 * What came of it. `refused`: the store does not open, and says why. `named`: it opens, and a read
 * says what is damaged. `harmless`: every answer is as before. `shortened`: the journal ends before
 * its last group, which nothing says was ever safe. `wrong`: any other answer.
 */
export type Verdict = 'refused' | 'named' | 'harmless' | 'shortened' | 'wrong';

/** A disk that can be told to be damaged. It is never written to after that. */
class DamagedDisk extends MemoryFileSystem {
  damage: Damage | undefined;

  override async open(path: string, mode: 'read' | 'create' | 'update'): Promise<File> {
    const file = await super.open(path, mode);
    const sizeNow = (size: number): number => this.#sizeOf(path, size);
    return {
      read: async (target, position) => {
        const byteCount = await file.read(target, position);
        const { damage } = this;
        if (damage?.path !== path) return byteCount;
        if ('cutAt' in damage) return Math.min(byteCount, Math.max(0, damage.cutAt - position));
        const at = Math.floor(damage.bit / 8) - position;
        if (at >= 0 && at < byteCount) target[at]! ^= 1 << (damage.bit % 8);
        return byteCount;
      },
      write: (parts, position) => file.write(parts, position),
      sync: () => file.sync(),
      size: async () => sizeNow(await file.size()),
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      close: () => file.close(),
    };
  }

  override async status(path: string): Promise<FileStatus | undefined> {
    const status = await super.status(path);
    if (status === undefined) return undefined;
    return { ...status, sizeBytes: this.#sizeOf(path, status.sizeBytes) };
  }

  /** Nobody writes here: many may have it open. */
  override async lock(): Promise<FileLock> {
    return { release: async () => undefined };
  }

  #sizeOf(path: string, size: number): number {
    const { damage } = this;
    return damage?.path === path && 'cutAt' in damage ? Math.min(size, damage.cutAt) : size;
  }
}

/** Of the damages that leave values which were opened before, one in so many is opened again. */
const sampleEvery = 512;

/** A store with every kind of file and frame, and how to ask it. */
export class DamageBench {
  readonly files: StoredFiles;
  /** Types of the frames in it. */
  readonly frameTypes: ReadonlySet<string>;
  readonly #disk: DamagedDisk;
  readonly #states: readonly string[];
  readonly #frames: ReadonlyMap<string, readonly ChunkFrame[]>;
  readonly #open: Engine;
  readonly #values: OpeningValues;
  /** What openings came to, by what they read. */
  readonly #verdicts = new Map<string, Verdict>();
  #judged = 0;
  /** How many stores were opened for it. */
  openedCount = 0;

  private constructor(
    parts: Pick<DamageBench, 'files' | 'frameTypes'> & {
      readonly disk: DamagedDisk;
      readonly states: readonly string[];
      readonly frames: ReadonlyMap<string, readonly ChunkFrame[]>;
      readonly open: Engine;
      readonly values: OpeningValues;
    },
  ) {
    this.files = parts.files;
    this.frameTypes = parts.frameTypes;
    this.#disk = parts.disk;
    this.#states = parts.states;
    this.#frames = parts.frames;
    this.#open = parts.open;
    this.#values = parts.values;
  }

  /** Another seed makes a store with other content. */
  static async make(seed: number): Promise<DamageBench> {
    const disk = new DamagedDisk();
    const states = await live(disk, seed * 10);
    const files = await readFiles(disk, storeFolder);
    const open = await openOver(disk);
    const frameTypes = new Set<string>();
    const frames = await chunkFrames(disk, files, open, frameTypes);
    const snapshot = [...files.keys()].find((path) => path.startsWith('snapshots/')) ?? '';
    const values = await OpeningValues.of(disk, snapshot);
    return new DamageBench({ files, frameTypes, disk, states, frames, open, values });
  }

  async close(): Promise<void> {
    await this.#open.close();
  }

  /** What the store says when it is damaged so. */
  async judge(damage: Damage): Promise<Verdict> {
    const frame = this.#frameAt(damage);
    this.#disk.damage = { ...damage, path: `${storeFolder}/${damage.path}` };
    try {
      const isInHeader = 'bit' in damage && damage.bit < 512 * 8;
      const ofOpening =
        damage.path.startsWith('segments') && !isInHeader
          ? 'harmless'
          : await this.#judgeOpening(damage);
      if (ofOpening !== 'harmless' || frame === undefined) return ofOpening;
      return await this.#judgeRead(frame);
    } finally {
      this.#disk.damage = undefined;
    }
  }

  /** The chunk frame that a damage is in; cut off is the frame that no longer fits. */
  #frameAt(damage: Damage): ChunkFrame | undefined {
    const at = 'bit' in damage ? Math.floor(damage.bit / 8) : damage.cutAt;
    return this.#frames.get(damage.path)?.find(({ start, end }) => at >= start && at < end);
  }

  async #judgeRead({ id, bytes }: ChunkFrame): Promise<Verdict> {
    try {
      const read = await this.#open.chunks.read(id);
      return Buffer.compare(read, bytes) === 0 ? 'harmless' : 'wrong';
    } catch (error) {
      return isDamage(error) ? 'named' : 'wrong';
    }
  }

  async #judgeOpening(damage: Damage): Promise<Verdict> {
    const values = ('bit' in damage ? 'flipped ' : 'cut ') + (await this.#values.now(damage.path));
    const known = this.#verdicts.get(values);
    const isSampled = this.#judged++ % sampleEvery === 0;
    if (known !== undefined && !isSampled) return known;
    const verdict = await this.#openAndRead(damage);
    // Equal values, other answers: then the values are not all that an opening reads.
    if (known !== undefined && known !== verdict) return 'wrong';
    this.#verdicts.set(values, verdict);
    return verdict;
  }

  async #openAndRead(damage: Damage): Promise<Verdict> {
    this.openedCount++;
    let engine: Engine;
    try {
      engine = await openOver(this.#disk);
    } catch (error) {
      return isDamage(error) ? 'refused' : 'wrong';
    }
    try {
      // The header of a segment is read with the first of its chunks.
      const isSegment = damage.path.startsWith('segments');
      const [frame] = isSegment ? (this.#frames.get(damage.path) ?? []) : [];
      if (frame !== undefined) await engine.chunks.read(frame.id);
      const state = await stateOf(engine);
      if (state === this.#states.at(-1)) return 'harmless';
      // A cut may take any groups off the end, a flipped bit the last one.
      const shorter = this.#states.slice('bit' in damage ? -2 : 0);
      return shorter.includes(state) ? 'shortened' : 'wrong';
    } catch (error) {
      return isDamage(error) ? 'named' : 'wrong';
    } finally {
      await engine.close();
    }
  }
}

/** A frame with a chunk of the store, and what must be read from it. */
interface ChunkFrame {
  readonly start: number;
  readonly end: number;
  readonly id: ChunkId;
  readonly bytes: Uint8Array;
}

/** Opens what is on a disk; whatever that writes stays beside it. */
function openOver(disk: MemoryFileSystem): Promise<Engine> {
  return openEngine(testPlatform({ fileSystem: new OverlayFileSystem(disk) }));
}

/** A life with every kind of frame. Returns the states that a shortened journal may show. */
async function live(disk: MemoryFileSystem, seed: number): Promise<string[]> {
  let engine = await openEngine(testPlatform({ fileSystem: disk }));
  const bucket = await engine.ensureBucket('b', { versioned: true });
  const { lsn } = await upload(engine, bucket, 'gone', generatedBytes(seed + 3, 9000));
  await engine.close();
  engine = await openEngine(testPlatform({ fileSystem: disk }));
  await upload(engine, bucket, 'large', generatedBytes(seed + 1, 50_000));
  await upload(engine, bucket, 'text', generatedText(seed + 2, 3000));
  await upload(engine, bucket, 'text', editedText(seed + 2, 3000, 1));
  // Compaction gives the file of what is gone back, for which it takes a snapshot.
  await engine.purge(bucket, 'gone', lsn);
  await engine.totals();
  await engine.compact({});
  await engine.close();
  engine = await openEngine(testPlatform({ fileSystem: disk }));
  const states = [await stateOf(engine)];
  await upload(engine, bucket, 'small', 'small');
  states.push(await stateOf(engine));
  await engine.remove(bucket, 'small');
  states.push(await stateOf(engine));
  await upload(engine, bucket, 'last', generatedText(seed + 4, 300));
  states.push(await stateOf(engine));
  await upload(engine, bucket, 'last', editedText(seed + 4, 300, 1));
  states.push(await stateOf(engine));
  await engine.sync();
  // Not closed, so that nothing says that the last group was safe.
  return states;
}

async function stateOf(engine: Engine): Promise<string> {
  const lines: unknown[] = [];
  for (const bucket of engine.buckets()) {
    for (const { name, version, isLatest } of await engine.versions.versions(bucket.id, {}, 1000)) {
      // What is large lies in segments: those are read by the names of their chunks.
      const isSmall = version.kind === 'object' && version.sizeBytes < 1000;
      const content = isSmall ? toHex(await contentOf(engine, version)) : undefined;
      const root = version.kind === 'object' ? toHex(version.root.id.digest) : undefined;
      lines.push({ bucket, name, isLatest, version: { ...version, root }, content });
    }
  }
  return JSON.stringify(lines);
}

async function chunkFrames(
  disk: MemoryFileSystem,
  files: StoredFiles,
  engine: Engine,
  frameTypes: Set<string>,
): Promise<Map<string, ChunkFrame[]>> {
  const { crc32 } = testPlatform().hashing;
  const storeId = decodeSuperblock(crc32, mustGetFile(files, 'VARVE'))?.storeId;
  if (storeId === undefined) throw new Error('the store was made');
  const log = await LogFiles.open(disk, crc32, storeFolder, storeId);
  const found = new Map<string, ChunkFrame[]>();
  for (const fileId of [...log.ids('journal'), ...log.ids('segment')]) {
    const frames: ChunkFrame[] = [];
    await log.with(fileId, async (opened) => {
      for await (const frame of walkFrames(crc32, opened, firstPosition(opened))) {
        const { header, offset } = frame;
        frameTypes.add(header.type);
        if (header.type !== 'chunk' && header.type !== 'node') continue;
        const { id } = decodeChunkExtension(header, frame.extension);
        const bytes = await engine.chunks.read(id).catch(() => undefined);
        const end = offset + frameBytes(header);
        if (bytes !== undefined) frames.push({ start: offset, end, id, bytes });
      }
    });
    found.set(log.path(fileId).slice(storeFolder.length + 1), frames);
  }
  await log.close();
  return found;
}

function isDamage(error: unknown): boolean {
  return error instanceof ObjectsError && ['CORRUPT', 'UNSUPPORTED'].includes(error.code);
}

/** How often each verdict was given. */
export type Tally = Record<Verdict, number>;

/**
 * Judges damages of one file, and keeps those that were answered wrongly.
 *
 * @param step - Every so-manieth bit, or place to cut at.
 */
export async function judgeAll(
  bench: DamageBench,
  path: string,
  kind: 'flip' | 'cut',
  step = 1,
): Promise<{ readonly tally: Tally; readonly wrong: Damage[] }> {
  const tally: Tally = { refused: 0, named: 0, harmless: 0, shortened: 0, wrong: 0 };
  const wrong: Damage[] = [];
  const { length } = mustGetFile(bench.files, path);
  const count = kind === 'flip' ? length * 8 : length;
  for (let at = 0; at < count; at += step) {
    const damage = kind === 'flip' ? { path, bit: at } : { path, cutAt: at };
    const verdict = await bench.judge(damage);
    tally[verdict]++;
    if (verdict === 'wrong') wrong.push(damage);
  }
  return { tally, wrong };
}
