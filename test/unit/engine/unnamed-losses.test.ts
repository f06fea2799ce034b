/**
 * Which operations are lost, and cannot be named: told from the groups that could be read.
 */

import { describe, expect, test } from 'vitest';
import type { JournalGroup } from '../../../src/engine/log/recovery.ts';
import { UnnamedLosses } from '../../../src/engine/maintenance/unnamed-losses.ts';

/** A group of so many operations. */
function group(fileId: number, firstLsn: number, operationCount: number): JournalGroup {
  const operations = Array.from({ length: operationCount }, () => ({ kind: 'close' }));
  const position = { fileId, offset: 512 };
  return { position, firstLsn, payload: { operations } } as unknown as JournalGroup;
}

const begin = { lastLsn: 10, fileId: 3 };

describe('losses without a name', () => {
  test('are a gap between what was whole and what could be read', () => {
    const losses = new UnnamedLosses(begin);
    losses.add(group(3, 14, 2), 5);
    expect(losses.lastLsn).toBe(15);
    expect(losses.conclude(new Set())).toEqual([
      expect.stringMatching(/numbers 11 to 13\).*file 3$/) as string,
    ]);
  });

  test('are told from one number, and are none where nothing is missing', () => {
    const losses = new UnnamedLosses(begin);
    losses.add(group(3, 12, 1), 5);
    losses.add(group(3, 13, 1), 5);
    const found = losses.conclude(new Set());
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('(number 11)');
  });

  test('are not told where all of them are known by name, and are where one is not', () => {
    const make = (): UnnamedLosses => {
      const losses = new UnnamedLosses(begin);
      losses.add(group(3, 14, 1), 5);
      return losses;
    };
    expect(make().conclude(new Set([11, 12, 13]))).toEqual([]);
    expect(make().conclude(new Set([11, 13, 20]))).toHaveLength(1);
    expect(make().conclude(new Set([11, 12]))).toHaveLength(1);
  });

  test('have no end where nothing behind the damage could be read', () => {
    const found = new UnnamedLosses(begin).conclude(new Set([11]));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('from number 11 on');
  });

  test('may be at the end of a file though the next one begins as it announced', () => {
    const losses = new UnnamedLosses(begin);
    losses.add(group(4, 11, 1), 11);
    const found = losses.conclude(new Set());
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/from number 11 on.*file 3$/);
    const later = new UnnamedLosses(begin);
    later.add(group(3, 11, 1), 5);
    later.add(group(4, 20, 1), 20);
    expect(later.conclude(new Set())).toEqual([]);
  });
});
