/**
 * An engine on a machine that a test controls: its clock, its randomness and its file system.
 *
 * Nothing here depends on the time or on chance, so the same calls make the same bytes: failures
 * repeat, and golden stores can be made.
 *
 * @module
 */

import { concatBytes, toHex } from '../../src/base/bytes.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { BucketRecord, Durability, ObjectVersion } from '../../src/engine/model.ts';
import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { memoryPlatform } from '../../src/engine/platform/machine.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import type { Clock, Platform } from '../../src/engine/platform/platform.ts';
import type { EngineOptions } from '../../src/engine/requests.ts';
import { systemClock } from '../../src/engine/platform/clock.ts';
import { generatedBytes } from './content.ts';

/** Where test stores lie. */
export const storeFolder = '/store';

/** Small, so that a few kilobytes make a tree of chunks. */
export const smallChunking = { minBytes: 128, averageBytes: 512, maxBytes: 2048 };

/** A clock that stands still until it is set; what is scheduled runs when the test says so. */
export class TestClock implements Clock {
  timeMs: number = Date.UTC(2026, 0, 1);
  readonly #scheduled = new Set<() => void>();

  nowMs(): number {
    return this.timeMs;
  }

  schedule(_delayMs: number, action: () => void): { cancel(): void } {
    this.#scheduled.add(action);
    return { cancel: () => void this.#scheduled.delete(action) };
  }

  yield(): Promise<void> {
    return systemClock.yield();
  }

  /** Runs what is waiting for its time. */
  runScheduled(): void {
    const due = [...this.#scheduled];
    this.#scheduled.clear();
    for (const action of due) action();
  }
}

/** A platform in memory, of which any part can be replaced. */
export function testPlatform(parts: Partial<Platform> = {}): Platform {
  let drawn = 0;
  return {
    ...memoryPlatform(),
    fileSystem: new MemoryFileSystem(),
    clock: new TestClock(),
    randomness: { bytes: (byteCount) => generatedBytes(0x5eed + drawn++, byteCount) },
    process: { pid: 1 },
    ...parts,
  };
}

/** So little of an upload goes into the journal that a few kilobytes go to a segment. */
const inlineBytesMax = 8192;

/** Opens a store that cuts small. `options`: what is to be otherwise. */
export async function openEngine(
  platform: Platform,
  directory: string = storeFolder,
  options: Partial<EngineOptions> = {},
): Promise<Engine> {
  return Engine.open({
    platform,
    directory,
    createIfMissing: true,
    chunking: smallChunking,
    inlineBytesMax,
    ...options,
  });
}

/** Opens what lies on a file system, as after a restart of the machine. */
export async function openFrom(fileSystem: FileSystem): Promise<Engine> {
  return openEngine(testPlatform({ fileSystem }));
}

/** Uploads bytes, or text. */
export async function upload(
  engine: Engine,
  bucket: BucketRecord,
  name: string,
  content: Uint8Array | string,
  durability: Durability = 'power',
): Promise<ObjectVersion> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return engine.upload({ bucket, name, durability, body: once(bytes) });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** All bytes of a version. */
export async function contentOf(engine: Engine, version: ObjectVersion): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const range = { start: 0, end: version.sizeBytes };
  for await (const part of engine.read(version, range)) parts.push(part);
  return concatBytes(parts);
}

/** One version as a line: what must be the same after a recovery. */
export interface VersionLine {
  readonly bucket: string;
  readonly name: string;
  readonly lsn: number;
  readonly timeMs: number;
  readonly isLatest: boolean;
  readonly lockedUntilMs: number | undefined;
  /** The content in hexadecimal; of a delete marker `undefined`. */
  readonly content: string | undefined;
}

/** Everything that a store holds, read back byte by byte. */
export async function everythingIn(engine: Engine): Promise<VersionLine[]> {
  const lines: VersionLine[] = [];
  for (const bucket of engine.buckets()) {
    for (const entry of await engine.versions.versions(bucket.id, {}, 100_000)) {
      const { name, version, isLatest } = entry;
      const content =
        version.kind === 'object' ? toHex(await contentOf(engine, version)) : undefined;
      const { lsn, timeMs } = version;
      const lockedUntilMs = version.kind === 'object' ? version.lockedUntilMs : undefined;
      lines.push({ bucket: bucket.name, name, lsn, timeMs, isLatest, lockedUntilMs, content });
    }
  }
  return lines;
}

/** What `verify` has to say against a store: nothing, if all is well. */
export async function complaintsAbout(engine: Engine): Promise<string[]> {
  const { damaged, problems } = await engine.verify({});
  return [...problems, ...damaged.map(({ name, reason }) => `${name}: ${reason}`)];
}
