/**
 * Every workload over every store that is here, in smoke mode; and a store that answers wrongly is
 * found out by every one of them.
 */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BenchOptions, runBench } from '../../../src/cli/bench/bench.ts';
import type { StoreKind, Target, TargetKind } from '../../../src/cli/bench/target.ts';
import { isPair } from '../../../src/cli/bench/turn.ts';
import { chooseTargets, peerKinds } from '../../../src/cli/bench/targets.ts';
import type { Workload } from '../../../src/cli/bench/workload.ts';
import { WrongAnswer } from '../../../src/cli/bench/workload.ts';
import { workloads } from '../../../src/cli/bench/workloads.ts';
import { fsKind } from '../../../src/cli/bench/fs-target.ts';
import { sha256Of } from '../../../src/cli/torture/content.ts';
import { varveKind } from '../../../src/cli/bench/varve-target.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-bench-test-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const smoke = (workload: Workload, targets: BenchOptions['targets']): BenchOptions => ({
  workloads: [workload],
  targets,
  settings: {
    seed: 5,
    concurrency: 4,
    rangeBytes: 1000,
    editRate: 0.02,
    duplicates: 0.5,
    streamBytes: 100_000,
  },
  durability: 'os',
  turns: 1,
  seconds: 60,
  operations: 24,
  smoke: true,
  directory: folder,
});

const only = (kind: TargetKind): BenchOptions['targets'] => ({
  kinds: [{ kind, version: 'test' }],
  skipped: [],
});

