/**
 * The result as one HTML file that needs nothing else: no script, no font, no link.
 *
 * @module
 */

import { machineLines } from '../../src/cli/bench/bench-machine.ts';
import { htmlPage } from '../../src/cli/bench/html-page.ts';
import { escaped } from '../../src/cli/bench/svg.ts';
import { goalChart } from './goal-chart.ts';
import {
  formatGoal,
  formatMeasured,
  formatSummary,
  formatVerdict,
  noteOf,
} from './peers-format.ts';
import type { ComparisonResult, PeersResult, RowResult } from './peers-result.ts';

const title = 'Varve beside its peers';

const ownStyle = `
td { white-space: normal; } td:nth-child(n+3) { white-space: nowrap; }
th, td { text-align: left; vertical-align: top; }
.met td:nth-child(5) { color: var(--s3); font-weight: 600; }
.missed td:nth-child(5) { color: var(--s1); font-weight: 600; }
td.how { white-space: normal; color: var(--soft); }
svg .met { fill: var(--s3); stroke: var(--s3); } svg .missed { fill: var(--s1); stroke: var(--s1); }
svg .noise { fill: var(--ground); stroke: var(--soft); }
svg line.met, svg line.missed, svg line.noise { stroke-width: 2; }
svg .goal { stroke: var(--text); stroke-width: 1.5; }
svg .quiet { fill: var(--soft); }
.chart { background: var(--card); padding: .75rem; border-radius: 6px; overflow-x: auto; }
.chart svg { min-width: 46rem; }
@media print {
  td, td:nth-child(n+3) { white-space: normal; }
  .chart { border: 1px solid var(--grid); } .chart svg { min-width: 0; }
}
`;

/** The report, complete. */
export function peersHtml(result: PeersResult): string {
  const content = [
    `<p><strong>${escaped(formatSummary(result))}</strong></p>`,
    ...conditions(result),
    '<section><h2>How far from the goal</h2>',
    '<p>A mark is the median of the turns, the line reaches from the least to the most. Right of',
    'the goal is better than it; the scale is logarithmic.</p>',
    `<div class="chart">${goalChart(result.rows)}</div></section>`,
    '<section><h2>Figures</h2>',
    ...table(result.rows),
    '</section>',
    '<section><h2>How each is measured</h2>',
    ...howMeasured(result.rows),
    '</section>',
    ...howToRead,
  ];
  return htmlPage({ ...result, title, style: ownStyle, content });
}

function conditions({ machine, peers, seconds }: PeersResult): string[] {
  const [processor = '', ...lines] = machineLines(machine);
  const facts = [
    ['machine', processor],
    ['code', machine.code],
    ...lines.map((line) => line.split(/: (.*)/)),
    ['sync', machine.sync],
    ...peers.map(({ name, version }) => [name, version]),
    ['time', `${Math.round(seconds)} s in all`],
  ];
  const definition = ([term = '', text = '']: string[]): string =>
    `<dt>${escaped(term)}</dt><dd>${escaped(text)}</dd>`;
  return ['<dl>', ...facts.map(definition), '</dl>'];
}

function table(rows: readonly RowResult[]): string[] {
  const head = ['work', 'held against', 'goal', 'measured', 'verdict', 'medians'];
  return [
    '<div class="wide"><table>',
    `<thead><tr>${head.map((cell) => `<th>${cell}</th>`).join('')}</tr></thead>`,
    '<tbody>',
    ...rows.flatMap(({ work, comparisons }) =>
      comparisons.map((each, index) => line(index === 0 ? work : '', each)),
    ),
    '</tbody></table></div>',
  ];
}

function line(work: string, result: ComparisonResult): string {
  const { against, goal, verdict } = result;
  const cells = [
    work,
    against,
    formatGoal(goal),
    formatMeasured(result),
    formatVerdict(result),
    noteOf(result),
  ];
  const columns = cells.map((cell) => `<td>${escaped(cell)}</td>`).join('');
  return `<tr class="${verdict}">${columns}</tr>`;
}

function howMeasured(rows: readonly RowResult[]): string[] {
  return rows.map(({ work, how, seconds }) => {
    const took = `<span class="soft">${seconds.toFixed(0)} s</span>`;
    return `<h3>${escaped(work)} ${took}</h3><p>${escaped(how)}</p>`;
  });
}

const howToRead = [
  '<section><h2>How to read it</h2>',
  '<p>Each turn is Varve and the others doing the same work one after the other, in an order that',
  'is turned round each time; the ratio is that of a turn, so what slows the machine for a while',
  'slows both. Shown is the median of the ratios, with the least and the most. ≥ is how many times',
  'as fast Varve is to be, ≤ how many times the cost it may be. Noise is where fewer than three',
  'quarters of the turns say of the goal what their median says, or where there was but one.</p>',
  '<p>Every answer is checked: bytes, names and counts. Medians are those of each side alone.</p>',
  '</section>',
];
