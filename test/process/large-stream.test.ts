/**
 * Memory does not grow with what is streamed. `npm run test:large` shows the same with 4 GiB.
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { LargeStreamFigures } from './large-stream.ts';

const script = fileURLToPath(new URL('./large-stream.ts', import.meta.url));

/** Far below what is streamed; most of it is garbage that Node has not collected yet. */
const growthMebibytesMax = 128;

async function figuresOf(mebibytes: number, streams: number): Promise<LargeStreamFigures> {
  const argv = ['--import', 'tsx', script, String(mebibytes), String(streams)];
  const { stdout } = await promisify(execFile)(process.execPath, argv);
  return JSON.parse(stdout) as LargeStreamFigures;
}

describe('192 MiB', () => {
  for (const streams of [1, 4]) {
    test(`in ${streams} at a time go up and down in bounded memory`, async () => {
      const figures = await figuresOf(192, streams);
      console.log(figures);
      expect(figures.growthUp).toBeLessThan(growthMebibytesMax);
      expect(figures.growthDown).toBeLessThan(growthMebibytesMax);
      // Random content cannot be compressed: what is checked was really there.
      expect(figures.onDisk).toBeGreaterThan(192);
    });
  }
});
