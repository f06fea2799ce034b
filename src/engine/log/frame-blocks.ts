/**
 * Small frames that lie near each other are read together: the way to the disk and back takes ten
 * times what reading a small frame does.
 *
 * A file is divided into blocks. The first frame that is asked for in one is read alone; with the
 * second, the whole block is read and kept. So what reads here and there reads no more than it
 * asks for, and what follows many chains of deltas, which lie in the order of their chunks, reads
 * each block once.
 *
 * What lies in a log file does not change, but the end of one that is still written to does. Frames
 * behind the end of a block as it was read are not in it; and whoever finds that something is wrong
 * with a frame asks the disk again before blaming anybody.
 *
 * @module
 */

import { equalBytes } from '../../base/bytes.ts';
import { frameBlocksCacheBytesMax } from '../../base/limits.ts';
import { RecentMap } from '../../base/recent-map.ts';
import type { LogFiles } from './log-files.ts';

const blockBytes = 64 * 1024;

/** Frames up to this size are small. A block is read with as much behind it, for its last frame. */
const smallFrameBytesMax = 16 * 1024;

/** What a block that was only asked for takes, and the key of any. */
const bookkeepingBytes = 100;

/** Where a frame lies. */
interface Place {
  readonly fileId: number;
  readonly offset: number;
  readonly frameBytes: number;
}

export class FrameBlocks {
  readonly #files: Pick<LogFiles, 'with'>;
  #blocks = noBlocks();

  constructor(files: Pick<LogFiles, 'with'>) {
    this.#files = files;
  }

  /** The frame at a place, or `undefined` if it must be read alone. Nobody may write to it. */
  async frame({ fileId, offset, frameBytes }: Place): Promise<Uint8Array | undefined> {
    if (frameBytes > smallFrameBytesMax) return undefined;
    const block = Math.floor(offset / blockBytes);
    const key = `${fileId}:${block}`;
    const known = this.#blocks.get(key);
    if (known === undefined) {
      this.#blocks.set(key, 'asked for');
      return undefined;
    }
    const start = block * blockBytes;
    const reading = known === 'asked for' ? this.#read(fileId, start) : known;
    if (reading !== known) this.#blocks.set(key, reading);
    const bytes = await reading.catch(() => undefined);
    const within = offset - start;
    if (bytes !== undefined && within + frameBytes <= bytes.length) {
      return bytes.subarray(within, within + frameBytes);
    }
    // It may be another's by now: that costs a read.
    this.#blocks.delete(key);
    return undefined;
  }

  /** Whether the disk has something else than the frame that was kept. Then nothing is kept. */
  async isOutdated({ fileId, offset, frameBytes }: Place, kept: Uint8Array): Promise<boolean> {
    const reading = this.#files.with(fileId, (opened) => opened.read(offset, frameBytes));
    const isOutdated = !equalBytes(await reading.catch(() => new Uint8Array(0)), kept);
    if (isOutdated) this.forget();
    return isOutdated;
  }

  forget(): void {
    this.#blocks = noBlocks();
  }

  #read(fileId: number, start: number): Promise<Uint8Array> {
    return this.#files.with(fileId, (opened) =>
      opened.read(start, blockBytes + smallFrameBytesMax),
    );
  }
}

function noBlocks(): RecentMap<Promise<Uint8Array> | 'asked for'> {
  return new RecentMap(frameBlocksCacheBytesMax, (block) =>
    block === 'asked for' ? bookkeepingBytes : blockBytes + smallFrameBytesMax + bookkeepingBytes,
  );
}
