/**
 * How the tests run against mutants: only those that look at the log and the committer closely, and
 * start no process, so that a mutant takes seconds.
 *
 * @module
 */

import type { ViteUserConfig } from 'vitest/config';
import base from './vitest.config.ts';

const config: ViteUserConfig = {
  ...base,
  test: {
    ...base.test,
    include: [
      'test/property/log/**/*.test.ts',
      'test/property/engine/{life,replay,compaction,victims}.test.ts',
      'test/recovery/{truncation,failing-disk,identity}.test.ts',
    ],
  },
};

export default config;
