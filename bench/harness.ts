/**
 * What a benchmark is, and how it is run: for its answers only, or for its times too.
 *
 * A suite asks one question. Its *floor* is the cheapest thing that touches the same bytes, and
 * what the other cases are read against: on a shared machine a ratio within one run says something,
 * an absolute time says little. The floor is measured before and after the cases, because a machine
 * that did something else meanwhile shows there first.
 *
 * Every case returns a *check value* that must not move. It keeps the optimiser from removing the
 * work, and us from making something faster by changing what it means. In smoke mode that is all
 * that happens: no time is taken, so it can run with the tests and nothing here rots.
 *
 * Throws when a check value is not what it should be, and whatever the cases throw.
 *
 * @module
 */

import { Bench } from 'tinybench';

/** Tiny inputs and no timing, or the real thing. */
export type Scale = 'smoke' | 'full';

/** Sizes that somebody asked for. A suite that has no such size does not care. */
export interface Sizes {
  readonly objects?: number;
}

/** What one run of a case touches. */
export type Work = { readonly bytes: number } | { readonly entries: number };

export interface Case {
  readonly name: string;
  readonly work: Work;
  /** What every run must return. */
  readonly check: string;
  /** Runs at the same time. Default: 1. */
  readonly inFlight?: number;
  /** Samples of a measurement: at least with one run at a time, at most with several. */
  readonly samples?: number;
  /** Called before each run, outside of the time that is taken. */
  prepare?(): void | Promise<void>;
  run(): string | Promise<string>;
  /**
   * A fact that belongs to the numbers. Called after all runs; throws if it is not as it must be.
   */
  conclude?(): string | Promise<string>;
}

export interface Suite {
  readonly name: string;
  /** What its numbers answer, in one sentence. */
  readonly question: string;
  /** Makes inputs and stores, in an empty folder of its own. */
  open(scale: Scale, directory: string, sizes?: Sizes): Promise<OpenSuite>;
}

export interface OpenSuite {
  readonly floor: Case;
  readonly cases: readonly Case[];
  close(): Promise<void>;
}

/** What was measured of a case. */
export interface Measurement {
  readonly name: string;
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Half the width of the 95 % confidence interval of the mean, in percent of it. */
  readonly errorPercent: number;
  readonly runsPerSecond: number;
  readonly bytesPerSecond?: number;
  readonly entriesPerSecond?: number;
  /** Time for a byte or an entry, relative to the floor. Absent: this is the floor. */
  readonly timesFloor?: number;
  /** The samples are too far apart for the number to mean much. */
  readonly isNoise: boolean;
  readonly fact?: string;
}

export interface SuiteResult {
  readonly suite: string;
  readonly question: string;
  /** By how much the floor differed before and after the cases, in percent of the faster one. */
  readonly floorMovedPercent: number;
  /** The floor first. */
  readonly measurements: readonly Measurement[];
}

/** From here on a result says that it is noise. */
export const noisePercent = 10;

/** Runs every case of a suite a few times, and returns the facts that they concluded. */
export async function checkSuite(suite: Suite, directory: string): Promise<string[]> {
  const opened = await suite.open('smoke', directory);
  try {
    const facts: string[] = [];
    for (const each of [opened.floor, ...opened.cases]) {
      const inFlight = each.inFlight ?? 1;
      // Three rounds: the first may find things that the second finds differently.
      for (let round = 0; round < 3; round++) {
        await Promise.all(Array.from({ length: inFlight }, () => runOnce(each)));
      }
      const fact = await each.conclude?.();
      if (fact !== undefined) facts.push(fact);
    }
    return facts;
  } finally {
    await opened.close();
  }
}

/** Measures every case of a suite. */
export async function measureSuite(
  suite: Suite,
  directory: string,
  sizes: Sizes = {},
): Promise<SuiteResult> {
  const opened = await suite.open('full', directory, sizes);
  try {
    const before = await measure(opened.floor);
    const measured: Timing[] = [];
    for (const each of opened.cases) measured.push(await measure(each));
    const after = await measure(opened.floor);
    const floorMs = (before.msPerUnit + after.msPerUnit) / 2;
    const spreadMs = Math.abs(before.msPerUnit - after.msPerUnit);
    return {
      suite: suite.name,
      question: suite.question,
      floorMovedPercent: (spreadMs / Math.min(before.msPerUnit, after.msPerUnit)) * 100,
      measurements: [
        before.measurement,
        ...measured.map(({ measurement, msPerUnit }) => {
          return { ...measurement, timesFloor: msPerUnit / floorMs };
        }),
      ],
    };
  } finally {
    await opened.close();
  }
}

async function runOnce(each: Case): Promise<void> {
  await each.prepare?.();
  checkValue(each, await each.run());
}

function checkValue({ name, check }: Case, value: string): void {
  if (value === check) return;
  throw new Error(`${name}: the check value moved: expected=${check} found=${value}`);
}

interface Timing {
  readonly measurement: Measurement;
  readonly msPerUnit: number;
}

async function measure(each: Case): Promise<Timing> {
  const { name, work, inFlight = 1, samples = 64, prepare } = each;
  let startedMs = 0;
  let wallMs = 0;
  const bench = new Bench({
    concurrency: inFlight > 1 ? 'task' : null,
    threshold: inFlight,
    iterations: samples,
    time: inFlight > 1 ? 5000 : 500,
    warmupIterations: Math.min(samples, 4 * inFlight),
    warmupTime: 100,
    throws: true,
    setup: () => {
      startedMs = performance.now();
    },
    teardown: () => {
      wallMs = performance.now() - startedMs;
    },
  });
  const run = async (): Promise<void> => {
    checkValue(each, await each.run());
  };
  bench.add(name, run, { async: true, ...(prepare && { beforeEach: prepare.bind(each) }) });
  const [task] = await bench.run();
  const result = task?.result;
  if (result?.state !== 'completed') throw new Error(`${name}: the measurement did not finish`);
  const { latency } = result;
  // Runs that overlap each take longer than their share of the time.
  const shareMs = wallMs / latency.samplesCount;
  const runsPerSecond = 1000 / (inFlight > 1 ? shareMs : latency.mean);
  const fact = await each.conclude?.();
  return {
    // The median, because one long wait for somebody else's disk moves a mean.
    msPerUnit:
      (inFlight > 1 ? shareMs : latency.p50) / ('bytes' in work ? work.bytes : work.entries),
    measurement: {
      name,
      samples: latency.samplesCount,
      p50Ms: latency.p50,
      p99Ms: latency.p99,
      errorPercent: latency.rme,
      runsPerSecond,
      ...('bytes' in work
        ? { bytesPerSecond: runsPerSecond * work.bytes }
        : { entriesPerSecond: runsPerSecond * work.entries }),
      isNoise: isNoise(latency.rme),
      ...(fact === undefined ? {} : { fact }),
    },
  };
}

/** Whether samples with such an error, in percent, say little. So does the error of one sample. */
export function isNoise(errorPercent: number): boolean {
  return !(errorPercent <= noisePercent);
}
