/**
 * Where chunks are, in the embedded store: the index says where, the log has the bytes.
 *
 * What is read is believed only when its hash is its name. A decompressor does not notice all
 * damage, and an index may lead to the wrong place; the name settles both.
 *
 * @module
 */

import { equalBytes, toHex } from '../base/bytes.ts';
import { ObjectsError, corrupt, describe, isCorrupt } from '../base/errors.ts';
import { decodePayload } from './chunk/compress.ts';
import { ChunkStage, type StagingArea } from './chunk-stage.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { locate } from './index/chunk-index.ts';
import type { IndexStore } from './index/index-store.ts';
import type { KnownDamage } from './known-damage.ts';
import { decodeChunkExtension, type FrameHeader } from './log/frame.ts';
import type { LogFiles } from './log/log-files.ts';
import { chunkKey } from './log/operations.ts';
import { readFrame } from './log/walk.ts';
import type { ChunkId, ChunkLocation, ChunkStore } from './model.ts';
import type { Platform } from './platform/platform.ts';
import type { Segments } from './segments.ts';
import type { StoreState } from './store-state.ts';

export class EmbeddedChunkStore implements ChunkStore {
  readonly #platform: Platform;
  readonly #index: IndexStore;
  readonly #files: LogFiles;
  readonly #damage: KnownDamage;
  readonly #staging: StagingArea;

  constructor(
    platform: Platform,
    index: IndexStore,
    files: LogFiles,
    staging: {
      readonly inlineBytesMax: number;
      readonly reserve: DiskReserve;
      readonly segments: Segments;
      readonly state: StoreState;
    },
  ) {
    this.#platform = platform;
    this.#index = index;
    this.#files = files;
    const { state, ...shared } = staging;
    const onOrphaned = (location: ChunkLocation): void => {
      state.usage.orphan(location);
    };
    const { leases, damage } = state;
    this.#damage = damage;
    this.#staging = { ...shared, damage, leases, staged: new Map(), onOrphaned };
  }

  stage(): ChunkStage {
    return new ChunkStage(this.#index.reader(), this.#staging);
  }

  /** Files with chunks of uploads on their way. */
  get stagedFileIds(): ReadonlySet<number> {
    const ids = new Set<number>();
    for (const { location } of this.#staging.staged.values()) {
      if (location !== undefined) ids.add(location.fileId);
    }
    return ids;
  }

  async read(id: ChunkId): Promise<Uint8Array> {
    const parts = { platform: this.#platform, files: this.#files, index: this.#index };
    return readChunk({ ...parts, damage: this.#damage }, id);
  }
}

/** What reading a chunk takes. */
export interface ReadParts {
  readonly platform: Platform;
  readonly files: LogFiles;
  readonly index: IndexStore;
  readonly damage: KnownDamage;
}

/**
 * The plain bytes of a chunk, wherever it lies by now: compaction may move it between the look-up
 * and the read. What cannot be read is noted.
 *
 * @param known - Where it was found a moment ago.
 */
export async function readChunk(
  parts: ReadParts,
  id: ChunkId,
  known?: ChunkLocation,
): Promise<Uint8Array> {
  const { platform, files, index, damage } = parts;
  let location = known ?? (await locate(index.reader(), id));
  for (;;) {
    if (location === undefined) throw await missing(id, index, damage);
    try {
      return await readChunkAt(platform, files, id, location);
    } catch (error) {
      const now = await locate(index.reader(), id);
      if (now?.fileId === location.fileId && now.offset === location.offset) {
        await blame(error, { id, location, index, damage });
        throw error;
      }
      location = now;
    }
  }
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
  return corrupt(`a chunk is not in the store: ${describe({ chunk: toHex(id.digest) })}`);
}

/**
 * After a chunk could not be read: notes who is to blame. The frame at its place is bad, and then
 * an upload of the same content will bring another; or a good frame of another chunk is there, and
 * then it is the index that is wrong. An error of another kind is nobody's fault.
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

/** The plain bytes of a chunk at a place, checked against its name. */
export async function readChunkAt(
  platform: Platform,
  files: LogFiles,
  id: ChunkId,
  location: ChunkLocation,
): Promise<Uint8Array> {
  const { header, extension, payload } = await readFrame(files, location);
  const stored = decodeChunkExtension(header, extension);
  const isNamedRight = chunkKey(stored.id) === chunkKey(id);
  const bytes = await plainBytes(platform, isNamedRight ? id : stored.id, header, payload);
  if (bytes === undefined) throw corrupt(`a chunk is damaged: ${placeOf(id, location)}`);
  if (isNamedRight) return bytes;
  throw new AnotherChunk(
    'the index leads to another chunk; close the store and open it again, which rebuilds the ' +
      `index: ${placeOf(id, location)}`,
    { code: 'CORRUPT' },
  );
}

/** The plain bytes of a payload, or `undefined` if their hash is not the chunk's name. */
export async function plainBytes(
  { compression, hashing }: Platform,
  id: ChunkId,
  header: FrameHeader,
  payload: Uint8Array,
): Promise<Uint8Array | undefined> {
  try {
    const bytes = await decodePayload(compression, header.encoding, payload, header.rawBytes);
    return equalBytes(hashing.sha256(bytes), id.digest) ? bytes : undefined;
  } catch (error) {
    if (isCorrupt(error)) return undefined;
    throw error;
  }
}

function placeOf(id: ChunkId, { fileId, offset }: ChunkLocation): string {
  return describe({ chunk: toHex(id.digest), file: fileId, offset });
}