describe.each(workloads)('$name', (workload) => {
  test('is answered as it should be by every store that is here', async () => {
    const targets = await chooseTargets(peerKinds);
    const inPairs = targets.kinds.filter(({ kind }) => isPair(kind, workload));
    const names = inPairs.map(({ kind }) => kind.name);
    expect(names).toEqual(expect.arrayContaining(['varve', 'fs', 'level']));
    const result = await runBench(smoke(workload, targets));
    const [found] = result.workloads;
    expect(found?.workload).toBe(workload.name);
    expect(found?.targets.map(({ target }) => target)).toEqual(names);
    expect(found?.notFor).toHaveLength(targets.kinds.length - names.length);
    for (const { target, turns } of found?.targets ?? []) {
      const isTool = targets.kinds.some(({ kind }) => kind.name === target && kind.isTool);
      const least = isTool ? 2 : workload.reclaims ? 6 : 24;
      const [turn] = turns;
      expect(turn?.operations).toBeGreaterThan(0);
      expect(turn?.checked.answers).toBeGreaterThanOrEqual(least);
      expect(turn?.checked.records).toBeGreaterThan(0);
      expect(turn?.diskBytes).toBeGreaterThan(0);
      expect(turn?.givenBytes).toBeGreaterThan(0);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('finds out a store that answers wrongly', async () => {
    for (const lie of liesFor(workload.name)) {
      const kind = {
        ...fsKind,
        open: async (options: Parameters<StoreKind['open']>[0]) => {
          return lying(await fsKind.open(options), lie);
        },
      };
      await expect(runBench(smoke(workload, only(kind))), lie).rejects.toThrow(WrongAnswer);
    }
    expect(readdirSync(folder)).toEqual([]);
  });
});

/** What a broken store may do, where a workload can see it. */
type Lie = 'flips a bit' | 'forgets' | 'invents' | 'lists less' | 'lists more' | 'keeps';

function liesFor(name: string): readonly Lie[] {
  if (/^(versions|write-stream|read-stream)$/.test(name)) return ['flips a bit', 'forgets'];
  if (name === 'read-missing') return ['flips a bit', 'invents', 'lists less'];
  if (name === 'delete-and-reclaim') return ['flips a bit', 'keeps'];
  return ['flips a bit', 'forgets', 'lists less', 'lists more'];
}

function lying(target: Target, lie: Lie): Target {
  const listed = (names: string[]): string[] => {
    if (lie === 'lists less') return names.slice(1);
    return lie === 'lists more' ? [...names, 'z'] : names;
  };
  const read = (content: Uint8Array | undefined): Uint8Array | undefined => {
    if (lie === 'forgets') return undefined;
    if (lie === 'invents') return content ?? new Uint8Array(1);
    if (lie !== 'flips a bit' || content === undefined) return content;
    const flipped = Uint8Array.from(content);
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    return flipped;
  };
  return new Proxy(target, {
    get: (_, property): unknown => {
      if (property === 'list') return async () => listed(await target.list());
      if (property === 'listFolder') {
        return async (name: string) => listed(await target.listFolder(name));
      }
      if (property === 'getTree') {
        return async (name: string) => {
          const files = new Map((await target.getTree(name)).map((file) => [file.name, file]));
          return listed([...files.keys()]).flatMap((each) => {
            const content = read(files.get(each)?.content ?? new Uint8Array(1));
            return content === undefined ? [] : [{ name: each, content }];
          });
        };
      }
      if (property === 'get') return async (name: string) => read(await target.get(name));
      if (property === 'getVersion') {
        return async (...args: Parameters<Target['getVersion']>) =>
          read(await target.getVersion(...args));
      }
      if (property === 'remove' && lie === 'keeps') return () => Promise.resolve();
      const member: unknown = Reflect.get(target, property, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

test('ranges and scans are compared under load, not only at the end', async () => {
  for (const [name, method] of [
    ['range-read', 'getRange'],
    ['ycsb-e', 'scanAfter'],
  ] as const) {
    const workload = workloads.find((each) => each.name === name) as Workload;
    const open: StoreKind['open'] = async (options) => {
      const target = await fsKind.open(options);
      const replaced = {
        getRange: async (record: string, start: number, end: number) =>
          target.getRange(record, start, end - 1),
        scanAfter: async (record: string, count: number) =>
          (await target.scanAfter(record, count)).slice(0, -1),
      };
      return new Proxy(target, {
        get: (_, property): unknown => {
          if (property === method) return replaced[method];
          const member: unknown = Reflect.get(target, property, target);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    };
    await expect(runBench(smoke(workload, only({ ...fsKind, open })))).rejects.toThrow(WrongAnswer);
  }
});

test('the same seed draws the same operations with the same contents', async () => {
  const log = async (workload: Workload, seed: number): Promise<readonly string[]> => {
    const calls: string[] = [];
    const open: StoreKind['open'] = async (options) => {
      const target = await fsKind.open(options);
      return new Proxy(target, {
        get: (_, property): unknown => {
          const member: unknown = Reflect.get(target, property, target);
          if (typeof member !== 'function') return member;
          return (...args: readonly unknown[]): unknown => {
            calls.push(sha256Of(Buffer.from(JSON.stringify([property, ...args]))));
            return Reflect.apply(member, target, args);
          };
        },
      });
    };
    const options = smoke(workload, only({ ...fsKind, open }));
    const settings = { ...options.settings, seed, concurrency: 1 };
    await runBench({ ...options, settings });
    return calls;
  };
  for (const name of ['fill-random', 'read-random', 'ycsb-a', 'dedup', 'versions']) {
    const workload = workloads.find((each) => each.name === name) as Workload;
    const once = await log(workload, 9);
    expect(once.length, name).toBeGreaterThan(24);
    expect(await log(workload, 9), name).toEqual(once);
    expect(await log(workload, 10), name).not.toEqual(once);
  }
});

test('an abort ends it, and leaves nothing behind', async () => {
  const aborter = new AbortController();
  const [workload] = workloads as [Workload];
  const run = runBench({
    ...smoke(workload, only(varveKind)),
    operations: Infinity,
    signal: aborter.signal,
    onProgress: ({ operations }) => {
      if (operations === 10) aborter.abort(new Error('enough'));
    },
  });
  await expect(run).rejects.toThrow('enough');
  expect(readdirSync(folder)).toEqual([]);
});
