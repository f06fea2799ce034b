/**
 * Kill and check: rounds of a mixed load that ends with `kill -9`, and of looking at what is left.
 *
 * A round kills while the store is opened, under load, while it is compacted, or while it is
 * closed. Now and then the folder `index/` is deleted before a round; and some rounds follow each
 * other with no look in between, so that a store is opened, and killed again, that nobody has
 * recovered since it died.
 *
 * The seed draws the loads and the moments. When in a run of code a kill lands is up to the
 * machine, so the same seed repeats a plan and not a failure. What a failure left behind is kept
 * for that reason.
 *
 * What this cannot test: a kill takes nothing away that the operating system was given, so it says
 * nothing about syncs. That takes a power cut, or a simulated disk.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ObjectsError, openStore } from '../../index.ts';
import { ExpectedStore } from './expected-store.ts';
import { LoadChild } from './load-child.ts';
import type { LoadTask } from './load-report.ts';
import { randomSequence } from './random-sequence.ts';

/** In what a process was when it was killed. */
export type KillMoment = 'opening' | 'load' | 'compacting' | 'closing';

/** What the rounds came to. */
export interface TortureFigures {
  readonly kills: Record<KillMoment, number>;
  /** Processes that had closed the store before they could be killed. */
  endedFirst: number;
  /** How often the store was opened, compared and verified. */
  looks: number;
  indexesDeleted: number;
  /** Changes that were acknowledged. */
  acknowledged: number;
  /** Of changes that were begun and not acknowledged, those that were found done, whole, */
  foundDone: number;
  /** and those that were found not done. */
  foundUndone: number;
}

export interface TortureOptions {
  /** An existing folder. The stores lie in a new one below it. */
  readonly directory: string;
  /** A whole number. */
  readonly seed: number;
  /** It ends after so many kills, */
  readonly kills: number;
  /** or after this time, whichever comes first. */
  readonly timeMs: number;
  readonly signal?: AbortSignal;
  /** Called often. */
  readonly onProgress?: (figures: TortureFigures, elapsedMs: number) => void;
  /** The process that is killed. Default: the load process of this package. */
  readonly script?: string;
}

/** A store lives for so many rounds: it grows, and each look reads all of it. */
const roundsPerStore = 20;

export class Torture {
  /** Where the stores lie, one after the other. It is kept if something was wrong. */
  readonly folder: string;
  readonly figures: TortureFigures = {
    kills: { opening: 0, load: 0, compacting: 0, closing: 0 },
    endedFirst: 0,
    looks: 0,
    indexesDeleted: 0,
    acknowledged: 0,
    foundDone: 0,
    foundUndone: 0,
  };
  readonly #options: TortureOptions;
  readonly #random: () => number;
  readonly #startedMs = performance.now();
  #expected: ExpectedStore = new ExpectedStore(this.figures);
  #nextChild: LoadChild | undefined;

  constructor(options: TortureOptions) {
    this.#options = options;
    this.#random = randomSequence(options.seed);
    this.folder = mkdtempSync(join(resolve(options.directory), 'varve-torture-'));
  }

  /** For how long it has run. */
  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** Kills so far. */
  get killCount(): number {
    return Object.values(this.figures.kills).reduce((sum, count) => sum + count, 0);
  }

  /**
   * Runs the rounds. Resolves with what is wrong, and nothing if all is well. Throws when it is
   * aborted, and when there is no space: the folder is removed then too.
   */
  async run(): Promise<string[]> {
    let problems: string[] = [];
    try {
      while (!this.#isOver() && problems.length === 0) {
        problems = await this.#tortureStore(join(this.folder, 'store'));
      }
      return problems;
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (error instanceof ObjectsError && error.code === 'FULL') throw error;
      problems = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
      return problems;
    } finally {
      await this.#nextChild?.kill().catch(() => {});
      if (problems.length === 0) rmSync(this.folder, { recursive: true, force: true });
    }
  }

  #isOver(): boolean {
    return this.killCount >= this.#options.kills || this.elapsedMs >= this.#options.timeMs;
  }

  /** Makes a store, and lets it live for some rounds. */
  async #tortureStore(directory: string): Promise<string[]> {
    this.#expected = new ExpectedStore(this.figures);
    for (let round = 1; round <= roundsPerStore && !this.#isOver(); round++) {
      await this.#runRound(directory);
      const isLast = round === roundsPerStore || this.#isOver();
      if (!isLast && this.#random() >= 0.7) continue;
      const problems = await this.#look(directory);
      if (problems.length > 0) return [`after ${this.killCount} kills:`, ...problems];
    }
    rmSync(directory, { recursive: true });
    return [];
  }

  async #runRound(directory: string): Promise<void> {
    const { figures } = this;
    const child = this.#nextChild ?? this.#newChild();
    // It loads while this round runs and is looked at.
    this.#nextChild = this.#newChild();
    try {
      if (this.#random() < 0.1) {
        rmSync(join(directory, 'index'), { recursive: true, force: true });
        figures.indexesDeleted++;
      }
      const { moment, delayMs, task } = this.#draw(directory);
      child.onReport = (report) => {
        this.#expected.take(report);
        if (report.step === 'done') figures.acknowledged++;
        this.#options.onProgress?.(figures, this.elapsedMs);
      };
      await child.reached('loaded');
      child.begin(task);
      await child.reached(moment === 'load' ? 'open' : moment);
      await delay(delayMs, undefined, { signal: this.#options.signal });
      if (await child.kill()) figures.kills[moment]++;
      else figures.endedFirst++;
    } finally {
      await child.kill().catch(() => {});
    }
    this.#options.signal?.throwIfAborted();
    this.#expected.killed();
  }

  #newChild(): LoadChild {
    // Found from the package, as this file is bundled into another.
    const packageUrl = import.meta.resolve('varve/package.json');
    const own = fileURLToPath(new URL('dist/cli/torture/load-process.js', packageUrl));
    return new LoadChild(this.#options.script ?? own);
  }

  /** When the round kills: so long after the process said that it is there. */
  #draw(directory: string): { moment: KillMoment; delayMs: number; task: LoadTask } {
    const random = this.#random;
    const task = { directory, seed: Math.floor(random() * 2 ** 32) };
    const die = random();
    if (die < 0.15) return { moment: 'opening', delayMs: random() * 60, task };
    if (die < 0.3) {
      const closing = { ...task, closeAfterMs: 20 + random() * 60 };
      return { moment: 'closing', delayMs: random() * 30, task: closing };
    }
    if (die < 0.5) {
      const compacting = { ...task, compactAfterMs: 20 + random() * 100 };
      return { moment: 'compacting', delayMs: random() * 60, task: compacting };
    }
    return { moment: 'load', delayMs: 20 + random() * 180, task };
  }

  /** Opens the store as the next process would, and compares all of it. */
  async #look(directory: string): Promise<string[]> {
    const store = await openStore(directory);
    try {
      return await this.#expected.problemsOf(store);
    } finally {
      await store.close();
      this.figures.looks++;
    }
  }
}
