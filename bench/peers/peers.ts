/**
 * Measures rows one after the other, and judges what they come to.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TargetMissing } from '../../src/cli/bench/target.ts';
import { peerKinds } from '../../src/cli/bench/targets.ts';
import { describeMachine } from '../machine.ts';
import { formatGoal, formatMeasured, formatVerdict, noteOf } from './peers-format.ts';
import type { ComparisonResult, PeersResult, RowResult } from './peers-result.ts';
import type { Comparison, Measured, Row, Skipped } from './row.ts';
import { judge } from './verdict.ts';
import { fullScale, smokeScale, Workplace } from './workplace.ts';

export interface PeersOptions {
  readonly rows: readonly Row[];
  readonly smoke: boolean;
  /** An existing folder. Everything lies in a new one below it, which is removed. */
  readonly directory: string;
  /** Where corpora are kept. */
  readonly corporaFolder: string;
  readonly say: (what: string) => void;
}

/** No row begins later: the whole is to take no more than 20. */
const minutesMax = 18;

/** Runs them. Throws if an answer is not what it must be. */
export async function runPeers(options: PeersOptions): Promise<PeersResult> {
  const { smoke, say, corporaFolder } = options;
  const sandbox = mkdtempSync(join(resolve(options.directory), 'varve-peers-'));
  try {
    const startedAt = new Date().toISOString();
    const begunMs = performance.now();
    const scale = smoke ? smokeScale : fullScale;
    const place = new Workplace({ sandbox, corporaFolder, scale, say });
    const machine = describeMachine(sandbox);
    const rows: RowResult[] = [];
    for (const row of options.rows) {
      rows.push(await measureRow(row, place, secondsSince(begunMs) > minutesMax * 60));
    }
    const seconds = secondsSince(begunMs);
    const peers = await versions();
    return { schema: 'varve-peers-1', startedAt, seconds, machine, smoke, peers, rows };
  } finally {
    rmSync(sandbox, { recursive: true, force: true });
  }
}

async function measureRow(row: Row, place: Workplace, isLate: boolean): Promise<RowResult> {
  const { name, work, how, comparisons } = row;
  place.say(`${name}: ${work}`);
  place.beginRow();
  const begunMs = performance.now();
  const measured = isLate
    ? comparisons.map(() => ({ skipped: `the ${minutesMax} minutes were over` }))
    : await row.measure(place);
  const results = comparisons.map((each, index) => judged(each, measured[index]));
  for (const each of results) {
    const value = `${formatGoal(each.goal)} ${each.against}: ${formatMeasured(each)}`;
    place.say(`  ${value} ${formatVerdict(each)} ${noteOf(each)}`.trimEnd());
  }
  return { row: name, work, how, seconds: secondsSince(begunMs), comparisons: results };
}

function judged(
  comparison: Comparison,
  measured: Measured | Skipped | undefined,
): ComparisonResult {
  if (measured === undefined) throw new TypeError(`nothing for ${comparison.against}`);
  if ('skipped' in measured) {
    return { ...comparison, verdict: 'skipped', reason: measured.skipped };
  }
  const { value, verdict } = judge(comparison.goal, measured.turns);
  return { ...comparison, verdict, value, ...measured };
}

async function versions(): Promise<{ readonly name: string; readonly version: string }[]> {
  const found: { readonly name: string; readonly version: string }[] = [];
  for (const kind of peerKinds) {
    try {
      found.push({ name: kind.name, version: await kind.version() });
    } catch (error) {
      if (!(error instanceof TargetMissing)) throw error;
      found.push({ name: kind.name, version: `not here: ${error.message}` });
    }
  }
  return found;
}

function secondsSince(begunMs: number): number {
  return (performance.now() - begunMs) / 1000;
}
