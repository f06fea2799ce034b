/**
 * The laws of seeing through gzip: whatever is uploaded comes out again, byte by byte, and what can
 * be made again from its content is stored as that.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeRecipe,
  encodeRecipe,
  sizesOf,
  type Recipe,
} from '../../../src/engine/gzip/recipe.ts';
import { regenerate, type Stretch } from '../../../src/engine/gzip/regenerate.ts';
import {
  SeeThrough,
  seeThroughLimits,
  type SeeThroughLimits,
} from '../../../src/engine/gzip/see-through.ts';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';
import { generatedBytes, generatedText } from '../../support/content.ts';
import {
  arbitraryFields,
  arbitraryPlain,
  arbitrarySettings,
  gzipMember,
  tarOf,
  zlibDefaults,
} from '../../support/gzip.ts';

const hashing = nativeHashing;
const clock = { nowMs: () => 0, yield: async () => {} };
const runs = { numRuns: 40 };

interface Seen {
  readonly content: Buffer;
  /** Where chunks end, whatever the content says. */
  readonly cuts: readonly number[];
  readonly uploaded: Buffer;
  readonly recipe: Recipe | undefined;
}

async function seeThrough(
  upload: Uint8Array,
  sliceBytes = 65_536,
  limits: SeeThroughLimits = seeThroughLimits,
): Promise<Seen> {
  const uploaded: Uint8Array[] = [];
  const onUploaded = (bytes: Uint8Array): void => void uploaded.push(Uint8Array.from(bytes));
  const through = new SeeThrough({ hashing, clock, fileBytesMin: 16_384, onUploaded, limits });
  const content: Uint8Array[] = [];
  const cuts: number[] = [];
  let size = 0;
  for await (const part of through.content(slicesOf(upload, sliceBytes))) {
    if (part === 'cut') cuts.push(size);
    // The source uses its memory again, so this must be a copy.
    else content.push(Uint8Array.from(part));
    size += part === 'cut' ? 0 : part.length;
  }
  const { recipe } = through;
  return { content: Buffer.concat(content), cuts, uploaded: Buffer.concat(uploaded), recipe };
}

/** Slices in one memory that is used again and again. */
async function* slicesOf(bytes: Uint8Array, sliceBytes: number): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(sliceBytes);
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    const part = bytes.subarray(at, at + sliceBytes);
    memory.set(part);
    yield memory.subarray(0, part.length);
    memory.fill(0xa5);
  }
}

/** A range of the upload as it comes out of what was stored. */
async function comesOut({ content, recipe }: Seen, range: Stretch): Promise<Buffer> {
  if (recipe === undefined) return content.subarray(range.start, range.end);
  const stored = decodeRecipe(hashing, encodeRecipe(hashing, recipe));
  expect(sizesOf(stored).storedBytes).toBe(content.length);
  const readStored = ({ start, end }: Stretch): AsyncIterable<Uint8Array> =>
    slicesOf(content.subarray(start, end), 10_000);
  const parts: Uint8Array[] = [];
  for await (const bytes of regenerate({ hashing, readStored }, stored, range)) {
    parts.push(Uint8Array.from(bytes));
  }
  return Buffer.concat(parts);
}

async function expectReturned(upload: Uint8Array, seen: Seen): Promise<void> {
  const whole = await comesOut(seen, { start: 0, end: upload.length });
  expect(whole.equals(upload)).toBe(true);
  if (seen.recipe !== undefined) expect(seen.uploaded.equals(upload)).toBe(true);
}

/** Whether nothing of an upload is stored as it came. */
function isSeenThrough({ recipe }: Seen): boolean {
  return recipe !== undefined && recipe.every(({ kind }) => kind !== 'copied');
}

