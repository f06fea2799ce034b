/**
 * What compaction gives back, and what it costs.
 *
 * A store is overwritten at random, several times its size, while compaction runs in the
 * background as it does by default: objects of 1 to 32 KiB, which travel in the journal, and one in
 * twenty of 400 KB, which goes to segments; all of random bytes. Then small uploads are timed, one
 * at a time, without compaction and beside it, in turns.
 *
 * Goals: the log takes at most 1.25 times what lives, once it is quiet; at most 1.8 bytes are
 * written for each that is uploaded; uploads beside compaction have at most twice the p99 of those
 * without. Not a goal: the throughput of the load itself.
 *
 * @module
 */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bucket } from '../src/index.ts';
import { openMeasuredStore, type MeasuredStore } from './measured-store.ts';

export interface OverwritingSizes {
  readonly objects: number;
  /** How often each object is overwritten, on average. */
  readonly times: number;
  /** Turns with and without compaction. */
  readonly turns: number;
  /** Small uploads in each turn. */
  readonly uploads: number;
  /** How long to wait, at most, until it is quiet. */
  readonly quietMs: number;
}

export interface OverwritingFigures {
  readonly liveBytes: number;
  readonly uploadedBytes: number;
  readonly seconds: number;
  /** Bytes of the log, snapshots too, for each that lives: at the end of the load, and later. */
  readonly spaceBusy: number;
  readonly spaceQuiet: number;
  /** Bytes written to the log, snapshots included, for each that was uploaded. */
  readonly written: number;
  /** Of small uploads, in ms, one for each turn. */
  readonly withoutCompaction: readonly UploadTimes[];
  readonly besideCompaction: readonly UploadTimes[];
}

export interface UploadTimes {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly compactedBytes: number;
}

const logFolders = ['journal', 'segments', 'snapshots'];
const inFlight = 16;

/** Measures in a folder that is empty. Throws if the store is not whole afterwards. */
export async function measureOverwriting(
  directory: string,
  sizes: OverwritingSizes,
): Promise<OverwritingFigures> {
  const random = randomSequence(0x2545f491);
  const load = await overwrite(directory, sizes, random);
  const [without, beside]: [UploadTimes[], UploadTimes[]] = [[], []];
  for (let turn = 0; turn < sizes.turns; turn++) {
    const manual = await openMeasuredStore(directory, 'manual');
    await fill(manual.store.bucket('b'), sizes.objects, sizes.objects, random);
    without.push(await timeUploads(manual, sizes.uploads, random));
    await manual.store.close();
    const automatic = await openMeasuredStore(directory, 'auto');
    // A commit, so that it looks whether there is work; it begins a second later.
    await automatic.store.bucket('b').upload('wake', 'x');
    if (sizes.quietMs > 0) await delay(1100);
    beside.push(await timeUploads(automatic, sizes.uploads, random));
    await automatic.store.close();
  }
  const { store } = await openMeasuredStore(directory, 'manual');
  const report = await store.verify();
  await store.close();
  if (!report.ok) throw new Error(`the store is damaged: ${JSON.stringify(report)}`);
  return { ...load, withoutCompaction: without, besideCompaction: beside };
}

type Load = Omit<OverwritingFigures, 'withoutCompaction' | 'besideCompaction'>;

async function overwrite(
  directory: string,
  { objects, times, quietMs }: OverwritingSizes,
  random: (below: number) => number,
): Promise<Load> {
  const { store, counter } = await openMeasuredStore(directory);
  const bucket = store.bucket('b');
  const startedMs = performance.now();
  const uploadedBytes = await fill(bucket, objects, objects * (times + 1), random);
  const seconds = (performance.now() - startedMs) / 1000;
  const spaceBusy = logBytes(directory) / (await store.stats()).storedBytes;
  const untilMs = performance.now() + quietMs;
  const { storedBytes: liveBytes } = await store.stats();
  // The goal ends the wait early; what is left to do is done at the next opening.
  while (performance.now() < untilMs && logBytes(directory) > liveBytes * 1.1) await delay(250);
  const spaceQuiet = logBytes(directory) / liveBytes;
  let writtenBytes = 0;
  for (const [ending, bytes] of counter.writtenBytes) {
    if (/^\.(vj|vs|vsnap\.tmp)$/.test(ending)) writtenBytes += bytes;
  }
  await store.close();
  const written = writtenBytes / uploadedBytes;
  return { liveBytes, uploadedBytes, seconds, spaceBusy, spaceQuiet, written };
}

/** Uploads to names at random. Returns how many bytes. */
async function fill(
  bucket: Bucket,
  objects: number,
  uploads: number,
  random: (below: number) => number,
): Promise<number> {
  let uploadedBytes = 0;
  let left = uploads;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const isLarge = random(20) === 0;
      const bytes = randomBytes(isLarge ? 400_000 : 1024 + random(31 * 1024), random);
      await bucket.upload(`object ${random(objects)}`, bytes);
      uploadedBytes += bytes.length;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return uploadedBytes;
}

/** Times uploads of 4 KiB, one at a time. */
async function timeUploads(
  { store, counter }: MeasuredStore,
  uploads: number,
  random: (below: number) => number,
): Promise<UploadTimes> {
  const bucket = store.bucket('b');
  const segmentBytesBefore = counter.writtenBytes.get('.vs') ?? 0;
  const times: number[] = [];
  for (let i = 0; i < uploads; i++) {
    const bytes = randomBytes(4096, random);
    const startedMs = performance.now();
    await bucket.upload(`small ${i % 100}`, bytes);
    times.push(performance.now() - startedMs);
  }
  const sorted = times.sort((a, b) => a - b);
  const at = (fraction: number): number => sorted[Math.floor(sorted.length * fraction)] ?? 0;
  const compactedBytes = (counter.writtenBytes.get('.vs') ?? 0) - segmentBytesBefore;
  return { p50Ms: at(0.5), p99Ms: at(0.99), compactedBytes };
}

function logBytes(directory: string): number {
  let sum = 0;
  for (const folder of logFolders) {
    const path = join(directory, folder);
    const names = statSync(path, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(path);
    for (const name of names) {
      // Compaction may have removed it just now.
      sum += statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0;
    }
  }
  return sum;
}

/** Xorshift: the same numbers in each run. */
function randomSequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function randomBytes(byteCount: number, random: (below: number) => number): Uint8Array {
  const words = new Uint32Array(Math.ceil(byteCount / 4));
  for (let i = 0; i < words.length; i++) words[i] = random(0xffff_ffff);
  return new Uint8Array(words.buffer, 0, byteCount);
}
