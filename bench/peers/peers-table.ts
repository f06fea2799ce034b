/**
 * The result as text: for a terminal, or as a table of Markdown for a document.
 *
 * @module
 */

import { alignColumns, formatMachine } from '../report.ts';
import {
  formatGoal,
  formatMeasured,
  formatSummary,
  formatVerdict,
  noteOf,
} from './peers-format.ts';
import type { PeersResult } from './peers-result.ts';

const header = ['work', 'held against', 'goal', 'measured', 'verdict', 'medians'] as const;

/** For a terminal. */
export function peersTable(result: PeersResult): string {
  return [
    formatMachine(result.machine),
    ...result.peers.map(({ name, version }) => `  ${name}: ${version}`),
    ...(result.smoke ? ['smoke: only the answers count, the numbers mean nothing'] : []),
    '',
    ...alignColumns([header, ...linesOf(result)]),
    '',
    `${formatSummary(result)}; ${result.seconds.toFixed(0)} s in all`,
  ].join('\n');
}

/** For a document. */
export function peersMarkdown(result: PeersResult): string {
  const rows = [header, header.map(() => '---'), ...linesOf(result)];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function linesOf({ rows }: PeersResult): string[][] {
  return rows.flatMap(({ work, comparisons }) =>
    comparisons.map((each, index) => [
      index === 0 ? work : '',
      each.against,
      formatGoal(each.goal),
      formatMeasured(each),
      formatVerdict(each),
      noteOf(each),
    ]),
  );
}