describe('whatever is uploaded comes out again', () => {
  test('whatever zlib was told, in whatever slices it comes', async () => {
    const slice = fc.integer({ min: 1000, max: 300_000 });
    await fc.assert(
      fc.asyncProperty(
        arbitraryPlain(300_000),
        arbitrarySettings,
        slice,
        async (plain, how, size) => {
          const upload = gzipMember(plain, how);
          await expectReturned(upload, await seeThrough(upload, size));
        },
      ),
      runs,
    );
  });

  test('several members, cut short, with something behind them, or with wrong bits', async () => {
    const members = fc.array(fc.tuple(arbitraryPlain(90_000), arbitraryFields), { maxLength: 4 });
    const change = fc.record({
      cutAt: fc.double({ min: 0, max: 1, noNaN: true }),
      behind: fc.uint8Array({ maxLength: 50 }),
      flips: fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
        maxLength: 2,
      }),
    });
    await fc.assert(
      fc.asyncProperty(members, change, async (all, { cutAt, behind, flips }) => {
        const whole = Buffer.concat(
          all.map(([plain, fields]) => gzipMember(plain, zlibDefaults, fields)),
        );
        const upload = Buffer.concat([whole.subarray(0, Math.round(whole.length * cutAt)), behind]);
        for (const place of flips) {
          const at = Math.floor(upload.length * place);
          if (upload.length > 0) upload[at] = (upload[at] as number) ^ 16;
        }
        await expectReturned(upload, await seeThrough(upload));
      }),
      runs,
    );
  });

  test('any range of it, and nothing else', async () => {
    const plain = generatedText(5, 1_500_000);
    const upload = Buffer.concat([gzipMember(plain), gzipMember(plain), generatedBytes(1, 5000)]);
    const seen = await seeThrough(upload);
    const sections = seen.recipe?.map(({ kind }) => kind).join();
    expect(sections).toBe('literal,deflated,literal,literal,deflated,literal,copied');
    const place = fc.nat(upload.length);
    await fc.assert(
      fc.asyncProperty(place, fc.oneof(place, fc.nat(100)), async (start, byteCount) => {
        const end = Math.min(upload.length, start + byteCount);
        const range = await comesOut(seen, { start, end });
        expect(range.equals(upload.subarray(start, end))).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  test('what is stored does not depend on the slices it comes in', async () => {
    const upload = gzipMember(tarOf([{ name: 'a', bytes: generatedText(3, 120_000) }]));
    const expected = await seeThrough(upload);
    for (const sliceBytes of [1, 777, 100_000, upload.length]) {
      const seen = await seeThrough(upload, sliceBytes);
      expect(seen.content.equals(expected.content)).toBe(true);
      expect(seen.recipe).toEqual(expected.recipe);
      expect(seen.cuts).toEqual(expected.cuts);
    }
  });
});

/** Some systems have another program of that name. */
function hasGnuGzip(): boolean {
  const { stdout, error } = spawnSync('gzip', ['--version'], { encoding: 'utf8' });
  return error === undefined && stdout.includes('Free Software Foundation');
}

describe('what can be made again is stored inflated', () => {
  const isGnuGzip = hasGnuGzip();
  const text = generatedText(9, 400_000);
  const plain = Buffer.concat([generatedText(7, 400_000), generatedBytes(7, 50_000)]);

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('by this Node on level %i', async (level) => {
    const upload = gzipSync(plain, { level });
    const seen = await seeThrough(upload);
    expect(isSeenThrough(seen)).toBe(true);
    expect(seen.content.equals(plain)).toBe(true);
    await expectReturned(upload, seen);
  });

  test('with any fields in its header, and in several members', async () => {
    const fields = { extra: Uint8Array.of(1, 2), name: 'n', comment: 'c', hasChecksum: true };
    const upload = Buffer.concat([gzipMember(plain, zlibDefaults, fields), gzipMember(plain)]);
    const seen = await seeThrough(upload);
    expect(isSeenThrough(seen)).toBe(true);
    expect(seen.content.equals(Buffer.concat([plain, plain]))).toBe(true);
    expect(seen.cuts).toEqual([plain.length, 2 * plain.length]);
  });

  test.skipIf(!isGnuGzip)('by GNU gzip, and by zlib on its largest memory level', async () => {
    for (const level of [1, 4, 6, 9]) {
      const gnu = execFileSync('gzip', [`-${level}`, '--stdout'], { input: text });
      const zlib = gzipMember(text, { ...zlibDefaults, level, memLevel: 9 });
      for (const upload of [gnu, zlib]) {
        const seen = await seeThrough(upload);
        expect(isSeenThrough(seen)).toBe(true);
        await expectReturned(upload, seen);
      }
    }
  });

  test('as far as it goes, if it is cut short or another goes on with it', async () => {
    const upload = gzipMember(plain);
    const short = await seeThrough(upload.subarray(0, 160_000));
    expect(short.recipe?.map(({ kind }) => kind)).toEqual(['literal', 'deflated', 'copied']);
    expect(plain.subarray(0, 300_000).equals(short.content.subarray(0, 300_000))).toBe(true);
  });

  test('with a cut before and behind each file of a tar archive that fills chunks', async () => {
    const small = { name: 'small', bytes: generatedText(1, 9000) };
    const large = { name: 'large', bytes: generatedText(2, 50_000) };
    const tar = tarOf([small, large, small, large]);
    const { content, cuts } = await seeThrough(gzipMember(tar));
    expect(content.equals(tar)).toBe(true);
    const first = 512 + 9216 + 512;
    const second = first + 50_176 + 512 + 9216 + 512;
    expect(cuts).toEqual([first, first + 50_000, second, second + 50_000, tar.length]);
  });
});

describe('what cannot be made again is stored as it is', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['no gzip', generatedText(1, 100_000)],
    ['a beginning of a header', Buffer.from([0x1f, 0x8b, 8, 0])],
    [
      'a header and no end of its name',
      Buffer.concat([Buffer.from([31, 139, 8, 8]), Buffer.alloc(9000, 65)]),
    ],
    [
      'a header with bits that mean nothing',
      Buffer.from([0x1f, 0x8b, 8, 0xe0, 0, 0, 0, 0, 0, 0, 3, 0]),
    ],
    [
      'a header and noise',
      Buffer.concat([gzipMember(Buffer.alloc(0)).subarray(0, 10), generatedBytes(1, 99_999)]),
    ],
    ['level 0', gzipMember(generatedText(1, 100_000), { ...zlibDefaults, level: 0 })],
    [
      'a window that nobody uses',
      gzipMember(generatedText(1, 100_000), { ...zlibDefaults, windowBits: 9 }),
    ],
  ])('%s', async (_, upload) => {
    const seen = await seeThrough(upload);
    expect(seen.recipe).toBeUndefined();
    expect(seen.cuts).toEqual([]);
    expect(seen.content.equals(upload)).toBe(true);
  });

  test('a bomb, of which no more is inflated than the limits say', async () => {
    const bomb = gzipSync(Buffer.alloc(100_000_000));
    expect((await seeThrough(bomb)).recipe).toBeUndefined();
    // Behind something that looks harmless.
    const upload = Buffer.concat([gzipMember(generatedText(1, 300_000)), bomb]);
    const seen = await seeThrough(upload);
    await expectReturned(upload, seen);
    expect(seen.content.length).toBeLessThan(300_000 + bomb.length + 1);
  });

  test('what is behind a limit', async () => {
    const plain = generatedText(1, 3_000_000);
    const upload = gzipMember(plain);
    for (const limit of [
      { uploadedBytes: 500_000 },
      { inflatedBytes: 1_500_000 },
      { members: 0 },
    ]) {
      const seen = await seeThrough(upload, 65_536, { ...seeThroughLimits, ...limit });
      expect(isSeenThrough(seen)).toBe(false);
      await expectReturned(upload, seen);
    }
  });
});

test('a source that fails, or a reader that stops early, ends the source', async () => {
  let isEnded = false;
  async function* failing(): AsyncGenerator<Uint8Array> {
    try {
      yield gzipMember(generatedBytes(1, 600_000));
      throw new Error('the line is dead');
    } finally {
      isEnded = true;
    }
  }
  const parts = { hashing, clock, fileBytesMin: 1, limits: seeThroughLimits };
  const through = new SeeThrough({ ...parts, onUploaded: () => undefined });
  const read = async (): Promise<void> => {
    for await (const _ of through.content(failing()));
  };
  await expect(read()).rejects.toThrow('the line is dead');
  expect(isEnded).toBe(true);
  isEnded = false;
  for await (const _ of through.content(failing())) break;
  expect(isEnded).toBe(true);
});
