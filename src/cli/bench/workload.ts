/**
 * What a workload is: what is stored before, which operations follow, what must be true of them.
 *
 * The seed draws everything, so each target and each turn gets the same operations with the same
 * bytes. With several in flight their order of completion is the target's.
 *
 * @module
 */

import type { RunTarget, Target } from './target.ts';

export type OperationKind =
  'put' | 'read' | 'read-modify-write' | 'list' | 'scan' | 'stream' | 'tree' | 'remove';

/** Compares what a target answered. Returns how many bytes of content were moved. */
export type Check = () => number;

/** One call, or a few that belong together. */
export interface Operation {
  readonly kind: OperationKind;
  /** Its time is what is measured. The check is made after, and its time does not count. */
  run(): Promise<Check>;
}

/** What a person chose, or the workload's own. */
export interface WorkloadSettings {
  readonly seed: number;
  /** So many are stored before the clock starts, where a workload needs any. */
  readonly records: number;
  readonly sizeBytes: number;
  readonly concurrency: number;
  /** How many bytes a range has. */
  readonly rangeBytes: number;
  /** How much of a file one version changes, from 0 to 1. */
  readonly editRate: number;
  /** How much of the content was stored before, from 0 to 1. */
  readonly duplicates: number;
  /** How many bytes the stream of `mixed` has. */
  readonly streamBytes: number;
}

/** A workload on its way, over one target. */
export interface OpenWorkload {
  /** Stores what must be there before the clock starts. */
  load(): Promise<void>;
  /** Draws the next operation. `undefined`: there are no more. */
  next(): Operation | undefined;
  /**
   * Looks at everything once more, after the clock has stopped. Returns how many records were
   * compared.
   */
  verify(): Promise<number>;
}

interface WorkloadOver<T> {
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** What rates and latencies are about, if not about all operations. */
  readonly counts?: OperationKind;
  readonly defaults: { readonly records: number; readonly sizeBytes: number };
  /** It makes no sense with fewer in flight. Default: 1. */
  readonly minConcurrency?: number;
  /** Whether the target reclaims at the end; what that takes and gives back is reported. */
  readonly reclaims?: true;
  open(target: T, settings: WorkloadSettings): OpenWorkload;
}

/** A workload that only a store in this process can be asked for. */
export interface StoreWorkload extends WorkloadOver<Target> {
  readonly isForTools?: never;
}

/** A workload in which an operation is worth the start of a program. */
export interface RunWorkload extends WorkloadOver<RunTarget> {
  readonly isForTools: true;
}

export type Workload = StoreWorkload | RunWorkload;

/** A target's answer is not what was stored. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer';
}
