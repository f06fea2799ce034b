/**
 * Where chunks are, in the embedded store: the index says where, the log has the bytes.
 *
 * What is read is believed only when its hash is its name. A decompressor does not notice all
 * damage, and an index may lead to the wrong place; the name settles both.
 *
 * @module
 */

import { equalBytes, toHex } from '../base/bytes.ts';
import { corrupt, describe } from '../base/errors.ts';
import { decodePayload } from './chunk/compress.ts';
import { ChunkStage, type StagingArea } from './chunk-stage.ts';
import { locate } from './index/chunk-index.ts';
import type { IndexStore } from './index/index-store.ts';
import { decodeChunkExtension } from './log/frame.ts';
import type { LogFiles } from './log/log-files.ts';
import { readFrame } from './log/walk.ts';
import type { ChunkId, ChunkLocation, ChunkStore } from './model.ts';
import type { Platform } from './platform/platform.ts';
import type { Segments } from './segments.ts';
import type { StoreState } from './store-state.ts';

export class EmbeddedChunkStore implements ChunkStore {
  readonly #platform: Platform;
  readonly #index: IndexStore;
  readonly #files: LogFiles;
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
    const { leases } = state;
    this.#staging = { inlineBytesMax, leases, segments, staged: new Map(), onOrphaned };
  }

  stage(): ChunkStage {
    return new ChunkStage(this.#index.reader(), this.#staging);
  }

  async read(id: ChunkId): Promise<Uint8Array> {
    const location = await locate(this.#index.reader(), id);
    if (location === undefined) {
      throw corrupt(`a chunk is not in the store: ${describe({ chunk: toHex(id.digest) })}`);
    }
    return readChunkAt(this.#platform, this.#files, id, location);
  }
}

/** The plain bytes of a chunk at a place, checked against its name. */
export async function readChunkAt(
  platform: Platform,
  files: LogFiles,
  id: ChunkId,
  location: ChunkLocation,
): Promise<Uint8Array> {
  const { header, extension, payload } = await readFrame(files, location);
  const stored = decodeChunkExtension(header, extension);
  if (stored.id.kind !== id.kind || !equalBytes(stored.id.digest, id.digest)) {
    throw corrupt(`the index leads to another chunk: ${placeOf(id, location)}`);
  }
  const { compression, hashing } = platform;
  const bytes = await decodePayload(compression, header.encoding, payload, header.rawBytes);
  if (!equalBytes(hashing.sha256(bytes), id.digest)) {
    throw corrupt(`a chunk is damaged: ${placeOf(id, location)}`);
  }
  return bytes;
}

function placeOf(id: ChunkId, { fileId, offset }: ChunkLocation): string {
  return describe({ chunk: toHex(id.digest), file: fileId, offset });
}
