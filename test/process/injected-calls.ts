/**
 * System calls that kill the process that makes them, or fail: one run of a fixed load for each
 * call that it makes on the store's files.
 *
 * `strace` stands between the process and the kernel, so that LevelDB's own calls are met like the
 * store's. First a run is recorded: it says which paths the store uses, and how often each call
 * is made. Then each run meets one call, and what is left is compared with what was acknowledged.
 *
 * `strace` counts for each thread by itself. Node's thread pool is therefore made one thread: all
 * calls of the store, and LevelDB's when it opens and writes, are of that one. LevelDB has a thread
 * of its own for its tables; the paths are counted in three groups so that it is met, too.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { ExpectedStore } from '../../src/cli/torture/expected-store.ts';
import type { LoadReport } from '../../src/cli/torture/load-report.ts';
import { openStore } from '../../src/index.ts';
import { builtFile } from '../support/build.ts';

/** What meets the call. */
export type Injection = 'kill' | 'EIO once' | 'EIO from then on' | 'ENOSPC once';

/** One call of the recorded run. */
export interface RecordedCall {
  readonly call: string;
  readonly group: PathGroup;
  /** Counted from 1, among the same calls of one thread. */
  readonly place: number;
}

type PathGroup = 'log' | 'index' | 'tables';

export const changingCalls: readonly string[] = [
  'openat',
  'mkdir',
  'write',
  'pwrite64',
  'pwritev',
  'ftruncate',
  'fdatasync',
  'fsync',
  'rename',
  'unlink',
  'unlinkat',
  'rmdir',
  'close',
];

export const readingCalls: readonly string[] = ['read', 'pread64', 'getdents64', 'statx', 'mmap'];

/** Whether calls can be traced here. */
export function canTrace(): boolean {
  return spawnSync('strace', ['-qq', '-e', 'trace=none', 'true']).status === 0;
}

const hangMs = 60_000;

export class InjectedCalls {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'varve-calls-'));
  readonly #directory = join(this.folder, 'store');
  readonly #log = join(this.folder, 'calls');
  readonly #script = join(this.folder, 'traced-load.mjs');
  readonly #paths: Record<PathGroup, string[]> = { log: [], index: [], tables: [] };

  constructor() {
    const source = readFileSync(new URL('./traced-load.ts', import.meta.url), 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    });
    writeFileSync(this.#script, outputText);
  }

  /** Runs the load, and returns the calls that it makes on the store's files, in no order. */
  async record(calls: readonly string[]): Promise<RecordedCall[]> {
    const { reports } = await this.#run(['-y', '-e', `trace=${calls.join()}`]);
    if (reports.at(-1)?.step !== 'closed') throw new Error('the load does not run to its end');
    const counts = new Map<string, RecordedCall>();
    const found: RecordedCall[] = [];
    const paths = new Set<string>();
    for (const line of readFileSync(this.#log, 'utf8').split('\n')) {
      const [, thread, call = ''] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
      const [path] = /(?<=[<"])[^<>"]*\/store(?=[/>"])[^<>"]*/.exec(line) ?? [];
      if (path === undefined || !calls.includes(call)) continue;
      paths.add(path);
      const group = groupOf(path);
      const key = `${thread ?? ''} ${call} ${group}`;
      const place = (counts.get(key)?.place ?? 0) + 1;
      const recorded = { call, group, place };
      counts.set(key, recorded);
      found.push(recorded);
    }
    for (const path of paths) this.#paths[groupOf(path)].push(path);
    // Of several threads the first to come to a place is met.
    const distinct = new Map(
      found.map((each) => [`${each.call} ${each.group} ${each.place}`, each]),
    );
    return [...distinct.values()];
  }

  /**
   * Runs the load with one call met, and returns what is wrong afterwards. `met`: whether the call
   * was made at all.
   */
  async meet(
    { call, group, place }: RecordedCall,
    injection: Injection,
  ): Promise<{ met: boolean; problems: string[] }> {
    const effect = {
      kill: `signal=SIGKILL:when=${place}`,
      'EIO once': `error=EIO:when=${place}`,
      'EIO from then on': `error=EIO:when=${place}+`,
      'ENOSPC once': `error=ENOSPC:when=${place}`,
    }[injection];
    const paths = this.#paths[group].flatMap((path) => ['-P', path]);
    const run = await this.#run([
      ...paths,
      '-e',
      `trace=${call}`,
      '-e',
      `inject=${call}:${effect}`,
    ]);
    const isKill = injection === 'kill';
    const met = isKill ? run.ended === 'SIGKILL' : /INJECTED/.test(readFileSync(this.#log, 'utf8'));
    const problems: string[] = [];
    if (run.ended !== 0 && !(isKill && met)) {
      problems.push(`the process ended with ${String(run.ended)}: ${run.errors}`);
    }
    const expected = new ExpectedStore({ foundDone: 0, foundUndone: 0 });
    for (const report of run.reports) expected.take(report);
    expected.killed();
    problems.push(...(await this.#problemsOf(expected)));
    return { met, problems };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #problemsOf(expected: ExpectedStore): Promise<string[]> {
    try {
      const store = await openStore(this.#directory);
      try {
        return await expected.problemsOf(store);
      } finally {
        await store.close();
      }
    } catch (error) {
      return [`the store does not open: ${String(error)}`];
    }
  }

  async #run(
    options: readonly string[],
  ): Promise<{ ended: number | string | null; reports: LoadReport[]; errors: string }> {
    rmSync(this.#directory, { recursive: true, force: true });
    const load = [this.#script, pathToFileURL(dirname(builtFile('index.js'))).href];
    const child = spawn(
      'strace',
      ['-f', '-qq', '-o', this.#log, ...options, process.execPath, ...load, this.#directory],
      {
        env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: hangMs,
      },
    );
    const [output, errors, [code, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null, string | null]>,
    ]);
    const reports = output
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as LoadReport);
    return { ended: signal ?? code, reports, errors };
  }
}

function groupOf(path: string): PathGroup {
  if (path.endsWith('.ldb')) return 'tables';
  return /\/store\/index(\/|$)/.test(path) ? 'index' : 'log';
}
