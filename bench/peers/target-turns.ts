/**
 * The stores that `varve bench` knows, under one of its workloads, in turns.
 *
 * @module
 */

import { join } from 'node:path';
import type { TurnResult } from '../../src/cli/bench/bench-result.ts';
import { type TargetKind, TargetMissing } from '../../src/cli/bench/target.ts';
import { runTurn } from '../../src/cli/bench/turn.ts';
import { varveKind } from '../../src/cli/bench/varve-target.ts';
import { workloadsNamed } from '../../src/cli/bench/workloads.ts';
import type { Measured, Skipped } from './row.ts';
import { type Costs, inTurns, medianOf, pairsOf, type Party } from './turns.ts';
import type { Workplace } from './workplace.ts';

export interface TargetTurns {
  readonly kinds: readonly TargetKind[];
  readonly workload: string;
  readonly records: number;
  readonly concurrency: number;
  readonly operations: number;
  /** What a turn cost. */
  readonly cost: (turn: TurnResult) => number;
}

/** Of each kind that is here its costs; of the others the reason why not. */
export interface TargetCosts {
  readonly costs: Costs<string>;
  readonly missing: ReadonlyMap<string, string>;
}

/** Seconds for an operation, as many in flight. */
export function secondsEach({ operationsPerSecond }: TurnResult): number {
  return 1 / operationsPerSecond;
}

export async function targetTurns(place: Workplace, options: TargetTurns): Promise<TargetCosts> {
  const parties: Record<string, Party> = {};
  const missing = new Map<string, string>();
  for (const kind of options.kinds) {
    try {
      // Of Varve it is this tree.
      if (kind !== varveKind) await kind.version();
      parties[kind.name] = () => measureTurn(place, kind, options, options.operations);
    } catch (error) {
      if (!(error instanceof TargetMissing)) throw error;
      missing.set(kind.name, `${kind.name} ${error.message.replace(/^it /, '')}`);
    }
  }
  for (const kind of options.kinds.filter(({ name }) => name in parties)) {
    // It does not count: code is compiled meanwhile.
    if (!place.scale.isSmoke) await measureTurn(place, kind, options, 200);
  }
  return { costs: await inTurns(place.turns(), parties), missing };
}

/** One turn of one kind: what it cost. */
export function measureTurn(
  place: Workplace,
  kind: TargetKind,
  { workload: name, records, concurrency, cost }: Omit<TargetTurns, 'kinds' | 'operations'>,
  operations: number,
): Promise<number> {
  return place.inFolder(kind.name, async (folder) => {
    const [workload] = workloadsNamed([name]);
    if (workload === undefined) throw new TypeError(`no workload ${name}`);
    const result = await runTurn({
      kind,
      workload,
      settings: {
        seed: 1,
        records,
        sizeBytes: 4096,
        concurrency,
        rangeBytes: 0,
        editRate: 0,
        duplicates: 0,
        streamBytes: 0,
      },
      durability: 'power',
      folder: join(folder, 'turn'),
      seconds: place.scale.seconds,
      operations,
    });
    return cost(result);
  });
}

/** Varve against one of the others. */
export function againstTarget(
  { costs, missing }: TargetCosts,
  name: string,
  format: (cost: number) => string,
): Measured | Skipped {
  const { varve = [], [name]: theirs } = costs;
  if (theirs === undefined) return { skipped: missing.get(name) ?? `${name} is not here` };
  const note = `varve ${format(medianOf(varve))}, ${name} ${format(medianOf(theirs))}`;
  return { turns: pairsOf(varve, theirs), unit: 's', note };
}

/** So many in a second. */
export function perSecond(seconds: number): string {
  return `${Math.round(1 / seconds).toLocaleString('en-US')}/s`;
}
