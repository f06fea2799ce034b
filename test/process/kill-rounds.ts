/**
 * Rounds of a mixed load that ends with `kill -9`, and of looking at what is left.
 *
 * A round kills while the store is opened, under load, or while it is closed. Now and then the
 * folder `index/` is deleted before a round; and some rounds follow each other with no look in
 * between, so that a store is opened, and killed again, that nobody has recovered since it died.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openStore } from '../../src/index.ts';
import { ExpectedStore } from './expected-store.ts';
import { compileMixedLoad, MixedLoadProcess } from './mixed-load-process.ts';
import type { LoadReport } from './mixed-load.ts';

/** When a round kills: so long after the process said this. */
interface KillMoment {
  readonly after: 'opening' | 'open' | 'closing';
  readonly delayMs: number;
}

/** What the rounds came to. */
export interface KillFigures {
  readonly kills: Record<KillMoment['after'], number>;
  /** Processes that had closed the store before they could be killed. */
  endedFirst: number;
  looks: number;
  indexesDeleted: number;
  acknowledged: number;
  foundDone: number;
  foundUndone: number;
}

/** A store lives for so many rounds: it grows, and each look reads all of it. */
const roundsPerStore = 20;

/** Runs rounds until so many processes were killed. Throws if anything is not as it must be. */
export async function runKillRounds(seed: number, kills: number): Promise<KillFigures> {
  const script = compileMixedLoad();
  const figures: KillFigures = {
    kills: { opening: 0, open: 0, closing: 0 },
    endedFirst: 0,
    looks: 0,
    indexesDeleted: 0,
    acknowledged: 0,
    foundDone: 0,
    foundUndone: 0,
  };
  const random = randomSequence(seed);
  const folder = mkdtempSync(join(tmpdir(), 'varve-kill-'));
  let next = new MixedLoadProcess(script);
  try {
    for (let store = 0; killed(figures) < kills; store++) {
      const expected = new ExpectedStore();
      const directory = join(folder, String(store));
      for (let round = 1; round <= roundsPerStore && killed(figures) < kills; round++) {
        const current = next;
        // It loads while this round runs and is looked at.
        next = new MixedLoadProcess(script);
        await runRound({ process: current, directory, expected, figures, random });
        const isLast = round === roundsPerStore || killed(figures) >= kills;
        if (isLast || random() < 0.7) await look(directory, expected, figures, `round ${round}`);
      }
      rmSync(directory, { recursive: true });
      figures.acknowledged += expected.counts.acknowledged;
      figures.foundDone += expected.counts.foundDone;
      figures.foundUndone += expected.counts.foundUndone;
    }
  } catch (cause) {
    throw new Error(`a killed store is not what it must be; it is left in ${folder}`, { cause });
  } finally {
    await next.kill();
  }
  rmSync(folder, { recursive: true });
  return figures;
}

function killed({ kills }: KillFigures): number {
  return kills.opening + kills.open + kills.closing;
}

interface Round {
  readonly process: MixedLoadProcess;
  readonly directory: string;
  readonly expected: ExpectedStore;
  readonly figures: KillFigures;
  readonly random: () => number;
}

async function runRound({ process, directory, expected, figures, random }: Round): Promise<void> {
  if (random() < 0.1) {
    rmSync(join(directory, 'index'), { recursive: true, force: true });
    figures.indexesDeleted++;
  }
  const moment = drawMoment(random);
  const task = { directory, seed: Math.floor(random() * 2 ** 32) };
  process.onReport = (report: LoadReport): void => {
    expected.take(report);
  };
  await process.reached('loaded');
  process.begin(moment.after === 'closing' ? { ...task, closeAfterMs: 20 + random() * 60 } : task);
  await process.reached(moment.after);
  await delay(moment.delayMs);
  if (await process.kill()) figures.kills[moment.after]++;
  else figures.endedFirst++;
  expected.killed();
}

function drawMoment(random: () => number): KillMoment {
  const die = random();
  if (die < 0.15) return { after: 'opening', delayMs: random() * 60 };
  if (die < 0.3) return { after: 'closing', delayMs: random() * 30 };
  return { after: 'open', delayMs: 20 + random() * 180 };
}

/** Opens the store as the next process would, and compares all of it. */
async function look(
  directory: string,
  expected: ExpectedStore,
  figures: KillFigures,
  when: string,
): Promise<void> {
  const store = await openStore(directory);
  try {
    const problems = await expected.problemsOf(store);
    if (problems.length > 0) throw new Error(`after ${when}:\n${problems.join('\n')}`);
  } finally {
    await store.close();
  }
  figures.looks++;
}

/** Numbers from 0 up to 1, the same for the same seed. */
function randomSequence(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
