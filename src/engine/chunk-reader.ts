/**
 * Reading a chunk: locate → read its frame → decompress → undo the delta → verify.
 *
 * What is read is believed only when its hash is its name, a base as much as what is handed out. A
 * decompressor does not notice all damage, and an index may lead to the wrong place; the name
 * settles both.
 *
 * A delta needs its bases, and they may be deltas themselves. Each frame says how many frames its
 * chunk costs to read, and what its bases cost is less; so a read ends, whatever damage there is,
 * and no circle of bases can be followed. Bases that were decoded are kept for a while: chunks that
 * lie side by side often have the same.
 *
 * Small chunks are kept, too (small-chunks.ts); they are looked for there only when the index has
 * them. Chunks that follow each other in a file are read together; what goes wrong with one of them
 * goes wrong when it is read alone, and is told then.
 *
 * Errors: `CORRUPT`, `IO`.
 *
 * @module
 */

import { equalBytes, toHex } from '../base/bytes.ts';
import { ObjectsError, corrupt, describe, isCorrupt } from '../base/errors.ts';
import { deltaReadCostMax } from '../base/limits.ts';
import { BasesCache } from './bases-cache.ts';
import { bytesToRead, isPartial, partIn, provedPart } from './chunk-part.ts';
import { runsOf, type Located, type Run } from './chunk-run.ts';
import { decodePayload } from './chunk/compress.ts';
import { decodeDelta } from './chunk/delta.ts';
import { locate } from './index/chunk-index.ts';
import type { IndexStore } from './index/index-store.ts';
import type { KnownDamage } from './known-damage.ts';
import { decodeChunkExtension, type ChunkExtension, type FrameHeader } from './log/frame.ts';
import { FrameBlocks } from './log/frame-blocks.ts';
import type { LogFiles } from './log/log-files.ts';
import { chunkKey } from './log/operations.ts';
import { ReadBuffers } from './log/read-buffers.ts';
import { frameIn, readFrame } from './log/walk.ts';
import type { ChunkId, ChunkLocation, ChunkPart } from './model.ts';
import type { Platform } from './platform/platform.ts';
import { SmallChunks } from './small-chunks.ts';

/** What reading a chunk takes. */
export interface ReadParts {
  readonly platform: Platform;
  readonly files: LogFiles;
  readonly index: IndexStore;
  readonly damage: KnownDamage;
}

/** A chunk that was read, with what it is stored as. */
export interface ReadChunk {
  readonly bytes: Uint8Array;
  /** How many frames a read of it takes. */
  readonly readCost: number;
  /** The chunks that it is stored as a delta of. */
  readonly bases: readonly ChunkId[];
}

/** Reads a base that costs no more than so many frames. The bytes are only lent. */
export type ReadBase = (id: ChunkId, readCostMax: number) => Promise<ReadChunk>;

export class ChunkReader {
  readonly #parts: ReadParts;
  readonly #buffers = new ReadBuffers();
  #bases = new BasesCache();
  readonly #small: SmallChunks;
  readonly #blocks: FrameBlocks;

  constructor(parts: ReadParts) {
    this.#parts = parts;
    this.#small = new SmallChunks(parts.platform.hashing, parts.platform.clock);
    this.#blocks = new FrameBlocks(parts.files);
  }

