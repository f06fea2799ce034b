/**
 * What a run comes to: the JSON document, which the table and the HTML report only show.
 *
 * @module
 */

import type { Spread } from '../../src/cli/bench/bench-result.ts';
import type { MachineDescription } from '../machine.ts';
import type { Turn, Unit } from './goal.ts';
import type { Comparison } from './row.ts';
import type { Verdict } from './verdict.ts';

/** A line of the table. */
export type ComparisonResult = Comparison &
  (
    | { readonly verdict: 'skipped'; readonly reason: string }
    | {
        readonly verdict: Verdict;
        /** Of the ratios of all turns, or of the figures, where there is nothing to divide by. */
        readonly value: Spread;
        readonly turns: readonly Turn[];
        readonly unit: Unit;
        readonly note?: string;
      }
  );

export interface RowResult {
  readonly row: string;
  readonly work: string;
  readonly how: string;
  readonly seconds: number;
  readonly comparisons: readonly ComparisonResult[];
}

export interface PeersResult {
  /** The shape of this document. It changes when the shape does. */
  readonly schema: 'varve-peers-1';
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: MachineDescription;
  /** Only the answers were checked: the numbers mean nothing. */
  readonly smoke: boolean;
  readonly peers: readonly { readonly name: string; readonly version: string }[];
  readonly rows: readonly RowResult[];
}
