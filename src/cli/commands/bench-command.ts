/**
 * `bench`: measures Varve on this machine and this disk, and beside other stores.
 *
 * @module
 */

import { type Command, Option } from 'commander';
import { parseByteSize, parseCount, parsePositive, parseSeed, parseShare } from '../arguments.ts';
import { type BenchOptions, runBench } from '../bench/bench.ts';
import { htmlReport } from '../bench/html-report.ts';
import { resultTable } from '../bench/result-table.ts';
import type { Durability, TargetKind } from '../bench/target.ts';
import { chooseTargets, parsePeers, peerKinds } from '../bench/targets.ts';
import { WrongAnswer } from '../bench/workload.ts';
import { workloads, workloadsNamed } from '../bench/workloads.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { writeNamedFile } from '../new-file.ts';
import { formatCounted } from '../printable.ts';
import type { Session } from '../session.ts';
import type { Shell } from '../shell.ts';

interface BenchCommandOptions {
  readonly against?: readonly TargetKind[];
  readonly records?: number;
  readonly size?: number;
  readonly concurrency: number;
  readonly seconds?: number;
  readonly operations?: number;
  readonly turns: number;
  readonly durability: Durability;
  readonly range: number;
  readonly editRate: number;
  readonly duplicates: number;
  readonly stream: number;
  readonly seed: number;
  readonly directory: string;
  readonly html?: string;
  readonly smoke?: boolean;
}

/** Without any limit given, a turn is over after so long. */
const defaultSeconds = 2;

/** Declares the command. */
export function addBenchCommand(shell: Shell): void {
  const peers = peerKinds.map(({ name }) => name).join(',');
  const durability = new Option('--durability <level>', 'what an answered put survives')
    .choices(['power', 'os'])
    .default('power');
  shell
    .command('bench', 'measure on this disk, beside other stores too')
    .argument('[workload...]', 'default: all')
    .option('--against <stores>', `the same over other stores: ${peers}`, parsePeers)
    .option('--records <n>', 'stored before (default: depends on the workload)', parseCount)
    .option('--size <bytes>', 'of one record: 4096, 4KiB, 1MiB (default: depends)', parseByteSize)
    .option('--concurrency <n>', 'operations in flight', parseCount, 8)
    .option('--seconds <s>', 'of one turn (default: 2, or no end with --operations)', parsePositive)
    .option('--operations <n>', 'end a turn after so many', parseCount)
    .option('--turns <n>', 'for each store, alternating', parseCount, 3)
    .addOption(durability)
    .option('--range <bytes>', 'length of a range of range-read', parseByteSize, 64 * 1024)
    .option('--edit-rate <share>', 'of a file that a version changes', parseShare, 0.01)
    .option('--duplicates <share>', 'of records that dedup has stored before', parseShare, 0.5)
    .option('--stream <bytes>', 'size of the stream of mixed', parseByteSize, 32 * 2 ** 20)
    .option('--seed <s>', 'what draws operations and contents', parseSeed, 1)
    .option('--directory <dir>', 'a folder on the disk to measure', '.')
    .option('--html <file>', 'also write a report with charts')
    .option('--smoke', 'tiny inputs, one turn: only compares the answers')
    .addHelpText('after', `\nWorkloads:\n${workloadLines()}\n`)
    .action((names: readonly string[], options: BenchCommandOptions, command: Command) =>
      shell.runWithoutStore(command, (session) => bench(names, options, session)),
    );
}

function workloadLines(): string {
  return workloads.map(({ name, summary }) => `  ${name.padEnd(20)}${summary}`).join('\n');
}

async function bench(
  names: readonly string[],
  options: BenchCommandOptions,
  { terminal, signal }: Pick<Session, 'terminal' | 'signal'>,
): Promise<ExitCode | undefined> {
  const chosen = workloadsNamed(names);
  const targets = await chooseTargets(options.against ?? []);
  for (const { name, reason } of targets.skipped) terminal.warn(`${name} is skipped: ${reason}`);
  try {
    const result = await runBench({
      ...limitsOf(options),
      workloads: chosen,
      targets,
      settings: {
        seed: options.seed,
        records: options.records,
        sizeBytes: options.size,
        concurrency: options.concurrency,
        rangeBytes: options.range,
        editRate: options.editRate,
        duplicates: options.duplicates,
        streamBytes: options.smoke === true ? 2 ** 18 : options.stream,
      },
      durability: options.durability,
      directory: options.directory,
      signal,
      onProgress: ({ workload, target, operations, turnsDone, turnsTotal }) => {
        const label = `${workload}  ${target}  ${formatCounted(operations, 'operation')}`;
        terminal.showProgress(label, { done: turnsDone, total: turnsTotal, unit: 'turns' });
      },
    });
    if (options.html !== undefined) await writeNamedFile(options.html, html(result));
    await terminal.print(result, resultTable(result));
    return undefined;
  } catch (error) {
    if (!(error instanceof WrongAnswer)) throw error;
    const { message } = error;
    terminal.fail({ code: 'WRONG_ANSWER', message, exitCode: exitCodes.corrupt });
    return exitCodes.corrupt;
  }
}

function html(result: Parameters<typeof htmlReport>[0]): Uint8Array {
  return Buffer.from(htmlReport(result));
}

/** When a turn is over, and how many there are. */
function limitsOf({
  seconds,
  operations,
  turns,
  smoke,
}: BenchCommandOptions): Pick<BenchOptions, 'seconds' | 'operations' | 'turns' | 'smoke'> {
  if (smoke === true) return { seconds: 60, operations: 24, turns: 1, smoke };
  return {
    seconds: seconds ?? (operations === undefined ? defaultSeconds : Infinity),
    operations: operations ?? Infinity,
    turns,
    smoke: false,
  };
}
