/**
 * System calls that kill the process, or fail: nothing acknowledged is lost, what is refused has a
 * code, and the store opens again.
 *
 * Each run of the tests meets some calls, drawn anew; `npm run test:calls` meets all. It takes
 * `strace`, a tool of Linux, and the permission to trace.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomSequence } from '../../src/cli/torture/random-sequence.ts';
import {
  InjectedCalls,
  canTrace,
  changingCalls,
  readingCalls,
  type Injection,
  type RecordedCall,
} from './injected-calls.ts';

const seed = Math.floor(Math.random() * 2 ** 31);

describe.runIf(canTrace())(`system calls that strace meets (seed ${seed})`, () => {
  let calls: InjectedCalls;
  let recorded: RecordedCall[];
  const random = randomSequence(seed);

  beforeAll(async () => {
    calls = new InjectedCalls();
    recorded = await calls.record([...changingCalls, ...readingCalls]);
  });

  afterAll(() => {
    calls.remove();
  });

  function draw(isWanted: (call: RecordedCall) => boolean, count: number): RecordedCall[] {
    const wanted = recorded.filter(isWanted);
    return Array.from({ length: count }, () => {
      const [drawn] = wanted.splice(Math.floor(random() * wanted.length), 1);
      return drawn as RecordedCall;
    });
  }

  async function meetAll(drawn: readonly RecordedCall[], injection: Injection): Promise<void> {
    let metCount = 0;
    for (const each of drawn) {
      const { met, problems } = await calls.meet(each, injection);
      expect(problems, `${injection}: ${JSON.stringify(each)}`).toEqual([]);
      if (met) metCount++;
    }
    // A call that LevelDB's own thread makes may not come at the same place again.
    expect(metCount).toBeGreaterThan(drawn.length / 2);
  }

  test('the load makes the calls that a store is expected to make', () => {
    for (const call of ['openat', 'pwritev', 'fdatasync', 'fsync']) {
      expect(recorded.filter((each) => each.group === 'log' && each.call === call)).not.toEqual([]);
    }
    expect(recorded.filter((each) => each.group === 'tables')).not.toEqual([]);
  });

  test('a process killed at a call has lost nothing that it acknowledged', async () => {
    await meetAll(
      draw(({ call }) => changingCalls.includes(call), 16),
      'kill',
    );
  });

  test('a sync that fails once loses nothing', async () => {
    await meetAll(
      draw(({ call }) => /sync/.test(call), 3),
      'EIO once',
    );
  });

  test('a write that fails once loses nothing', async () => {
    await meetAll(
      draw(({ call }) => /write/.test(call), 3),
      'EIO once',
    );
  });

  test('any other call that fails once loses nothing', async () => {
    await meetAll(
      draw(({ call }) => !/sync|write/.test(call), 3),
      'EIO once',
    );
  });

  test('a call that fails from some time on loses nothing', async () => {
    await meetAll(
      draw(() => true, 4),
      'EIO from then on',
    );
  });
});
