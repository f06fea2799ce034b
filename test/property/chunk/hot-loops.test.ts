/**
 * The hot loops in WebAssembly against the plain ones: the same bytes for the same inputs; and
 * what is plain takes over where WebAssembly is not there, or has not the memory.
 */

import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { concatBytes, equalBytes } from '../../../src/base/bytes.ts';
import {
  decodeDelta,
  decodeDeltaPlainly,
  encodeDelta,
  encodeDeltaPlainly,
} from '../../../src/engine/chunk/delta.ts';
import { hotLoops } from '../../../src/engine/chunk/hot-loops.ts';
import { samplePlainly, superFeatures } from '../../../src/engine/chunk/resemblance.ts';
import { arbitraryContent, editedText, generatedBytes } from '../../support/content.ts';

const mebibyte = 1024 * 1024;
const content = arbitraryContent(3000);

/** A base, and what was made of it by cutting, moving and adding. */
const related = fc
  .tuple(
    content,
    fc.array(fc.tuple(fc.nat(9000), fc.nat(2000), fc.uint8Array({ maxLength: 40 })), {
      maxLength: 12,
    }),
  )
  .map(([base, pieces]) => {
    const target = pieces.flatMap(([from, byteCount, added]) => {
      const start = from % (base.length + 1);
      return [base.subarray(start, start + byteCount), added];
    });
    return { bases: [base], target: concatBytes(target) };
  });

const inputs = fc.oneof(
  related,
  fc.record({ bases: fc.array(content, { maxLength: 3 }), target: content }),
);

/** Inputs at the edges: of what a hash needs, and of the memory that is kept. */
const edges: readonly (readonly [string, Uint8Array, Uint8Array])[] = [
  ['nothing', new Uint8Array(0), new Uint8Array(0)],
  ['nothing, against something', generatedBytes(1, 100), new Uint8Array(0)],
  ['something, against nothing', new Uint8Array(0), generatedBytes(1, 100)],
  ['one byte', Uint8Array.of(7), Uint8Array.of(7)],
  ['a window less a byte', generatedBytes(2, 15), generatedBytes(2, 15)],
  ['a window', generatedBytes(2, 16), generatedBytes(2, 16)],
  ['zeros', new Uint8Array(300_000), new Uint8Array(200_001)],
  ['a chunk of source', editedText(3, 131_072, 1), editedText(3, 131_072, 2)],
  ['as much as is kept', editedText(4, mebibyte - 8, 1), editedText(4, mebibyte - 8, 2)],
  ['a MiB of zeros', new Uint8Array(mebibyte), new Uint8Array(mebibyte)],
  ['a byte more', generatedBytes(5, mebibyte + 1), generatedBytes(5, mebibyte + 1).reverse()],
  ['a base of a byte more', generatedBytes(6, mebibyte + 1), generatedBytes(6, 5000)],
];

/** What decoding comes to, or that it is refused. */
function outcome(decode: () => Uint8Array): Uint8Array | 'refused' {
  try {
    return decode();
  } catch {
    return 'refused';
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe('in WebAssembly', () => {
  test('the loops are there, on this machine', () => {
    expect(hotLoops()).toBeDefined();
  });

  test('a delta is the same, and makes the same', () => {
    fc.assert(
      fc.property(inputs, ({ bases, target }) => {
        const delta = encodeDeltaPlainly(bases, target);
        expect(equalBytes(encodeDelta(bases, target), delta)).toBe(true);
        const made = hotLoops()?.decodeDelta(bases, delta, target.length);
        expect(made !== undefined && equalBytes(made, target)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test.each(edges)('a delta of %s is the same, and makes the same', (_, base, target) => {
    const delta = encodeDeltaPlainly([base], target);
    expect(equalBytes(encodeDelta([base], target), delta)).toBe(true);
    expect(equalBytes(decodeDelta([base], delta, target.length), target)).toBe(true);
  });

  test('a damaged delta makes the same, or is refused by both', () => {
    const outcomes = { made: 0, refused: 0 };
    const damage = fc.tuple(fc.nat(9000), fc.nat(255), fc.constantFrom(0, 0, 1, -1));
    fc.assert(
      fc.property(related, damage, ({ bases, target }, [at, value, longer]) => {
        const delta = encodeDeltaPlainly(bases, target);
        // The instructions are at the end: there most damage is noticed.
        delta[at % 2 === 0 ? at % delta.length : delta.length - 1 - (at % 12)] = value;
        const targetBytes = Math.max(0, target.length + longer);
        const plain = outcome(() => decodeDeltaPlainly(bases, delta, targetBytes));
        const fast = hotLoops()?.decodeDelta(bases, delta, targetBytes) ?? 'refused';
        expect(fast).toEqual(plain);
        outcomes[plain === 'refused' ? 'refused' : 'made']++;
      }),
      { numRuns: 1000 },
    );
    expect(Math.min(outcomes.made, outcomes.refused)).toBeGreaterThan(100);
  });

  test('samples are the same', () => {
    const bits = fc.integer({ min: 1, max: 8 });
    fc.assert(
      fc.property(content, bits, (bytes, bitCount) => {
        const mask = -1 << (32 - bitCount);
        expect(hotLoops()?.sample(bytes, mask)).toEqual(samplePlainly(bytes, mask));
      }),
      { numRuns: 500 },
    );
  });

  test.each(edges)('samples of %s are the same', (_, base, target) => {
    for (const bytes of [base, target]) {
      const isKept = bytes.length <= mebibyte;
      const expected = isKept ? samplePlainly(bytes, -1 << 26) : undefined;
      expect(hotLoops()?.sample(bytes, -1 << 26)).toEqual(expected);
    }
  });

  test('where everything is a sample, there is room for all', () => {
    const bytes = generatedBytes(8, 100_000);
    expect(hotLoops()?.sample(bytes, 0)).toEqual(samplePlainly(bytes, 0));
  });
});

interface WebAssemblyGlobal {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: { memory: object } };
}

const { Module, Instance } = Reflect.get(globalThis, 'WebAssembly') as WebAssemblyGlobal;

/** Its memory stays as it is. */
class SmallInstance {
  readonly exports: object;

  constructor(module: object) {
    const { exports } = new Instance(module);
    const grow = (): never => {
      throw new RangeError('no memory');
    };
    const memory = Object.create(exports.memory, {
      buffer: { value: Reflect.get(exports.memory, 'buffer') },
      grow: { value: grow },
    });
    this.exports = { ...exports, memory };
  }
}

describe.each([
  ['without WebAssembly', undefined, false],
  ['where it is forbidden', { Instance, Module: Object }, false],
  ['where its memory cannot grow', { Instance: SmallInstance, Module }, true],
])('%s', (_, stub, hasLoops) => {
  test.each(edges)('%s is done by the plain loops', async (_name, base, target) => {
    vi.resetModules();
    vi.stubGlobal('WebAssembly', stub);
    const loops = await import('../../../src/engine/chunk/hot-loops.ts');
    const plain = await import('../../../src/engine/chunk/delta.ts');
    const resemblance = await import('../../../src/engine/chunk/resemblance.ts');
    expect(loops.hotLoops() !== undefined).toBe(hasLoops);
    const delta = plain.encodeDelta([base], target);
    expect(equalBytes(delta, encodeDeltaPlainly([base], target))).toBe(true);
    expect(equalBytes(plain.decodeDelta([base], delta, target.length), target)).toBe(true);
    expect(resemblance.superFeatures(target)).toEqual(superFeatures(target));
  });
});
