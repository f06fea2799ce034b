/**
 * The measure of cost against size comes to figures, on tiny stores and in one process.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { measureScale, type SizeFigures } from '../../bench/scale/measure-scale.ts';
import { probe } from '../../bench/scale/probe.ts';
import { drawScale, formatScale } from '../../bench/scale/scale-report.ts';
import { grow } from '../../bench/scale/store-of-size.ts';

const folder = mkdtempSync(join(tmpdir(), 'varve-scale-test-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('every operation is measured at every size, and shown', async () => {
  // It dies in another process: here it only grows.
  const crash = (directory: string, objects: number, tail: number): Promise<void> =>
    grow(directory, 2 ** 30 + objects, 2 ** 30 + objects + tail);
  const sizes = [10, 100];
  const figures: SizeFigures[] = [];
  const options = { sizes, repeats: 8, tail: 5 };
  for await (const each of measureScale(folder, { probe, crash }, options)) figures.push(each);

  expect(figures.map(({ objects }) => objects)).toEqual(sizes);
  for (const { residentBytes, ...others } of figures) {
    expect(residentBytes).toEqual(expect.any(Number));
    for (const value of Object.values(others)) expect(value).toBeGreaterThan(0);
  }
  const table = formatScale(figures);
  expect(table.split('\n')[0]).toMatch(/10\^1 +10\^2 +last ÷ first/);
  expect(table.split('\n')).toHaveLength(12);
  const chart = drawScale(figures, 'measured <here>');
  expect(chart.match(/<polyline/g)).toHaveLength(7);
  expect(chart).toContain('measured &lt;here&gt;');
});
