/**
 * The little SVG that charts are made of: axes that end at round numbers, and text that is escaped.
 *
 * Colours are classes (`series-0` …), so that one style sheet sets them for light, dark and paper.
 *
 * @module
 */

/** Text inside of HTML or SVG. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** A coordinate: a tenth of a pixel is fine enough. */
export function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Round values from 0 to `most` or above, at most six of them. */
export function roundTicks(most: number): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough) as number) * power;
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** Powers of ten that enclose all values, which are above 0. */
export function powerTicks(values: readonly number[]): number[] {
  const exponents = values.map((value) => Math.log10(value));
  const least = Math.floor(Math.min(...exponents) + 1e-9);
  const most = Math.max(least + 1, Math.ceil(Math.max(...exponents) - 1e-9));
  return Array.from({ length: most - least + 1 }, (_, index) =>
    Number((10 ** (least + index)).toPrecision(6)),
  );
}

/** An SVG that scales with the page; `label` is what a screen reader says. */
export function svg(width: number, height: number, label: string, parts: string[]): string {
  const box = `0 0 ${width} ${height}`;
  const opening = `<svg viewBox="${box}" role="img" aria-label="${escaped(label)}">`;
  return [opening, ...parts, '</svg>'].join('\n');
}

/** A text, by default beginning at `x`. */
export function label(
  x: number,
  y: number,
  text: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
): string {
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}">${escaped(text)}</text>`;
}

/** A line of the grid. */
export function gridLine(x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="grid" x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}"/>`;
}
