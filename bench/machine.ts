/**
 * What the numbers were measured on: without it they are no numbers.
 *
 * @module
 */

import { describeBenchMachine, type BenchMachine } from '../src/cli/bench/bench-machine.ts';

/** What `varve bench` tells of a machine, and what only matters to the project's own benchmarks. */
export interface MachineDescription extends BenchMachine {
  /** What ran. A loader of TypeScript makes closures slow: a listing took 1.6 times as long. */
  readonly code: 'compiled' | 'through a loader';
  readonly sync: string;
}

/** Describes this machine, and the file system that a folder lies on. */
export function describeMachine(directory: string): MachineDescription {
  return {
    ...describeBenchMachine(directory),
    code: import.meta.url.endsWith('.ts') ? 'through a loader' : 'compiled',
    cache: 'warm: what is read was written just before, so the page cache has it',
    sync: "uploads have durability 'power'; fdatasync is left to the system as it is",
  };
}
