/**
 * Lines over a common axis: throughput over time, latency by percentile.
 *
 * @module
 */

import { at, gridLine, label, powerTicks, roundTicks, svg } from './svg.ts';

export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface LineChart {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly formatY: (value: number) => string;
  /** Where the x axis is labelled, and how. */
  readonly ticksX: readonly { readonly x: number; readonly text: string }[];
  /** Powers of ten are equally far apart; values at or below 0 are left out. */
  readonly isLogarithmic?: boolean;
}

const width = 460;
const height = 240;
const plot = { left: 62, right: 440, top: 12, bottom: 210 } as const;

export function lineChart({ title, lines, formatY, ticksX, isLogarithmic }: LineChart): string {
  const scaled = isLogarithmic === true;
  const shown = lines.map(({ name, points }) => ({
    name,
    points: points.filter(({ y }) => !scaled || y > 0),
  }));
  const values = shown.flatMap(({ points }) => points.map(({ y }) => y));
  const ticksY = scaled && values.length > 0 ? powerTicks(values) : roundTicks(Math.max(...values));
  const rank = (value: number): number => (scaled ? Math.log10(value) : value);
  const leastY = rank(ticksY[0] as number);
  const mostY = rank(ticksY.at(-1) as number);
  const mostX = Math.max(...ticksX.map(({ x }) => x), Number.MIN_VALUE);
  const placeX = (x: number): number => plot.left + (x / mostX) * (plot.right - plot.left);
  const placeY = (y: number): number =>
    plot.bottom - ((rank(y) - leastY) / (mostY - leastY)) * (plot.bottom - plot.top);
  return svg(width, height, title, [
    ...ticksY.flatMap((tick) => [
      gridLine(plot.left, placeY(tick), plot.right, placeY(tick)),
      label(plot.left - 6, placeY(tick) + 4, formatY(tick), 'end'),
    ]),
    ...ticksX.map(({ x, text }) => label(placeX(x), plot.bottom + 20, text, 'middle')),
    ...shown.map(({ points }, series) => {
      const path = points.map(({ x, y }) => `${at(placeX(x))},${at(placeY(y))}`).join(' ');
      return `<polyline class="line series-${series}" points="${path}"/>`;
    }),
    ...shown.flatMap(({ points }, series) =>
      points.map(({ x, y }) => {
        const place = `cx="${at(placeX(x))}" cy="${at(placeY(y))}"`;
        return `<circle class="series-${series}" ${place} r="2"/>`;
      }),
    ),
  ]);
}
