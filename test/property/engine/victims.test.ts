/**
 * The laws of which files compaction takes: what is worth it, the best first, and no more than is
 * asked for.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chooseVictims,
  garbageFraction,
  type LogFileState,
} from '../../../src/engine/maintenance/victims.ts';

const arbitraryFiles: fc.Arbitrary<LogFileState[]> = fc
  .array(fc.tuple(fc.integer({ min: 512, max: 100_000 }), fc.double({ min: 0, max: 1 })), {
    maxLength: 12,
  })
  .map((drawn) =>
    drawn.map(([sizeBytes, part], at) => {
      const garbageBytes = Number.isNaN(part) ? 0 : Math.floor(sizeBytes * part);
      return { fileId: at + 1, sizeBytes, garbageBytes, liveBytes: sizeBytes - garbageBytes };
    }),
  );

const arbitraryLimits = fc.record({
  targetFraction: fc.constantFrom(0, 0.1, 0.25, 0.5),
  liveBytesMax: fc.constantFrom(0, 20_000, 1_000_000),
});

const file = (fileId: number, sizeBytes: number, garbageBytes: number): LogFileState => ({
  fileId,
  sizeBytes,
  garbageBytes,
  liveBytes: sizeBytes - garbageBytes,
});

const isWorthwhile = ({ sizeBytes, garbageBytes }: LogFileState): boolean =>
  garbageBytes >= 4096 && garbageBytes * 16 >= sizeBytes;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** Whether these are enough, out of those. */
function areEnough(
  victims: readonly LogFileState[],
  files: readonly LogFileState[],
  targetFraction: number,
): boolean {
  const freed = sum(victims.map(({ garbageBytes }) => garbageBytes));
  const garbage = sum(files.map(({ garbageBytes }) => garbageBytes)) - freed;
  return garbage <= (sum(files.map(({ sizeBytes }) => sizeBytes)) - freed) * targetFraction;
}

describe('the files to compact', () => {
  test('are worth it, and at least one if any is that there is room for', () => {
    fc.assert(
      fc.property(arbitraryFiles, arbitraryLimits, (files, limits) => {
        const victims = chooseVictims(files, limits);
        expect(victims.every(isWorthwhile)).toBe(true);
        expect(new Set(victims).size).toBe(victims.length);
        const fits = (one: LogFileState): boolean => one.liveBytes <= limits.liveBytesMax;
        expect(victims.length > 0).toBe(files.some((one) => isWorthwhile(one) && fits(one)));
      }),
    );
  });

  test('come best first: much garbage, and old', () => {
    fc.assert(
      fc.property(arbitraryFiles, (files) => {
        const victims = chooseVictims(files, { targetFraction: 0, liveBytesMax: Infinity });
        expect(victims.length).toBe(files.filter(isWorthwhile).length);
        const scores = victims.map(({ fileId, sizeBytes, garbageBytes }) => {
          const part = garbageBytes / sizeBytes;
          return (part / (2 - part)) * (files.length - fileId + 1);
        });
        for (const [at, score] of scores.slice(1).entries()) {
          expect(score).toBeLessThanOrEqual((scores[at] as number) + 1e-9);
        }
      }),
    );
  });

  test('are no more than are needed, or may be moved, and no fewer', () => {
    fc.assert(
      fc.property(arbitraryFiles, arbitraryLimits, (files, limits) => {
        const { targetFraction, liveBytesMax } = limits;
        const victims = chooseVictims(files, limits);
        const whole = chooseVictims(files, { targetFraction: 0, liveBytesMax: Infinity }).filter(
          (one) => one.liveBytes <= liveBytesMax,
        );
        expect(victims).toEqual(whole.slice(0, victims.length));
        if (victims.length > 1) {
          expect(areEnough(victims.slice(0, -1), files, targetFraction)).toBe(false);
          expect(sum(victims.map(({ liveBytes }) => liveBytes))).toBeLessThanOrEqual(liveBytesMax);
        }
        const next = whole[victims.length];
        if (next === undefined) return;
        const liveBytes = sum([...victims, next].map((one) => one.liveBytes));
        const isOver = areEnough(victims, files, targetFraction) || liveBytes > liveBytesMax;
        expect(isOver).toBe(true);
      }),
    );
  });

  test('have no more to move than there is room for', () => {
    const limits = { targetFraction: 0, liveBytesMax: 10_000 };
    expect(chooseVictims([file(1, 30_000, 19_999)], limits)).toEqual([]);
    expect(chooseVictims([file(1, 30_000, 20_000)], limits)).toHaveLength(1);
  });

  test('have 4 KiB of garbage, and a sixteenth', () => {
    const limits = { targetFraction: 0, liveBytesMax: Infinity };
    expect(chooseVictims([file(1, 5000, 4095)], limits)).toEqual([]);
    expect(chooseVictims([file(1, 5000, 4096)], limits)).toHaveLength(1);
    expect(chooseVictims([file(1, 16 * 5000, 5000)], limits)).toHaveLength(1);
    expect(chooseVictims([file(1, 16 * 5000 + 1, 5000)], limits)).toEqual([]);
  });
});

test('how much is garbage counts all files', () => {
  expect(garbageFraction([])).toBe(0);
  expect(garbageFraction([file(1, 600, 300), file(2, 400, 200)])).toBe(0.5);
  expect(garbageFraction([file(1, 1000, 0)])).toBe(0);
});
