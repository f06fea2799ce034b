/**
 * One simulation: a life, and all its crashes. From a seed alone, it is always the same.
 */

import { Violation } from './answers.ts';
import { Explorer, noFigures, type Figures } from './explorer.ts';
import { Trace } from './machine.ts';
import { narrowWorkloads } from './narrow-workloads.ts';
import { liveThrough } from './session.ts';
import type { Target } from './target.ts';
import { contentsOf, drawnWorkload, workloads, type Workload } from './workload.ts';

/** How thorough it is. */
export interface Bounds {
  /** Up to so many crash states of one moment are all tried; else so many of them. */
  readonly statesPerPoint: number;
  /** The same, of a moment in recovery or behind it. */
  readonly statesPerInnerPoint: number;
  /** With one disk of so many, life goes on after recovery. */
  readonly continueEvery: number;
  /** Of one disk of so many the index is lost before recovery. */
  readonly loseIndexEvery: number;
}

export interface SimulationOptions {
  readonly target: Target;
  readonly workload: Workload;
  readonly seed: number;
  readonly bounds: Bounds;
  /** Only the crashes just before these calls; default: all. */
  readonly before?: RegExp;
}

/** Runs it. Throws a {@link Violation} that says how to see it again. */
export async function simulate(options: SimulationOptions): Promise<Figures> {
  const { target, workload, seed, bounds, before } = options;
  // What the file OWNER holds is for a message only.
  const isIgnored = (name: string): boolean => name === 'OWNER' && workload.isBirth !== true;
  const contents = contentsOf(workload);
  const explorer = new Explorer({ target, seed, ...bounds, contents, isIgnored });
  try {
    const { oracle, points } = await liveThrough({ target, workload, seed });
    const crashes = before === undefined ? points : points.filter((one) => before.test(one.before));
    await explorer.explore({ oracle, points: crashes });
    return explorer.figures;
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new Violation(`workload "${workload.name}", seed ${seed}: ${what}`, { cause: error });
  }
}

/** The workload of a name: one of those that are written down, or one that a seed makes. */
export function workloadNamed(name: string): Workload {
  const drawn = /^drawn (\d+)$/.exec(name)?.[1];
  const found = [...workloads, ...narrowWorkloads].find((workload) => workload.name === name);
  if (drawn === undefined && found === undefined) throw new Error(`no such workload: ${name}`);
  return found ?? drawnWorkload(Number(drawn));
}

/** Adds figures to figures. */
export function addFigures(sum: Figures, more: Figures): void {
  for (const key of Object.keys(noFigures()) as (keyof Figures)[]) sum[key] += more[key];
}

/** The hash of all calls that a life makes. */
export async function traceOf(
  target: Target,
  workload: Workload,
  seed: number,
): Promise<{ readonly digest: string; readonly callCount: number }> {
  const trace = new Trace();
  await liveThrough({ target, workload, seed, onCall: trace.note });
  return { digest: trace.digest(), callCount: trace.callCount };
}
