/**
 * One process on the simulated machine: an engine, and everything that it can touch.
 *
 * Nothing here waits for anything but microtasks, and all that is drawn is drawn from the seed: the
 * same seed makes the same calls in the same order. A trace of all calls, with their bytes, has a
 * hash that says so.
 */

import { createHash } from 'node:crypto';
import type { Engine } from '../../src/engine/engine.ts';
import type { ParityWish } from '../../src/engine/maintenance/parity-keeper.ts';
import { nativeCompression } from '../../src/engine/platform/native-compression.ts';
import { nativeHashing } from '../../src/engine/platform/native-hashing.ts';
import type { Clock, Platform } from '../../src/engine/platform/platform.ts';
import { noMisbehaviour, SimulatedDatabase, type Misbehaviour } from './database.ts';
import type { DirectoryNode } from './disk.ts';
import { smoothCourse, SimulatedFileSystem, type Course } from './file-system.ts';
import { Random } from './random.ts';
import type { Target } from './target.ts';

export const storeFolder = '/store';

/** So small that a few kilobytes make a tree, and go to a segment. */
const chunking = { minBytes: 64, averageBytes: 256, maxBytes: 1024 };
const inlineBytesMax = 1500;

/** Times are drawn, timers run when the workload says so, and giving way costs a microtask. */
class SimulatedClock implements Clock {
  readonly #scheduled = new Set<() => void>();
  readonly #random: Random;
  #timeMs = Date.UTC(2026, 0, 1);

  constructor(random: Random) {
    this.#random = random;
  }

  nowMs(): number {
    // It may go backwards, as clocks do.
    this.#timeMs += this.#random.below(50) - 10;
    return this.#timeMs;
  }

  schedule(_delayMs: number, action: () => void): { cancel(): void } {
    this.#scheduled.add(action);
    return { cancel: () => void this.#scheduled.delete(action) };
  }

  yield(): Promise<void> {
    return Promise.resolve();
  }

  runScheduled(): void {
    const due = [...this.#scheduled];
    this.#scheduled.clear();
    for (const action of due) action();
  }
}

export interface MachineOptions {
  readonly root: DirectoryNode;
  readonly seed: number;
  /** What happens at each call; by default nothing is noted and nothing takes time. */
  readonly course?: Partial<Course>;
  readonly misbehaviour?: Misbehaviour;
}

export class Machine {
  readonly root: DirectoryNode;
  readonly fileSystem: SimulatedFileSystem;
  readonly clock: SimulatedClock;
  readonly #platform: Platform;

  constructor({ root, seed, course = {}, misbehaviour = noMisbehaviour }: MachineOptions) {
    const random = new Random(seed);
    // Looked up at each call: who explores may want to be told from some moment on.
    const whole = {
      ...smoothCourse,
      ...course,
      onBoundary: (call: string, path: string) => course.onBoundary?.(call, path),
    };
    this.root = root;
    this.fileSystem = new SimulatedFileSystem(root, whole);
    this.clock = new SimulatedClock(random);
    this.#platform = {
      fileSystem: this.fileSystem,
      clock: this.clock,
      randomness: { bytes: (byteCount) => random.bytes(byteCount) },
      hashing: nativeHashing,
      compression: nativeCompression,
      process: { pid: 1 },
      indexIn: (path) => new SimulatedDatabase(this.fileSystem, path, whole, misbehaviour),
    };
  }

  /** Opens the store; makes it where there is none. Without a wish it has parity as before. */
  open(target: Target, parity?: ParityWish): Promise<Engine> {
    const { Engine } = target;
    const platform = this.#platform;
    return Engine.open({
      platform,
      directory: storeFolder,
      createIfMissing: true,
      chunking,
      inlineBytesMax,
      // A life is short: each commit is followed by a batch, also one without rows.
      flushEntriesMin: 0,
      // The second commit that is alone has room already.
      roomAhead: { afterWrites: 1, smallBytes: 1024, bytes: 2048 },
      compaction: 'manual',
      parity,
    });
  }
}

/** Delays of up to so many turns, drawn. */
export function drawnDelay(random: Random, turnsMax: number): () => Promise<void> {
  return () => turns(random.below(turnsMax + 1));
}

/** So many turns of the queue of microtasks. */
export async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await Promise.resolve();
}

/** The hash of all calls so far. */
export class Trace {
  readonly #hash = createHash('sha256');
  callCount = 0;

  readonly note: Course['onCall'] = (call, path, bytes = []) => {
    this.callCount++;
    this.#hash.update(`${call} ${path}\n`);
    for (const part of bytes) this.#hash.update(part);
  };

  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}
