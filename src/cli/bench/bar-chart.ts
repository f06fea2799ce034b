/**
 * One bar for each target, with its value at its end.
 *
 * @module
 */

import { at, gridLine, label, svg } from './svg.ts';

export interface Bar {
  readonly name: string;
  /** `undefined`: not known here. */
  readonly value: number | undefined;
}

const width = 460;
const left = 70;
const right = 380;
const rowHeight = 28;

/** Bars from 0 on, below each other. */
export function barChart(
  title: string,
  bars: readonly Bar[],
  format: (value: number) => string,
): string {
  const most = Math.max(...bars.map(({ value = 0 }) => value), Number.MIN_VALUE);
  const height = bars.length * rowHeight + 8;
  return svg(width, height, title, [
    gridLine(left, 2, left, height - 2),
    ...bars.flatMap(({ name, value }, series) => {
      const y = 6 + series * rowHeight;
      const length = ((value ?? 0) / most) * (right - left);
      const place = `x="${left}" y="${y}" width="${at(length)}" height="${rowHeight - 8}"`;
      return [
        `<rect class="bar series-${series}" ${place}/>`,
        label(left - 6, y + 15, name, 'end'),
        label(left + length + 6, y + 15, value === undefined ? 'not known' : format(value)),
      ];
    }),
  ]);
}
