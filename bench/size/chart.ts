/**
 * Sizes as a picture: for each corpus a bar for each tool, divided by what the bytes are for.
 *
 * Plain SVG that needs nothing else, and follows the reader's choice of light or dark. Every number
 * is also written, so that nobody has to tell colours apart.
 *
 * @module
 */

import { againstReference, type CorpusResult, partsUsed, type SizeRow } from './measure.ts';
import { megabytes } from './size-report.ts';
import { type PartName, partNames } from './tool.ts';

const width = 860;
const labelWidth = 190;
const valueWidth = 150;
const rowHeight = 26;
const barHeight = 16;
const titleHeight = 34;
const margin = 16;

const labels: Record<PartName, string> = {
  segments: 'segments, packs',
  journal: 'journal',
  snapshots: 'snapshots',
  index: 'index',
  other: 'other',
};

/** Colours that hold against their ground, and are apart in lightness too. */
const light = {
  paper: '#ffffff',
  ink: '#1f2328',
  faint: '#59636e',
  segments: '#0b57a4',
  journal: '#2f9e8f',
  snapshots: '#8250df',
  index: '#d9822b',
  other: '#8c959f',
} satisfies Record<PartName | 'paper' | 'ink' | 'faint', string>;
const dark: typeof light = {
  paper: '#0d1117',
  ink: '#e6edf3',
  faint: '#9198a1',
  segments: '#4d9de8',
  journal: '#4fc3b3',
  snapshots: '#b392f0',
  index: '#f0a95b',
  other: '#6e7681',
};

/** Classes and no variables: not every program that shows SVG knows those. */
function fills(colours: typeof light): string {
  return Object.entries(colours)
    .map(([name, colour]) => `.${name} { fill: ${colour}; }`)
    .join(' ');
}

const style = `
  text { font: 13px system-ui, sans-serif; }
  .title { font-weight: 600; }
  ${fills(light)}
  @media (prefers-color-scheme: dark) { ${fills(dark)} }
`;

/** The chart of all corpora, as the text of an SVG file. */
export function drawChart(results: readonly CorpusResult[], caption: string): string {
  const parts: string[] = [];
  let top = margin;
  for (const result of results) {
    parts.push(drawCorpus(result, top));
    top += titleHeight + rowHeight * result.rows.length + margin;
  }
  const allRows = results.flatMap(({ rows }) => rows);
  parts.push(drawLegend(partsUsed(allRows, partNames), top));
  parts.push(text(margin, top + 44, caption, 'faint'));
  const height = top + 44 + margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>Bytes on disk, by corpus and tool</title>`,
    `<style>${style}</style>`,
    `<rect width="${width}" height="${height}" class="paper"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function drawCorpus(result: CorpusResult, top: number): string {
  const { corpus, title, releases, rawBytes, rows } = result;
  const scale = (width - labelWidth - valueWidth - margin) / Math.max(...rows.map(mostBytes));
  const heading = `${corpus}: ${title}, ${releases.length} releases, ${megabytes(rawBytes)} MB`;
  const bars = rows.map((row, index) => {
    const y = top + titleHeight + index * rowHeight;
    const ratio = againstReference(result, row);
    const times = ratio === undefined ? '' : ` (${ratio.toFixed(2)} ×)`;
    const end = labelWidth + row.bytes * scale;
    return [
      text(labelWidth - 10, y + 13, row.name, 'ink', 'end'),
      ...drawBar(row, y, scale),
      text(end + 8, y + 13, `${megabytes(row.bytes)} MB${times}`),
    ].join('\n');
  });
  return [text(margin, top + 18, heading, 'title ink'), ...bars].join('\n');
}

function drawBar({ parts }: SizeRow, y: number, scale: number): string[] {
  let x = labelWidth;
  return partNames.flatMap((name) => {
    const barWidth = parts[name] * scale;
    if (barWidth === 0) return [];
    const hint = `<title>${labels[name]}: ${megabytes(parts[name])} MB</title>`;
    const shape = `x="${round(x)}" y="${y}" width="${round(barWidth)}" height="${barHeight}"`;
    x += barWidth;
    return [`<rect ${shape} class="${name}">${hint}</rect>`];
  });
}

function drawLegend(names: readonly PartName[], top: number): string {
  return names
    .map((name, index) => {
      const x = labelWidth + index * 140;
      const shape = `x="${x}" y="${top}" width="12" height="12"`;
      const label = text(x + 18, top + 11, labels[name]);
      return `<rect ${shape} class="${name}"/>\n${label}`;
    })
    .join('\n');
}

function text(x: number, y: number, content: string, kind = 'ink', anchor = 'start'): string {
  const escaped = content.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  const at = `x="${round(x)}" y="${y}" text-anchor="${anchor}"`;
  return `<text ${at} class="${kind}">${escaped}</text>`;
}

function mostBytes({ bytes }: SizeRow): number {
  return Math.max(1, bytes);
}

function round(value: number): string {
  return value.toFixed(1);
}
