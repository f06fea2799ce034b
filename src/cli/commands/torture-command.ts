/**
 * `torture`: kills processes that have a store open, on this machine and this disk, and checks that
 * nothing acknowledged is lost.
 *
 * @module
 */

import process from 'node:process';
import type { Command } from 'commander';
import { parseCount, parseMinutes, parseSeed } from '../arguments.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { formatCount, formatCounted, printable } from '../printable.ts';
import type { Session } from '../session.ts';
import type { Shell } from '../shell.ts';
import { Torture } from '../torture/torture.ts';

interface TortureCommandOptions {
  readonly minutes?: number;
  readonly kills?: number;
  readonly seed?: number;
  readonly directory: string;
}

/** Without any limit given, it is over after a minute. */
const defaultMinutes = 1;

/** Declares the command. */
export function addTortureCommand(shell: Shell): void {
  shell
    .command('torture', 'kill processes on this disk and check that nothing stored is lost')
    .option('--minutes <n>', 'for how long (default: 1, or without end with --kills)', parseMinutes)
    .option('--kills <n>', 'end after so many kills', parseCount)
    .option('--seed <s>', 'repeat the plan of another run (default: drawn)', parseSeed)
    .option('--directory <dir>', 'a folder on the disk to test', '.')
    .action((options: TortureCommandOptions, command: Command) =>
      shell.runWithoutStore(command, (session) => torture(options, session)),
    );
}

async function torture(
  options: TortureCommandOptions,
  { terminal, signal }: Pick<Session, 'terminal' | 'signal'>,
): Promise<ExitCode | undefined> {
  const { directory, kills = Infinity, seed = Math.floor(Math.random() * 2 ** 32) } = options;
  const minutes = options.minutes ?? (options.kills === undefined ? defaultMinutes : Infinity);
  const timeMs = minutes * 60_000;
  const run = new Torture({
    directory,
    kills,
    seed,
    timeMs,
    signal,
    onProgress: ({ acknowledged }, elapsedMs) => {
      const done =
        kills === Infinity
          ? { done: Math.floor(elapsedMs / 1000), total: minutes * 60, unit: 'seconds' }
          : { done: run.killCount, total: kills, unit: 'kills' };
      const count = kills === Infinity ? `${formatCounted(run.killCount, 'kill')}, ` : '';
      terminal.showProgress(`torture  ${count}${formatCount(acknowledged)} changes`, done);
    },
  });
  terminal.warn(`torture in ${run.folder}, seed ${seed}`);
  try {
    const problems = await run.run();
    const verdict = verdictOf(run, seed, problems);
    await terminal.print(verdict, describeVerdict(verdict));
    return verdict.ok ? undefined : exitCodes.corrupt;
  } catch (error) {
    if (signal.aborted && run.killCount > 0) {
      const verdict = verdictOf(run, seed, []);
      await terminal.print(verdict, `cut short; until then ${describeVerdict(verdict)}`);
    }
    throw error;
  }
}

/** What a run found. */
interface Verdict extends Readonly<Torture['figures']> {
  readonly ok: boolean;
  readonly seed: number;
  readonly seconds: number;
  readonly problems: readonly string[];
  /** What is left of the store: absent if all is well. */
  readonly folder?: string;
}

function verdictOf(run: Torture, seed: number, problems: readonly string[]): Verdict {
  const ok = problems.length === 0;
  const seconds = Math.round(run.elapsedMs / 100) / 10;
  return { ok, seed, seconds, ...run.figures, problems, ...(ok ? {} : { folder: run.folder }) };
}

/** The verdict as a person reads it. */
function describeVerdict(verdict: Verdict): string {
  const { kills, looks, indexesDeleted, acknowledged, foundDone, foundUndone } = verdict;
  const count = kills.opening + kills.load + kills.compacting + kills.closing;
  const changes = `${formatCount(acknowledged)} acknowledged changes`;
  const headline = verdict.ok
    ? [`all is well: ${formatCounted(count, 'kill')}, ${changes}, 0 lost`]
    : [
        `SOMETHING IS WRONG after ${formatCounted(count, 'kill')}, ${changes}`,
        ...verdict.problems.flatMap((problem) => problem.split('\n')).map(printable),
        `the store is kept, please report it: ${printable(verdict.folder ?? '')}`,
      ];
  const unanswered = `${formatCount(foundDone)} found done, whole; ${formatCount(foundUndone)} not`;
  const rows = [
    ['killed', `${kills.opening} while opening, ${kills.load} under load`],
    ['', `${kills.compacting} while compacting, ${kills.closing} while closing`],
    ['then', `opened, compared and verified ${formatCounted(looks, 'time')}`],
    ['', `index/ deleted before ${formatCounted(indexesDeleted, 'time')}`],
    ['unanswered', unanswered],
    ['seed', `${verdict.seed}, in ${verdict.seconds} s on Node ${process.version}`],
    ['not tested', 'power cuts: a kill takes nothing that the system was given'],
  ];
  return [...headline, ...rows.map(([what = '', text]) => `  ${what.padEnd(11)} ${text}`)].join(
    '\n',
  );
}
