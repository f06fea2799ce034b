/**
 * Content that is at hand in one array takes a shorter way in. The way of streams is its oracle:
 * what comes to lie in the log is the same, byte for byte.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { MemoryFileSystem } from '../../../src/engine/platform/memory-file-system.ts';
import { editedText, generatedBytes } from '../../support/content.ts';
import { readFiles } from '../../support/stored-files.ts';
import {
  complaintsAbout,
  contentOf,
  openEngine,
  storeFolder,
  testPlatform,
  upload,
} from '../../support/test-engine.ts';

/** What somebody uploads: around the smallest chunk (128 bytes here), and some of it again. */
const content = fc.oneof(
  fc.tuple(fc.nat(5), fc.nat(300)).map(([seed, size]) => generatedBytes(seed, size)),
  fc.tuple(fc.nat(2), fc.nat(300), fc.nat(3)).map((draw) => editedText(...draw)),
  // The beginning of a gzip stream, or what looks like one.
  fc.nat(3).map((size) => Uint8Array.of(0x1f, 0x8b, 8).subarray(0, size)),
);
const uploads = fc.array(fc.record({ name: fc.constantFrom('a', 'b'), content }), {
  minLength: 1,
  maxLength: 12,
});

/** Found with seed -94349228: as a stream the second became a delta, and as an array it did not. */
const editOfWhatDoesNotCompress = [97, 98].map((size) => ({
  name: 'b',
  content: generatedBytes(0, size),
}));

type Upload = (engine: Engine, name: string, content: Uint8Array) => Promise<void>;

/** The log after uploads, as text, and whether all is well. */
async function logAfter(
  steps: readonly { readonly name: string; readonly content: Uint8Array }[],
  versioned: boolean,
  put: Upload,
): Promise<string[]> {
  const fileSystem = new MemoryFileSystem();
  const engine = await openEngine(testPlatform({ fileSystem }));
  try {
    await engine.ensureBucket('x', { versioned });
    for (const step of steps) await put(engine, step.name, step.content);
    expect(await complaintsAbout(engine)).toEqual([]);
  } finally {
    await engine.close();
  }
  const files = await readFiles(fileSystem, storeFolder);
  return [...files].map(([path, bytes]) => `${path} ${toHex(bytes)}`).sort();
}

test('an array is stored as a stream of the same bytes is', async () => {
  await fc.assert(
    fc.asyncProperty(uploads, fc.boolean(), async (steps, versioned) => {
      const asStreams = await logAfter(steps, versioned, async (engine, name, bytes) => {
        const bucket = await engine.ensureBucket('x', {});
        await upload(engine, bucket, name, bytes);
      });
      const asArrays = await logAfter(steps, versioned, async (engine, name, bytes) => {
        const bucket = await engine.ensureBucket('x', {});
        const body = Uint8Array.from(bytes);
        const uploading = engine.upload({ bucket, name, body, durability: 'power' });
        expect(await contentOf(engine, await uploading)).toEqual(bytes);
      });
      expect(asArrays).toEqual(asStreams);
    }),
    { numRuns: 60, examples: [[editOfWhatDoesNotCompress, true]] },
  );
});

test('what a caller does with its array after the call does not reach the store', async () => {
  const engine = await openEngine(testPlatform());
  const bucket = await engine.ensureBucket('x', {});
  const body = generatedBytes(1, 100);
  const uploading = engine.upload({ bucket, name: 'a', body, durability: 'power' });
  // It was copied in a step of its own: whichever bytes those were, name and content agree.
  for (let turn = 0; turn < 20; turn++) {
    body.fill(turn);
    await Promise.resolve();
  }
  await contentOf(engine, await uploading);
  expect(await complaintsAbout(engine)).toEqual([]);
  await engine.close();
});
