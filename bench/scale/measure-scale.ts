/**
 * Cost against size: a store grows, and at each size operations are measured in it.
 *
 * @module
 */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../src/index.ts';
import type { ProbeFigures, ProbeOptions } from './probe.ts';
import { grow } from './store-of-size.ts';

/** How figures are had: in a process of their own, unless it is only looked whether they come. */
export interface Prober {
  probe(directory: string, options: ProbeOptions): Promise<ProbeFigures>;
  /** Adds `tail` objects to `objects` of them, and dies as `kill -9` does. */
  crash(directory: string, objects: number, tail: number): Promise<void>;
}

/** What was found at one size. */
export interface SizeFigures extends Omit<ProbeFigures, 'residentBytes'> {
  readonly objects: number;
  readonly growUs: number;
  /** After a crash, with {@link ScaleOptions.tail} objects behind the last checkpoint. */
  readonly openCrashedMs: number;
  /** Of the process, beyond one that has an empty store open. */
  readonly residentBytes: number;
  readonly journalBytes: number;
  readonly indexBytes: number;
}

export interface ScaleOptions {
  /** Ascending. */
  readonly sizes: readonly number[];
  readonly repeats: number;
  readonly tail: number;
}

/** Measures at each size, in stores below an empty folder. */
export async function* measureScale(
  folder: string,
  prober: Prober,
  { sizes, repeats, tail }: ScaleOptions,
): AsyncGenerator<SizeFigures> {
  const empty = join(folder, 'empty');
  await (await openStore(empty)).close();
  const nothing = await prober.probe(empty, { objects: 0, repeats: 0 });
  const directory = join(folder, 'store');
  let grown = 0;
  for (const objects of sizes) {
    const before = process.cpuUsage();
    await grow(directory, grown, objects);
    const { user, system } = process.cpuUsage(before);
    const growUs = (user + system) / (objects - grown);
    grown = objects;
    const journalBytes = bytesIn(join(directory, 'journal'));
    const indexBytes = bytesIn(join(directory, 'index'));
    const clean = await prober.probe(directory, { objects, repeats });
    await prober.crash(directory, objects, tail);
    const crashed = await prober.probe(directory, { objects, repeats: 0 });
    yield {
      ...clean,
      objects,
      growUs,
      openCrashedMs: crashed.openMs,
      residentBytes: clean.residentBytes - nothing.residentBytes,
      journalBytes,
      indexBytes,
    };
  }
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
