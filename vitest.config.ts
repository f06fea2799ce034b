/**
 * How the tests run: straight from `src`, in child processes, two at a time.
 *
 * Processes and not threads, because tests change the working directory and send signals. Two,
 * because the smallest machine that must pass has two cores, and many of the tests wait for a disk.
 * The time limit is a net for promises that hang, not a promise about speed.
 *
 * @module
 */

import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  resolve: {
    // Examples in the documents import the package by its own name.
    alias: [
      { find: /^varve$/, replacement: fileURLToPath(new URL('src/index.ts', import.meta.url)) },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Examples print; a test that passes should not.
    silent: 'passed-only',
    coverage: { include: ['src/**'] },
  },
});

export default config;
