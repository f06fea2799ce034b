/**
 * A benchmark: each workload over each target, in turns A B A B.
 *
 * Turns alternate because a machine that others use is fast for a while and slow for a while: what
 * happens to one target then happens to the others too, and the ratio of a pair says more than two
 * rates. Who begins alternates as well.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describeBenchMachine } from './bench-machine.ts';
import {
  type BenchResult,
  summarised,
  type TurnResult,
  type WorkloadResult,
} from './bench-result.ts';
import type { Durability, TargetKind } from './target.ts';
import type { ChosenTargets } from './targets.ts';
import { isPair, runTurn } from './turn.ts';
import type { Workload, WorkloadSettings } from './workload.ts';

export interface BenchOptions {
  readonly workloads: readonly Workload[];
  readonly targets: ChosenTargets;
  /** What was chosen; the rest is each workload's own. */
  readonly settings: Omit<WorkloadSettings, 'records' | 'sizeBytes'> & {
    readonly records?: number | undefined;
    readonly sizeBytes?: number | undefined;
  };
  readonly durability: Durability;
  readonly turns: number;
  /** Of one turn. */
  readonly seconds: number;
  readonly operations: number;
  /** Tiny: only the answers are of interest. */
  readonly smoke: boolean;
  /** An existing folder. Everything lies in a new one below it, which is removed. */
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: BenchProgress) => void) | undefined;
}

/** How far a benchmark is. */
export interface BenchProgress {
  readonly workload: string;
  readonly target: string;
  readonly operations: number;
  /** Turns that are over, and all there are, of every workload and target. */
  readonly turnsDone: number;
  readonly turnsTotal: number;
}

/** Runs it. Throws `WrongAnswer` if a target answers anything but what was stored. */
export async function runBench(options: BenchOptions): Promise<BenchResult> {
  const { targets, durability, turns, smoke } = options;
  const folder = mkdtempSync(join(resolve(options.directory), 'varve-bench-'));
  try {
    const startedAt = new Date().toISOString();
    const machine = describeBenchMachine(folder);
    const workloads: WorkloadResult[] = [];
    const turnsTotal = turnsOfAll(options);
    for (const workload of options.workloads) {
      const turnsDone = workloads.reduce((sum, each) => sum + each.targets.length * turns, 0);
      const progress = { turnsDone, turnsTotal };
      workloads.push(await runWorkload(options, workload, progress, folder));
    }
    return {
      schema: 'varve-bench-1',
      startedAt,
      machine,
      durability,
      turns,
      smoke,
      targets: targets.kinds.map(({ kind, version }) => {
        return { name: kind.name, version, usage: kind.usage[durability] };
      }),
      skipped: targets.skipped,
      workloads,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The targets that a workload is for. */
function kindsFor({ targets }: BenchOptions, workload: Workload): readonly TargetKind[] {
  return targets.kinds.map(({ kind }) => kind).filter((kind) => isPair(kind, workload));
}

function turnsOfAll(options: BenchOptions): number {
  return options.workloads.reduce(
    (sum, workload) => sum + kindsFor(options, workload).length * options.turns,
    0,
  );
}

async function runWorkload(
  options: BenchOptions,
  workload: Workload,
  { turnsDone, turnsTotal }: Pick<BenchProgress, 'turnsDone' | 'turnsTotal'>,
  folder: string,
): Promise<WorkloadResult> {
  const { targets, turns } = options;
  const settings = settingsOf(options, workload);
  const kinds = kindsFor(options, workload);
  const turnsOf = new Map(kinds.map(({ name }) => [name, [] as TurnResult[]]));
  let done = turnsDone;
  if (!options.smoke) await warmUp(options, workload, settings, folder);
  for (let turn = 0; turn < turns; turn++) {
    for (const kind of turn % 2 === 0 ? kinds : kinds.toReversed()) {
      const onProgress = (count: number): void => {
        const overall = { operations: count, turnsDone: done, turnsTotal };
        options.onProgress?.({ workload: workload.name, target: kind.name, ...overall });
      };
      onProgress(0);
      const turnFolder = join(folder, `${workload.name}-${kind.name}-${turn}`);
      const its = { ...options, kind, workload, settings, folder: turnFolder, onProgress };
      const operations = options.smoke && kind.isTool ? smokeOperationsOfTool : options.operations;
      const result = await runTurn({ ...its, operations });
      turnsOf.get(kind.name)?.push(result);
      done++;
    }
  }
  const { name, summary } = workload;
  const left = targets.kinds.map(({ kind }) => kind).filter((kind) => !kinds.includes(kind));
  const notFor = left.map((kind) => kind.name);
  return { workload: name, summary, settings, targets: summarised(turnsOf), notFor };
}

/** To start a program takes a second on a machine that is at work. */
const smokeOperationsOfTool = 2;

/** A short turn of each target that does not count: it would find code that is not compiled. */
async function warmUp(
  options: BenchOptions,
  workload: Workload,
  settings: WorkloadSettings,
  folder: string,
): Promise<void> {
  for (const kind of kindsFor(options, workload)) {
    // A program that is started for each call has nothing to warm up.
    if (kind.isTool === true) continue;
    await runTurn({
      workload,
      kind,
      durability: options.durability,
      settings: { ...settings, records: Math.min(settings.records, 200) },
      folder: join(folder, 'warm-up'),
      seconds: 0.25,
      operations: Math.min(options.operations, 500),
      signal: options.signal,
    });
  }
}

function settingsOf({ settings, smoke }: BenchOptions, workload: Workload): WorkloadSettings {
  const { defaults, minConcurrency = 1 } = workload;
  const own = smoke
    ? { records: Math.min(12, defaults.records), sizeBytes: Math.min(20_000, defaults.sizeBytes) }
    : defaults;
  return {
    ...settings,
    // A workload that begins with nothing has no use for them.
    records: defaults.records === 0 ? 0 : (settings.records ?? own.records),
    sizeBytes: settings.sizeBytes ?? own.sizeBytes,
    concurrency: Math.max(minConcurrency, settings.concurrency),
  };
}
