/**
 * Streams of any size, up and down, and how much memory that takes.
 *
 *     node --import tsx large-stream.ts MEBIBYTES [STREAMS]
 *
 * Content is made as it is read, and compared by its hash on the way back, so that no side ever
 * holds it. Prints its figures as a line of JSON, and fails if memory grows by more than 256 MiB.
 * `npm run test:large` does it with 4 GiB.
 */

import { createCipheriv, createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Bucket } from '../../src/index.ts';

/** What was measured. Sizes are in MiB, times in seconds. */
export interface LargeStreamFigures {
  readonly streams: number;
  readonly mebibytes: number;
  readonly up: number;
  readonly down: number;
  readonly growthUp: number;
  readonly growthDown: number;
  readonly onDisk: number;
}

const mebibyte = 1024 * 1024;

/** Random bytes, the same for the same stream; `hash` sees all of them. */
async function* content(
  stream: number,
  byteCount: number,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  const key = createHash('sha256').update(`stream ${stream}`).digest();
  const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
  const zeros = new Uint8Array(256 * 1024);
  for (let left = byteCount; left > 0; left -= zeros.length) {
    const bytes = cipher.update(zeros.subarray(0, Math.min(left, zeros.length)));
    hash.update(bytes);
    yield bytes;
  }
}

async function upload(bucket: Bucket, stream: number, byteCount: number): Promise<string> {
  const hash = createHash('sha256');
  const { size } = await bucket.upload(`stream-${stream}`, content(stream, byteCount, hash));
  if (size !== byteCount) throw new Error(`${size} bytes were stored of ${byteCount}`);
  return hash.digest('hex');
}

async function download(bucket: Bucket, stream: number): Promise<string> {
  const hash = createHash('sha256');
  const bytes: AsyncIterable<Uint8Array> = bucket.downloadStream(`stream-${stream}`);
  for await (const piece of bytes) hash.update(piece);
  return hash.digest('hex');
}

/** The highest resident size since the process began. */
function peakMebibytes(): number {
  return process.resourceUsage().maxRSS / 1024;
}

function mebibytesOnDisk(directory: string): number {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const sizes = paths.map((path) => statSync(join(directory, path)).size);
  return sizes.reduce((sum, size) => sum + size, 0) / mebibyte;
}

async function measure(mebibytes: number, streams: number): Promise<LargeStreamFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-large-'));
  const store = await openStore(directory);
  try {
    const bucket = store.bucket('bucket');
    // Everything is loaded and has run once before memory is looked at.
    if ((await upload(bucket, -1, mebibyte)) !== (await download(bucket, -1))) {
      throw new Error('a small stream came back changed');
    }
    const before = process.memoryUsage.rss() / mebibyte;
    const numbers = Array.from({ length: streams }, (_, i) => i);
    const byteCount = Math.floor((mebibytes * mebibyte) / streams);

    const startMs = performance.now();
    const sent = await Promise.all(numbers.map((i) => upload(bucket, i, byteCount)));
    const sentMs = performance.now();
    const growthUp = peakMebibytes() - before;
    const received = await Promise.all(numbers.map((i) => download(bucket, i)));
    const receivedMs = performance.now();
    if (received.join() !== sent.join()) throw new Error('a stream came back changed');
    return {
      streams,
      mebibytes,
      up: (sentMs - startMs) / 1000,
      down: (receivedMs - sentMs) / 1000,
      growthUp,
      growthDown: peakMebibytes() - before,
      onDisk: mebibytesOnDisk(directory),
    };
  } finally {
    await store.close();
    rmSync(directory, { recursive: true });
  }
}

const growthMebibytesMax = 256;

const [mebibytes, streams = 1] = process.argv.slice(2).map(Number);
if (mebibytes === undefined) throw new Error('how many MiB?');
const figures = await measure(mebibytes, streams);
console.log(JSON.stringify(figures));
if (figures.growthDown > growthMebibytesMax) process.exitCode = 1;
