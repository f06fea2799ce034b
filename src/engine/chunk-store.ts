/**
 * Where chunks are, in the embedded store: the index says where, the log has the bytes.
 *
 * What is read is believed only when its hash is its name. A decompressor does not notice all
 * damage, and an index may lead to the wrong place; the name settles both.
 *
 * @module
 */

import { equalBytes, toHex } from '../base/bytes.ts';
import { ObjectsError, corrupt, describe } from '../base/errors.ts';
import { decodePayload } from './chunk/compress.ts';
import { ChunkStage, type StagingArea } from './chunk-stage.ts';
import { locate } from './index/chunk-index.ts';
import type { IndexStore } from './index/index-store.ts';
import type { KnownDamage } from './known-damage.ts';
import { decodeChunkExtension } from './log/frame.ts';
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
      readonly segments: Segments;
      readonly state: StoreState;
    },
  ) {
    this.#platform = platform;
    this.#index = index;
    this.#files = files;
    const { inlineBytesMax, segments, state } = staging;
    const onOrphaned = (byteCount: number): void => {
      state.addOrphans(byteCount);
    };
    const { leases, damage } = state;
    this.#damage = damage;
    this.#staging = { inlineBytesMax, damage, leases, segments, staged: new Map(), onOrphaned };
  }

  stage(): ChunkStage {
    return new ChunkStage(this.#index.reader(), this.#staging);
  }

  async read(id: ChunkId): Promise<Uint8Array> {
    const location = await locate(this.#index.reader(), id);
    if (location === undefined) throw await missing(id, this.#index, this.#damage);
    try {
      return await readChunkAt(this.#platform, this.#files, id, location);
    } catch (error) {
      await blame(error, { id, location, index: this.#index, damage: this.#damage });
      throw error;
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
  else if (error instanceof ObjectsError && error.code === 'CORRUPT') {
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
  const { compression, hashing } = platform;
  const bytes = await decodePayload(compression, header.encoding, payload, header.rawBytes);
  const digest = hashing.sha256(bytes);
  const isNamedRight = chunkKey(stored.id) === chunkKey(id);
  if (isNamedRight && equalBytes(digest, id.digest)) return bytes;
  if (!isNamedRight && equalBytes(digest, stored.id.digest)) {
    throw new AnotherChunk(
      'the index leads to another chunk; close the store and open it again, which rebuilds the ' +
        `index: ${placeOf(id, location)}`,
      { code: 'CORRUPT' },
    );
  }
  throw corrupt(`a chunk is damaged: ${placeOf(id, location)}`);
}

function placeOf(id: ChunkId, { fileId, offset }: ChunkLocation): string {
  return describe({ chunk: toHex(id.digest), file: fileId, offset });
}
