/**
 * The laws of recipes: they come back as they were written, what is damaged is refused, and what
 * does not come out right is an error and never a wrong byte.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ObjectsError } from '../../../src/base/errors.ts';
import { Deflater, pieceBytes } from '../../../src/engine/gzip/deflate.ts';
import {
  decodeRecipe,
  encodeRecipe,
  spanBytes,
  spanDigest,
  type Section,
} from '../../../src/engine/gzip/recipe.ts';
import { regenerate, type Stretch } from '../../../src/engine/gzip/regenerate.ts';
import { nativeHashing } from '../../../src/engine/platform/native-hashing.ts';
import { generatedBytes } from '../../support/content.ts';

const hashing = nativeHashing;

const settings = fc.record({
  implementation: fc.constantFrom('chromium' as const, 'classic' as const, 'gnu' as const),
  level: fc.integer({ min: 1, max: 9 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
  strategy: fc.integer({ min: 0, max: 4 }),
});

const section: fc.Arbitrary<Section> = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ kind: 'literal', bytes }) as const),
  fc.maxSafeNat().map((sizeBytes) => ({ kind: 'copied', sizeBytes }) as const),
  fc
    .record({ settings, storedBytes: fc.maxSafeNat(), sizeBytes: fc.nat(5 * spanBytes) })
    .map((fields) => {
      const digestCount = Math.ceil(fields.sizeBytes / spanBytes);
      const digests = Array.from({ length: digestCount }, (_, at) => generatedBytes(at, 16));
      return { kind: 'deflated', ...fields, digests } as const;
    }),
);

const recipe = fc.array(section, { maxLength: 8 });

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ObjectsError) return error.code;
    throw error;
  }
  return 'none';
}

describe('a recipe', () => {
  test('comes back as it was written', () => {
    fc.assert(
      fc.property(recipe, (sections) => {
        expect(decodeRecipe(hashing, encodeRecipe(hashing, sections))).toEqual(sections);
      }),
    );
  });

  test('is refused with any wrong bit, or without its end', () => {
    fc.assert(
      fc.property(recipe, fc.nat(), fc.nat(7), (sections, place, bit) => {
        const bytes = encodeRecipe(hashing, sections);
        const at = place % bytes.length;
        expect(codeOf(() => decodeRecipe(hashing, bytes.subarray(0, at)))).toBe('CORRUPT');
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
        expect(codeOf(() => decodeRecipe(hashing, bytes))).toBe('CORRUPT');
      }),
    );
  });

  test('of anything at all is refused as damaged or unknown, or can be written again', () => {
    const anything = fc.tuple(fc.constantFrom(0, 1, 2), fc.uint8Array({ maxLength: 60 }));
    fc.assert(
      fc.property(anything, ([format, rest]) => {
        const encoded = Uint8Array.of(format, ...rest);
        const seal = hashing.sha256(encoded).subarray(0, 8);
        const bytes = Uint8Array.of(...encoded, ...seal);
        let decoded: readonly Section[] = [];
        const code = codeOf(() => (decoded = decodeRecipe(hashing, bytes)));
        expect(['none', 'CORRUPT', 'UNSUPPORTED']).toContain(code);
        if (code === 'none') {
          expect(decodeRecipe(hashing, encodeRecipe(hashing, decoded))).toEqual(decoded);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what does not come out right', () => {
  const content = generatedBytes(3, 300_000);
  const how = {
    implementation: 'classic',
    level: 6,
    memLevel: 8,
    windowBits: 15,
    strategy: 0,
  } as const;
  const deflater = new Deflater(how);
  const written: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += pieceBytes) {
    written.push(...deflater.push(content.subarray(at, at + pieceBytes)));
  }
  const stream = Buffer.concat([...written, ...deflater.finish()]);
  const digests = [0, spanBytes].map((at) =>
    spanDigest(hashing, stream.subarray(at, at + spanBytes)),
  );
  const whole = {
    kind: 'deflated',
    settings: how,
    storedBytes: content.length,
    sizeBytes: stream.length,
    digests,
  } as const;

  async function comesOut(stored: Uint8Array, changed: Section, range: Stretch): Promise<Buffer> {
    async function* readStored({ start, end }: Stretch): AsyncGenerator<Uint8Array> {
      yield stored.subarray(start, end);
    }
    const parts: Uint8Array[] = [];
    for await (const bytes of regenerate({ hashing, readStored }, [changed], range))
      parts.push(bytes);
    return Buffer.concat(parts);
  }

  const all = { start: 0, end: stream.length };

  test('is nothing, if nothing was changed', async () => {
    expect((await comesOut(content, whole, all)).equals(stream)).toBe(true);
  });

  test('is damage, whatever was changed', async () => {
    const wrongContent = Uint8Array.from(content);
    wrongContent[100] = (wrongContent[100] as number) ^ 1;
    const wrongDigest = { ...whole, digests: [digests[1] as Uint8Array, digests[0] as Uint8Array] };
    const wrongSettings = { ...whole, settings: { ...how, strategy: 2 } };
    const tooShort = { ...whole, storedBytes: 100_000 };
    const tooLong = { ...whole, sizeBytes: stream.length + 1 };
    await expect(comesOut(wrongContent, whole, all)).rejects.toMatchObject({ code: 'CORRUPT' });
    for (const changed of [wrongDigest, wrongSettings, tooShort, tooLong]) {
      const end = changed.sizeBytes;
      const result = comesOut(content, changed, { start: 0, end });
      await expect(result).rejects.toMatchObject({ code: 'CORRUPT' });
    }
  });

  test('does not keep what comes before it from being read', async () => {
    const wrongEnd = Uint8Array.from(content);
    wrongEnd[content.length - 1] = (wrongEnd[content.length - 1] as number) ^ 1;
    const before = await comesOut(wrongEnd, whole, { start: 1000, end: spanBytes });
    expect(before.equals(stream.subarray(1000, spanBytes))).toBe(true);
    const behind = comesOut(wrongEnd, whole, { start: spanBytes - 1, end: spanBytes + 1 });
    await expect(behind).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});
