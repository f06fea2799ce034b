/**
 * Measurements as a table for people. The JSON is for programs, and for comparing two runs.
 *
 * @module
 */

import type { MachineDescription } from './machine.ts';
import { isNoise, type Measurement, noisePercent, type SuiteResult } from './harness.ts';

/** How much a floor may move before the ratios to it say nothing. */
const floorMovedPercentMax = 25;

export function formatMachine(machine: MachineDescription): string {
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB`;
  const isSlow = machine.code !== 'compiled';
  const isBusy = machine.load > machine.cores / 2;
  return [
    `Node ${machine.node}, ${machine.cores} × ${machine.cpu}, ${memory}, ${machine.system}`,
    `code: ${machine.code}${isSlow ? ' (up to twice as slow as what users run)' : ''}`,
    `file system: ${machine.fileSystem}`,
    `cache: ${machine.cache}`,
    `sync: ${machine.sync}`,
    `load: ${machine.load.toFixed(1)}${isBusy ? ' (others are at work: expect noise)' : ''}`,
  ].join('\n');
}

export function formatSuite(result: SuiteResult): string {
  const { suite, question, floorMovedPercent, measurements } = result;
  const header = ['case', 'p50', 'p99', 'per second', 'samples', '±', '× floor', ''];
  const rows = measurements.map((each, index) => [
    index === 0 ? `floor: ${each.name}` : each.name,
    formatMs(each.p50Ms),
    formatMs(each.p99Ms),
    formatRate(each),
    String(each.samples),
    Number.isFinite(each.errorPercent) ? `${each.errorPercent.toFixed(0)} %` : '?',
    each.timesFloor?.toFixed(each.timesFloor < 10 ? 1 : 0) ?? '',
    isNoise(each.errorPercent) ? `noise: over ${noisePercent} %` : '',
  ]);
  const facts = measurements.map(({ fact }) => fact).filter((fact) => fact !== undefined);
  if (floorMovedPercent > floorMovedPercentMax) {
    facts.push(`the floor moved by ${floorMovedPercent.toFixed(0)} %: the ratios are noise`);
  }
  const notes = facts.map((fact) => `  ${fact}`);
  return [`${suite}: ${question}`, ...alignColumns([header, ...rows]), ...notes].join('\n');
}

function formatMs(ms: number): string {
  if (ms >= 1000) return `${digits(ms / 1000)} s`;
  return ms >= 1 ? `${digits(ms)} ms` : `${digits(ms * 1000)} µs`;
}

function formatRate({ bytesPerSecond, entriesPerSecond, runsPerSecond }: Measurement): string {
  if (entriesPerSecond !== undefined) return `${entriesPerSecond.toFixed(0)} names`;
  const megabytes = `${digits((bytesPerSecond ?? 0) / 1e6)} MB`;
  return runsPerSecond < 100 ? megabytes : `${runsPerSecond.toFixed(0)}, ${megabytes}`;
}

/** At least three digits, and no exponent. */
function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** The first column to the left, the others to the right; the last as it is. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 || column === row.length - 1 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `  ${cells.join('  ')}`.trimEnd();
  });
}
