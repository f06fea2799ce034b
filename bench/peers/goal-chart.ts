/**
 * How far each comparison is from its goal, as a picture: a mark at the median, a line for the
 * spread, on a logarithmic scale on which 1 is the goal.
 *
 * Verdicts differ in shape as well as in colour: a disc is met, a triangle is missed, a ring is
 * noise.
 *
 * @module
 */

import { at, gridLine, label, svg } from '../../src/cli/bench/svg.ts';
import { achievement } from './goal.ts';
import { formatGoal } from './peers-format.ts';
import type { ComparisonResult, RowResult } from './peers-result.ts';

const width = 900;
const plot = { left: 470, right: 870, top: 26 } as const;
const rowHeight = 22;

/** Tenfold above and below the goal at most: what is beyond is drawn at the edge. */
const ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10];

function placeX(value: number): number {
  const first = Math.log10(ticks[0] as number);
  const last = Math.log10(ticks.at(-1) as number);
  const share = (Math.log10(value) - first) / (last - first);
  return plot.left + Math.min(1, Math.max(0, share)) * (plot.right - plot.left);
}

export function goalChart(rows: readonly RowResult[]): string {
  const lines = rows.flatMap(({ row, comparisons }) =>
    comparisons.map((result) => ({ row, result })),
  );
  const bottom = plot.top + lines.length * rowHeight;
  const middle = placeX(1);
  return svg(width, bottom + 10, 'How far each comparison is from its goal', [
    ...ticks.flatMap((tick) => [
      gridLine(placeX(tick), plot.top, placeX(tick), bottom),
      label(placeX(tick), plot.top - 10, tick === 1 ? 'goal' : `${tick}×`, 'middle'),
    ]),
    `<line class="goal" x1="${at(middle)}" y1="${plot.top}" x2="${at(middle)}" y2="${bottom}"/>`,
    ...lines.flatMap(({ row, result }, index) => {
      const y = plot.top + index * rowHeight + rowHeight / 2;
      const isFirst = lines[index - 1]?.row !== row;
      return [
        ...(isFirst ? [label(6, y + 4, row)] : []),
        label(170, y + 4, `${formatGoal(result.goal)} ${shortened(result.against)}`),
        ...marks(result, y),
      ];
    }),
  ]);
}

function shortened(text: string): string {
  return text.length > 38 ? `${text.slice(0, 37)}…` : text;
}

function marks(result: ComparisonResult, y: number): string[] {
  if (result.verdict === 'skipped') {
    const text = label(placeX(1) + 8, y + 4, 'skipped');
    return [text.replace('<text ', '<text class="quiet" ')];
  }
  const { goal, value, verdict } = result;
  const [from, to] = [value.least, value.most].map((each) => placeX(achievement(goal, each)));
  const x = placeX(achievement(goal, value.median));
  return [
    `<line class="${verdict}" x1="${at(from ?? x)}" y1="${y}" x2="${at(to ?? x)}" y2="${y}"/>`,
    verdict === 'missed'
      ? `<path class="missed" d="M${at(x)} ${y - 6} l6 11 h-12 z"/>`
      : `<circle class="${verdict}" cx="${at(x)}" cy="${y}" r="5"/>`,
  ];
}
