/**
 * Cost against size, for people: a table, and a picture with powers of ten on both axes.
 *
 * @module
 */

import { lineChart } from '../../src/cli/bench/line-chart.ts';
import { escaped, label } from '../../src/cli/bench/svg.ts';
import type { SizeFigures } from './measure-scale.ts';

interface Measure {
  readonly name: string;
  readonly field: keyof SizeFigures;
  readonly unit: 'µs' | 'ms' | 'B';
  /** Shown for each object. */
  readonly isShared?: true;
}

const measures: readonly Measure[] = [
  { name: 'upload 4 KiB', field: 'uploadUs', unit: 'µs' },
  { name: 'download 100 B', field: 'downloadUs', unit: 'µs' },
  { name: 'list a page of 1,000 names', field: 'listPageUs', unit: 'µs' },
  { name: 'list 1,000 groups', field: 'groupsUs', unit: 'µs' },
  { name: 'open', field: 'openMs', unit: 'ms' },
  { name: 'open after a crash', field: 'openCrashedMs', unit: 'ms' },
  { name: 'close, with a checkpoint', field: 'closeMs', unit: 'ms' },
  { name: 'upload 100 B, 512 in flight', field: 'growUs', unit: 'µs' },
  { name: 'journal, for each object', field: 'journalBytes', unit: 'B', isShared: true },
  { name: 'index, for each object', field: 'indexBytes', unit: 'B', isShared: true },
  { name: 'memory beyond an empty store', field: 'residentBytes', unit: 'B' },
];

/** A row for each measure, a column for each size, and how much more the largest costs. */
export function formatScale(figures: readonly SizeFigures[]): string {
  const header = ['', ...figures.map(({ objects }) => powerOf(objects)), 'last ÷ first'];
  const rows = measures.map((measure) => {
    const values = figures.map((each) => valueOf(measure, each));
    const growth = (values.at(-1) as number) / (values[0] as number);
    const shown = values.map((value) => `${value.toPrecision(3)} ${measure.unit}`);
    return [measure.name, ...shown, `${growth.toFixed(2)} ×`];
  });
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] as number;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const colours = ['#0b57a4', '#d9822b', '#2f9e8f', '#8250df', '#b3261e', '#6e7681', '#8a6d00'];
const [width, chartHeight, rowHeight] = [460, 240, 18];

/** What takes time, against the number of objects, as the text of an SVG file. */
export function drawScale(figures: readonly SizeFigures[], caption: string): string {
  const timed = measures.filter(({ unit, field }) => unit !== 'B' && field !== 'growUs');
  const least = Math.log10(figures[0]?.objects ?? 1);
  const placeOf = (objects: number): number => Math.log10(objects) - least;
  const chart = lineChart({
    title: 'Cost of operations by the number of objects',
    lines: timed.map((measure) => ({
      name: measure.name,
      points: figures.map((each) => ({
        x: placeOf(each.objects),
        y: valueOf(measure, each) * (measure.unit === 'ms' ? 1000 : 1),
      })),
    })),
    formatY: (us) => (us >= 1000 ? `${us / 1000} ms` : `${us} µs`),
    ticksX: figures.map(({ objects }) => ({ x: placeOf(objects), text: powerOf(objects) })),
    isLogarithmic: true,
  });
  const height = chartHeight + rowHeight * (timed.length + 1) + 8;
  const styles = colours.map(
    (colour, series) =>
      `.series-${series} { stroke: ${colour}; fill: none } ` +
      `circle.series-${series} { fill: ${colour} }`,
  );
  const legend = timed.flatMap(({ name }, series) => {
    const y = chartHeight + rowHeight * (series + 1);
    const line = `x1="62" y1="${y - 4}" x2="92" y2="${y - 4}"`;
    return [`<line class="series-${series}" ${line} stroke-width="2"/>`, label(100, y, name)];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(caption)}</title>`,
    `<style>text { font: 12px system-ui, sans-serif } .grid { stroke: #ccc }`,
    `.line { stroke-width: 2 } ${styles.join(' ')}</style>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    chart.replace('<svg ', `<svg width="${width}" height="${chartHeight}" `),
    ...legend,
    label(62, height - 8, caption),
    '</svg>\n',
  ].join('\n');
}

function valueOf({ field, isShared }: Measure, figures: SizeFigures): number {
  return figures[field] / (isShared === true ? figures.objects : 1);
}

function powerOf(objects: number): string {
  const exponent = Math.log10(objects);
  return Number.isInteger(exponent) ? `10^${exponent}` : objects.toLocaleString('en');
}