  /**
   * The plain bytes of a chunk, wherever it lies by now: compaction may move it between the look-up
   * and the read. They are the caller's to keep. What cannot be read is noted.
   *
   * @param known - Where it was found a moment ago.
   */
  async read(id: ChunkId, known?: ChunkLocation): Promise<Uint8Array> {
    const location = known ?? (await locate(this.#parts.index.reader(), id));
    const kept = location && this.#small.get(id, location.rawBytes);
    if (kept !== undefined) {
      await this.#small.giveWay();
      return kept.slice();
    }
    const { bytes } = await this.#read(id, { known: location });
    this.#small.keep(id, bytes);
    return bytes;
  }

  /** Lends the same to a function, which may keep no view of them. */
  async with<T>(id: ChunkId, use: (bytes: Uint8Array) => T, known?: ChunkLocation): Promise<T> {
    const location = known ?? (await locate(this.#parts.index.reader(), id));
    const kept = location && this.#small.get(id, location.rawBytes);
    if (kept !== undefined) {
      await this.#small.giveWay();
      return use(kept);
    }
    return this.#buffers.with(location?.frameBytes ?? 0, async (into) => {
      const { bytes } = await this.#read(id, { known: location, into });
      this.#small.keep(id, bytes);
      return use(bytes);
    });
  }

  /**
   * Lends parts of chunks, with as few reads as they lie side by side: each with its place among
   * them, in no order.
   */
  async withEach(
    parts: readonly ChunkPart[],
    use: (bytes: Uint8Array, position: number) => void,
  ): Promise<void> {
    const reader = this.#parts.index.reader();
    const located: Located[] = [];
    for (const [position, part] of parts.entries()) {
      const location = await locate(reader, part.id);
      if (location !== undefined) located.push({ part, position, location });
      else await this.with(part.id, (bytes) => use(partIn(bytes, part), position));
    }
    await allOf(runsOf(located).map((run) => this.#withRun(run, use)));
  }

  async #withRun(
    { chunks, fileId, offset, byteCount }: Run,
    use: (bytes: Uint8Array, position: number) => void,
  ): Promise<void> {
    const { platform, files } = this.#parts;
    const alone = ({ part, position, location }: Located): Promise<void> =>
      this.with(part.id, (bytes) => use(partIn(bytes, part), position), location);
    const [first] = chunks as [Located];
    if (chunks.length === 1 && !isPartial(first.part, first.location)) return alone(first);
    const { crc32 } = platform.hashing;
    const readBase: ReadBase = (base, costMax) => this.base(base, costMax);
    const readFrom = async (stretch: Stretch, located: Located): Promise<void> => {
      const { part, position, location } = located;
      const { id } = part;
      const frame = stretch.bytes
        .subarray(location.offset - offset)
        .subarray(0, bytesToRead(part, location));
      if (isPartial(part, location)) {
        const bytes = provedPart(crc32, stretch.salt, frame, part);
        if (bytes === undefined) await alone(located);
        else use(bytes, position);
        return;
      }
      const reading = readChunkAt(platform, files, { id, location, frame }, readBase);
      const chunk = await reading.catch(() => undefined);
      if (chunk === undefined) await alone(located);
      else use(partIn(chunk.bytes, part), position);
    };
    await this.#buffers.with(byteCount, async (into) => {
      const stretch = await files
        .with(fileId, async (opened) => ({
          bytes: await opened.read(offset, byteCount, into),
          salt: opened.header.salt,
        }))
        .catch(() => undefined);
      const read = (located: Located): Promise<void> =>
        stretch === undefined ? alone(located) : readFrom(stretch, located);
      await allOf(chunks.map(read));
    });
  }

  /** A chunk as the disk has it, with what it is stored as. */
  inspect(id: ChunkId, known?: ChunkLocation): Promise<ReadChunk> {
    return this.#read(id, { known });
  }

  /** A chunk that another is, or is to be, a delta of. Its bytes must not be changed. */
  async base(id: ChunkId, readCostMax?: number): Promise<ReadChunk> {
    const key = chunkKey(id);
    const cached = this.#bases.get(key);
    // Nothing is read for it; and what it cost once may be more than it does now.
    const isCheap = cached !== undefined && cached.readCost <= (readCostMax ?? deltaReadCostMax);
    if (isCheap) return { ...cached, readCost: 1 };
    const known = await locate(this.#parts.index.reader(), id);
    const frame = known && (await this.#blocks.frame(known));
    const chunk = await this.#read(id, { known, readCostMax, frame });
    this.#bases.put(key, chunk);
    return chunk;
  }

  /** From here on everything is read from the disk again. */
  forget(): void {
    this.#bases = new BasesCache();
    this.#small.forget();
    this.#blocks.forget();
  }

  /**
   * A chunk that costs so much to read, if its bytes are at hand or in the store. `undefined`: it
   * is only on its way. What is at hand may be of a time when the chunk was stored otherwise.
   */
  async lent(id: ChunkId, readCost: number): Promise<ReadChunk | undefined> {
    const key = chunkKey(id);
    const cached = this.#bases.get(key);
    if (cached?.readCost === readCost) return cached;
    this.#bases.drop(key);
    const location = await locate(this.#parts.index.reader(), id);
    return location === undefined ? undefined : this.base(id);
  }

  /** A new chunk that may become the base of another, perhaps before it is in the store. */
  lend(id: ChunkId, chunk: ReadChunk): void {
    this.#bases.put(chunkKey(id), chunk);
  }

  async #read(
    id: ChunkId,
    {
      known,
      readCostMax,
      into,
      frame,
    }: {
      readonly known?: ChunkLocation | undefined;
      readonly readCostMax?: number | undefined;
      /** Memory that the bytes may be a view of. */
      readonly into?: Uint8Array | undefined;
      /** The bytes at the place that is known, as they were a while ago. */
      readonly frame?: Uint8Array | undefined;
    },
  ): Promise<ReadChunk> {
    const { platform, files, index, damage } = this.#parts;
    const readBase: ReadBase = (base, costMax) => this.base(base, costMax);
    let location = known ?? (await locate(index.reader(), id));
    let kept = frame;
    for (;;) {
      if (location === undefined) throw await missing(id, index, damage);
      const wanted = { id, location, readCostMax, into, frame: kept };
      try {
        return await readChunkAt(platform, files, wanted, readBase);
      } catch (error) {
        const isOutdated = kept !== undefined && (await this.#blocks.isOutdated(location, kept));
        kept = undefined;
        if (isOutdated) continue;
        const now = await locate(index.reader(), id);
        if (now?.fileId === location.fileId && now.offset === location.offset) {
          await blame(error, { id, location, index, damage });
          throw error;
        }
        location = now;
      }
    }
  }
}

/** Bytes of a file, and what its checksums are seeded with. */
interface Stretch {
  readonly bytes: Uint8Array;
  readonly salt: number;
}

/** Waits for all of them, whatever becomes of them; then throws what the first of them threw. */
async function allOf(all: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(all);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/**
 * The error for a chunk that a version needs and the index does not have. Unless frames are known
 * to be lost, the index is to blame.
 */
export async function missing(
  id: ChunkId,
  index: IndexStore,
  damage: KnownDamage,
): Promise<ObjectsError> {
  if (!damage.hasLostChunks) await index.distrust();
  return corrupt(`a chunk is not in the store: ${nameOf(id)}`);
}

/**
 * After a chunk could not be read: notes who is to blame. The frame at its place is bad, or one
 * that it needs, and then an upload of the same content will bring another; or a good frame of
 * another chunk is there, and then it is the index that is wrong. An error of another kind is
 * nobody's fault.
 */
export async function blame(
  error: unknown,
  about: {
    readonly id: ChunkId;
    readonly location: ChunkLocation;
    readonly index: IndexStore;
    readonly damage: KnownDamage;
  },
): Promise<void> {
  if (error instanceof AnotherChunk) await about.index.distrust();
  else if (isCorrupt(error)) {
    await about.damage.note(about.id, about.location, error.message);
  }
}

/** The index leads to a frame that is whole, and not the one that was looked for. */
class AnotherChunk extends ObjectsError {}

/** A chunk at a place, checked against its name. */
export async function readChunkAt(
  platform: Platform,
  files: LogFiles,
  wanted: {
    readonly id: ChunkId;
    readonly location: ChunkLocation;
    /** Default: whatever it costs. */
    readonly readCostMax?: number | undefined;
    /** Memory that the bytes may be a view of. Default: they have their own. */
    readonly into?: Uint8Array | undefined;
    /** The bytes at its place, if they were read already: its bytes may be a view of them. */
    readonly frame?: Uint8Array | undefined;
  },
  readBase: ReadBase,
): Promise<ReadChunk> {
  const { id, location, readCostMax = deltaReadCostMax, into, frame } = wanted;
  const { header, extension, payload } =
    frame === undefined ? await readFrame(files, location, into) : frameIn(frame, location);
  const stored = decodeChunkExtension(header, extension);
  const readCost = stored.delta?.readCost ?? 1;
  if (readCost > readCostMax) {
    throw corrupt(`a chunk costs more to read than a delta of it: ${placeOf(id, location)}`);
  }
  const bytes = await plainBytes(platform, { header, extension: stored, payload }, readBase);
  if (bytes === undefined) throw corrupt(`a chunk is damaged: ${placeOf(id, location)}`);
  if (chunkKey(stored.id) === chunkKey(id)) {
    return { bytes, readCost, bases: stored.bases };
  }
  throw new AnotherChunk(
    'the index leads to another chunk; close the store and open it again, which rebuilds the ' +
      `index: ${placeOf(id, location)}`,
    { code: 'CORRUPT' },
  );
}

/** The frame of a chunk. */
export interface ChunkFrame {
  readonly header: FrameHeader;
  readonly extension: ChunkExtension;
  readonly payload: Uint8Array;
}

/**
 * The plain bytes of a chunk, or `undefined` if their hash is not its name.
 *
 * @throws What `readBase` throws.
 */
export async function plainBytes(
  platform: Platform,
  { header, extension, payload }: ChunkFrame,
  readBase: ReadBase,
): Promise<Uint8Array | undefined> {
  const { compression, hashing } = platform;
  const { id, delta } = extension;
  const bases = delta === undefined ? undefined : await readBases(extension, readBase);
  try {
    const sizeBytes = delta?.deltaBytes ?? header.rawBytes;
    const decoded = await decodePayload(compression, header.encoding, payload, sizeBytes, bases);
    const bytes = bases === undefined ? decoded : decodeDelta(bases, decoded, header.rawBytes);
    return equalBytes(hashing.sha256(bytes), id.digest) ? bytes : undefined;
  } catch (error) {
    if (isCorrupt(error)) return undefined;
    throw error;
  }
}

/** The bases of a delta, which all together cost less than it does. */
async function readBases(
  { bases, delta }: ChunkExtension,
  readBase: ReadBase,
): Promise<Uint8Array[]> {
  const read: Uint8Array[] = [];
  let left = (delta?.readCost ?? 1) - 1;
  for (const [i, base] of bases.entries()) {
    const { bytes, readCost } = await readBase(base, left - (bases.length - 1 - i));
    left -= readCost;
    read.push(bytes);
  }
  return read;
}

function placeOf(id: ChunkId, { fileId, offset }: ChunkLocation): string {
  return describe({ chunk: toHex(id.digest), file: fileId, offset });
}

function nameOf(id: ChunkId): string {
  return describe({ chunk: toHex(id.digest) });
}
