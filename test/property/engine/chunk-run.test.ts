/**
 * Runs of chunks that are read together: they hold every chunk once, in order, and no read is
 * larger than its memory. What is wrong with one chunk of a run is no matter of the others.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBufferBytes } from '../../../src/base/limits.ts';
import { runsOf, type Located } from '../../../src/engine/chunk-run.ts';
import type { ChunkId, ChunkLocation, ChunkPart } from '../../../src/engine/model.ts';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import { generatedBytes } from '../../support/content.ts';
import { openEngine, storeFolder, testPlatform, upload } from '../../support/test-engine.ts';

const chunk = fc.record({
  fileId: fc.constantFrom(1, 1, 1, 2),
  gap: fc.constantFrom(0, 0, 0, 4000, 20_000, -1_500_000),
  frameBytes: fc.integer({ min: 50, max: 700_000 }),
});

const id: ChunkId = { domain: 1, kind: 'data', digest: new Uint8Array(32) };

function whole(sizeBytes: number): ChunkPart {
  return { id, sizeBytes, start: 0, end: sizeBytes };
}

function at(fileId: number, offset: number, frameBytes: number): ChunkLocation {
  return { fileId, offset, frameBytes, rawBytes: frameBytes };
}

/** Chunks mostly one behind the other. */
const located: fc.Arbitrary<Located[]> = fc.array(chunk, { maxLength: 20 }).map((chunks) => {
  let end = 0;
  return chunks.map(({ fileId, gap, frameBytes }, position) => {
    const offset = Math.max(0, end + gap);
    end = offset + frameBytes;
    return { part: whole(frameBytes), position, location: at(fileId, offset, frameBytes) };
  });
});

describe('runs of chunks', () => {
  test('hold every chunk once, in order, within the stretch that is read', () => {
    fc.assert(
      fc.property(located, (chunks) => {
        const runs = runsOf(chunks);
        expect(runs.flatMap((run) => run.chunks)).toEqual(chunks);
        for (const run of runs) {
          if (run.chunks.length > 1) expect(run.byteCount).toBeLessThanOrEqual(readBufferBytes);
          let end = run.offset;
          for (const { location } of run.chunks) {
            expect(location.fileId).toBe(run.fileId);
            expect(location.offset).toBeGreaterThanOrEqual(end);
            end = location.offset + location.frameBytes;
          }
          expect(end).toBe(run.offset + run.byteCount);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('are one read where chunks lie side by side', () => {
    const place = (position: number, offset: number): Located => ({
      part: whole(1000),
      position,
      location: at(1, offset, 1000),
    });
    const runs = runsOf([place(0, 0), place(1, 1000), place(2, 2500), place(3, 100_000)]);
    expect(runs.map((run) => [run.chunks.length, run.byteCount])).toEqual([
      [3, 3500],
      [1, 1000],
    ]);
  });

  test('with a chunk that is damaged give all the others, and say which it is', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await openEngine(testPlatform({ fileSystem }));
    const bucket = await engine.ensureBucket('b', {});
    const content = generatedBytes(3, 40_000);
    const version = await upload(engine, bucket, 'a', content);
    const damagedAt = 20_000;
    await flipByte(fileSystem, content.subarray(damagedAt - 16, damagedAt + 16));

    const read = (start: number, end: number): Promise<Uint8Array> => {
      const target = new Uint8Array(end - start);
      return engine.readInto(version, { start, end }, target).then(() => target);
    };
    await expect(read(0, content.length)).rejects.toMatchObject({ code: 'CORRUPT' });
    await expect(read(damagedAt, damagedAt + 1)).rejects.toMatchObject({ code: 'CORRUPT' });
    // No chunk is larger than this.
    const clear = 2048;
    for (const [start, end] of [
      [0, damagedAt - clear],
      [damagedAt + clear, content.length],
    ] as const) {
      expect(Buffer.compare(await read(start, end), content.subarray(start, end))).toBe(0);
    }
    const { damaged } = await engine.verify({});
    expect(damaged.map(({ name }) => name)).toEqual(['a']);
    await engine.close();
  });
});

/** Flips a byte in the middle of these, where they lie in a segment. */
async function flipByte(fileSystem: MemoryFileSystem, bytes: Uint8Array): Promise<void> {
  for (const name of await fileSystem.readDirectory(`${storeFolder}/segments`)) {
    const file = await fileSystem.open(`${storeFolder}/segments/${name}`, 'update');
    const stored = new Uint8Array(await file.size());
    await file.read(stored, 0);
    const at = Buffer.from(stored).indexOf(bytes);
    if (at >= 0) {
      const middle = at + bytes.length / 2;
      await file.write([Uint8Array.of((stored[middle] as number) ^ 1)], middle);
      await file.close();
      return;
    }
    await file.close();
  }
  throw new Error('the content lies in a segment as it is');
}
