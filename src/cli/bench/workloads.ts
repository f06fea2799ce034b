/**
 * Every workload, in the order in which they run.
 *
 * @module
 */

import { UsageError } from '../exit-code.ts';
import { contentWorkloads } from './content-workloads.ts';
import { listWorkloads } from './list-workloads.ts';
import { recordWorkloads } from './record-workloads.ts';
import { runWorkloads } from './run-workloads.ts';
import type { Workload } from './workload.ts';
import { ycsbWorkloads } from './ycsb-workloads.ts';

export const workloads: readonly Workload[] = [
  ...recordWorkloads,
  ...listWorkloads,
  ...contentWorkloads,
  ...runWorkloads,
  ...ycsbWorkloads,
];

/** The workloads of these names, each once; all of them for no name. */
export function workloadsNamed(names: readonly string[]): readonly Workload[] {
  if (names.length === 0) return workloads;
  return [...new Set(names)].map((name) => {
    const found = workloads.find((each) => each.name === name);
    if (found !== undefined) return found;
    const known = workloads.map((each) => each.name).join(', ');
    throw new UsageError(`there is no workload '${name}'; there are: ${known}`);
  });
}
