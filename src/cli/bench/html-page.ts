/**
 * A report as one HTML file: what stands around its content, whatever was measured.
 *
 * @module
 */

import { reportStyle } from './report-style.ts';
import { escaped } from './svg.ts';

/** What a report is of. */
export interface HtmlPage {
  /** Plain text. */
  readonly title: string;
  /** When the measurement began. */
  readonly startedAt: string;
  /** Whether only the answers count. */
  readonly smoke: boolean;
  /** Style sheet besides that of all reports. */
  readonly style?: string;
  /** HTML, a line each. */
  readonly content: readonly string[];
}

/** The file, complete. */
export function htmlPage({ title, startedAt, smoke, style = '', content }: HtmlPage): string {
  const warning = smoke
    ? ['<p class="warning">Smoke run: only the answers count, the numbers mean nothing.</p>']
    : [];
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(title)}</title>`,
    `<style>${reportStyle}${style}</style>`,
    '</head>',
    '<body>',
    `<h1>${escaped(title)}</h1>`,
    `<p class="soft">${escaped(startedAt)}</p>`,
    ...warning,
    ...content,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}
