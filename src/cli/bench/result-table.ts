/**
 * The result of a benchmark as text for a terminal.
 *
 * @module
 */

import {
  diskFactor,
  formatCompared,
  formatFactor,
  formatMs,
  formatNotFor,
  formatRate,
  formatRatio,
  formatReclaim,
  formatSettings,
  formatSpread,
  middleTurn,
  writtenFactor,
} from './bench-format.ts';
import { machineLines } from './bench-machine.ts';
import type { BenchResult, TargetResult, WorkloadResult } from './bench-result.ts';

/** The whole result. */
export function resultTable(result: BenchResult): string {
  return [
    ...machineLines(result.machine),
    `durability: ${result.durability}`,
    ...result.targets.map(({ name, version, usage }) => `  ${name} (${version}): ${usage}`),
    ...result.skipped.map(({ name, reason }) => `  ${name} skipped: ${reason}`),
    ...(result.smoke
      ? ['smoke: tiny inputs, only the answers count, the numbers mean nothing']
      : []),
    ...result.workloads.flatMap((each) => ['', ...workloadTable(each)]),
  ].join('\n');
}

function workloadTable(result: WorkloadResult): string[] {
  const { workload, summary, targets } = result;
  const peers = targets.length > 1;
  const header = ['', 'per second', 'spread', 'p50', 'p99', 'max', 'disk', 'written', 'compared'];
  const rows = targets.map((each) => [...rowOf(each), ...(peers ? [formatRatio(each)] : [])]);
  const aligned = alignedColumns([[...header, ...(peers ? [ratioTitle(targets)] : [])], ...rows]);
  const notes = targets.flatMap((each) => {
    const reclaim = formatReclaim(middleTurn(each));
    return reclaim === undefined ? [] : [`  ${each.target}: ${reclaim}`];
  });
  const notFor = formatNotFor(result);
  if (notFor !== undefined) notes.push(`  ${notFor}`);
  return [`${workload}: ${summary}`, `  ${formatSettings(result)}`, ...aligned, ...notes];
}

/** What a ratio divides: the first target's rate by another's. */
export function ratioTitle(targets: readonly TargetResult[]): string {
  return `${targets[0]?.target ?? ''} is`;
}

function rowOf(result: TargetResult): string[] {
  const turn = middleTurn(result);
  const written = writtenFactor(turn);
  return [
    result.target,
    formatRate(result.operationsPerSecond.median),
    formatSpread(result),
    formatMs(turn.latencyMs.p50),
    formatMs(turn.latencyMs.p99),
    formatMs(turn.latencyMs.max),
    formatFactor(diskFactor(turn)),
    written === undefined ? '?' : formatFactor(written),
    formatCompared(result),
  ];
}

/** The first column to the left, the others to the right. */
function alignedColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `  ${cells.join('  ')}`.trimEnd();
  });
}
