/**
 * The result of a benchmark as one HTML file that needs nothing else: no script, no font, no link.
 *
 * @module
 */

import { barChart } from './bar-chart.ts';
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
import type { BenchResult, Latency, TargetResult, WorkloadResult } from './bench-result.ts';
import { htmlPage } from './html-page.ts';
import { lineChart } from './line-chart.ts';
import { ratioTitle } from './result-table.ts';
import { escaped, roundTicks } from './svg.ts';

/** The report, complete. */
export function htmlReport(result: BenchResult): string {
  const title = `varve bench: ${result.targets.map(({ name }) => name).join(', ')}`;
  const content = [
    ...conditions(result),
    ...result.workloads.flatMap(workloadSection),
    ...howToRead(result),
  ];
  return htmlPage({ ...result, title, content });
}

function conditions({ machine, durability, targets, skipped, turns }: BenchResult): string[] {
  const [processor = '', ...lines] = machineLines(machine);
  const facts = [
    ['machine', processor],
    ...lines.map((line) => line.split(/: (.*)/)),
    ['durability', `${durability}; each target as its own documentation recommends for it:`],
    ...targets.map(({ name, version, usage }) => [name, `${version}: ${usage}`]),
    ...skipped.map(({ name, reason }) => [name, `skipped: ${reason}`]),
    ['turns', `${turns} for each target, alternating`],
  ];
  return ['<dl>', ...facts.map(([term = '', text = '']) => definition(term, text)), '</dl>'];
}

function definition(term: string, text: string): string {
  return `<dt>${escaped(term)}</dt><dd>${escaped(text)}</dd>`;
}

function workloadSection(result: WorkloadResult): string[] {
  const { workload, summary, targets } = result;
  const notFor = formatNotFor(result);
  return [
    '<section>',
    `<h2>${escaped(workload)}</h2>`,
    `<p>${escaped(summary)}. <span class="soft">${formatSettings(result)}.</span></p>`,
    ...table(targets),
    ...targets.flatMap((each) => {
      const reclaim = formatReclaim(middleTurn(each));
      return reclaim === undefined ? [] : [`<p>${escaped(`${each.target}: ${reclaim}`)}</p>`];
    }),
    ...(notFor === undefined ? [] : [`<p class="soft">${escaped(notFor)}.</p>`]),
    ...legend(targets),
    '<div class="charts">',
    ...figure('Operations per second over time', throughputChart(targets)),
    ...figure('Latency by percentile', latencyChart(targets)),
    ...figure('Size on disk, for each byte stored', diskChart(targets)),
    ...figure('Bytes written, for each byte stored', writtenChart(targets)),
    '</div>',
    '</section>',
  ];
}

function table(targets: readonly TargetResult[]): string[] {
  const header = ['', 'per second', 'spread', 'p50', 'p90', 'p99', 'p99.9', 'max', 'compared'];
  const ratio = targets.length > 1 ? [ratioTitle(targets)] : [];
  const rows = targets.map((each) => {
    const { latencyMs } = middleTurn(each);
    const { p50, p90, p99, p999, max } = latencyMs;
    return [
      each.target,
      formatRate(each.operationsPerSecond.median),
      formatSpread(each),
      ...[p50, p90, p99, p999, max].map(formatMs),
      formatCompared(each),
      ...(ratio.length > 0 ? [formatRatio(each)] : []),
    ];
  });
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return [
    '<div class="wide"><table>',
    `<thead>${cells('th', [...header, ...ratio])}</thead>`,
    `<tbody>${rows.map((row) => cells('td', row)).join('\n')}</tbody>`,
    '</table></div>',
  ];
}

function legend(targets: readonly TargetResult[]): string[] {
  const keys = targets.map(({ target }, series) => {
    const stroke = `<line class="line series-${series}" x1="0" y1="5" x2="30" y2="5"/>`;
    const key = `<svg viewBox="0 0 30 10" aria-hidden="true">${stroke}</svg>`;
    return `<span>${key}${escaped(target)}</span>`;
  });
  return [`<p class="legend">${keys.join('')}</p>`];
}

function figure(title: string, chart: string): string[] {
  return [`<figure><h3>${escaped(title)}</h3>`, chart, '</figure>'];
}

function throughputChart(targets: readonly TargetResult[]): string {
  const lines = targets.map((each) => ({
    name: each.target,
    points: middleTurn(each).throughput.map((point) => {
      return { x: point.seconds, y: point.operationsPerSecond };
    }),
  }));
  const most = Math.max(...lines.flatMap(({ points }) => points.map(({ x }) => x)));
  const ticksX = roundTicks(most).map((x) => ({ x, text: `${x} s` }));
  return lineChart({
    title: 'Operations per second over time',
    lines,
    formatY: formatRate,
    ticksX,
  });
}

const percentiles: readonly (readonly [string, keyof Latency])[] = [
  ['p50', 'p50'],
  ['p90', 'p90'],
  ['p99', 'p99'],
  ['p99.9', 'p999'],
  ['max', 'max'],
];

function latencyChart(targets: readonly TargetResult[]): string {
  const lines = targets.map((each) => ({
    name: each.target,
    points: percentiles.map(([, field], x) => ({ x, y: middleTurn(each).latencyMs[field] })),
  }));
  const ticksX = percentiles.map(([text], x) => ({ x, text }));
  const chart = { title: 'Latency by percentile', lines, formatY: formatTick, ticksX };
  return lineChart({ ...chart, isLogarithmic: true });
}

/** A power of ten needs no digits behind its first. */
function formatTick(ms: number): string {
  if (ms >= 1000) return `${ms / 1000} s`;
  return ms >= 1 ? `${ms} ms` : `${Number((ms * 1000).toPrecision(3))} µs`;
}

function diskChart(targets: readonly TargetResult[]): string {
  const bars = targets.map((each) => {
    return { name: each.target, value: diskFactor(middleTurn(each)) };
  });
  return barChart('Size on disk, for each byte stored', bars, formatFactor);
}

function writtenChart(targets: readonly TargetResult[]): string {
  const bars = targets.map((each) => {
    return { name: each.target, value: writtenFactor(middleTurn(each)) };
  });
  return barChart('Bytes written, for each byte stored', bars, formatFactor);
}

function howToRead({ targets }: BenchResult): string[] {
  const first = targets[0]?.name ?? '';
  return [
    '<section>',
    '<h2>How to read it</h2>',
    '<p>Rates are the median of the turns; the spread is half the distance between the slowest and',
    'the fastest. All else is of the turn in the middle. Where turns are more than 10 % apart, or',
    'where there was but one, a rate is noise.</p>',
    `<p>A ratio says how many times as fast as the others ${escaped(first)} is: the median of the`,
    'ratios of turns that ran one after the other, with the least and the most. It is noise where',
    'the turns do not agree on who is faster.</p>',
    '<p>Content is random, so that nothing compresses it; that of <i>versions</i> is text. Every',
    'answer was compared with what was stored, and everything was read once more at the end; the',
    'time for that, and for making content, is not counted. Size on disk is in whole blocks, after',
    'closing. Bytes written are what the kernel counted for the process, the load included.</p>',
    '</section>',
  ];
}
