/**
 * Whether a report is whole: all of it is there, each part ends, and no number is missing.
 */

import { expect } from 'vitest';

export function expectWholePage(html: string): void {
  expect(html).toMatch(/^<!doctype html>/);
  expect(html).toContain('prefers-color-scheme: dark');
  expect(html).not.toMatch(/https?:|url\(|@import|<script|<link|<img|src=|href=/i);
  expect(html).not.toMatch(/NaN|Infinity|undefined/);
  for (const [tag, ends] of [
    ['<svg ', '</svg>'],
    ['<section>', '</section>'],
    ['<table>', '</table>'],
  ] as const) {
    expect(html.split(tag)).toHaveLength(html.split(ends).length);
  }
}
