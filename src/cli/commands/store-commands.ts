/**
 * `verify`, `compact`, `backup`: the store as a whole.
 *
 * @module
 */

import type { Command } from 'commander';
import type { BackupReport, CompactOptions, LongOptions, VerifyReport } from '../../index.ts';
import { parsePositive } from '../arguments.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { addParityOptions } from '../parity-options.ts';
import { formatCounted, formatSize, printable } from '../printable.ts';
import type { Session } from '../session.ts';
import type { Shell } from '../shell.ts';

/** Declares the commands. */
export function addStoreCommands(shell: Shell): void {
  shell
    .command('verify', 'read everything and compare it with its checksums; change nothing')
    .option('--max-seconds <seconds>', 'end after so long; the next run goes on', parsePositive)
    .option('--percent <percent>', 'end after such a part; the next run goes on', parsePositive)
    .action((options: Budget, command: Command) =>
      shell.run(command, (session) => verify(session, options)),
    );
  addParityOptions(
    shell.command('compact', 'give the space of removed content back to the file system'),
  ).action((_: unknown, command: Command) => shell.run(command, (session) => compact(session)));
  addParityOptions(
    shell
      .command('optimize', 'spend time to make the store as small as it can be')
      .option('--max-seconds <seconds>', 'end after so long; the next run goes on', parsePositive),
  ).action(({ maxSeconds }: { readonly maxSeconds?: number }, command: Command) =>
    shell.run(command, (session) => compact(session, { optimize: true, maxSeconds })),
  );
  shell
    .command(
      'backup',
      'copy the store, whole and consistent, to a folder; or bring a copy up to date',
    )
    .argument('<dir>', 'the folder: empty, not there, or an earlier backup of the store')
    .action((folder: string, _: unknown, command: Command) =>
      shell.run(command, async (session) => {
        const report = await session.store.backup(folder, longOptions('backup', session));
        await session.terminal.print(report, `${describeBackup(report)}, in ${printable(folder)}`);
        return undefined;
      }),
    );
}

function longOptions(label: string, { terminal, signal }: Session): LongOptions {
  return { signal, onProgress: (progress) => terminal.showProgress(label, progress) };
}

async function compact(session: Session, how: CompactOptions = {}): Promise<undefined> {
  const label = how.optimize === true ? 'optimize' : 'compact';
  const report = await session.store.compact({ ...longOptions(label, session), ...how });
  const { reclaimedBytes, movedBytes, complete } = report;
  const rest = complete ? '' : '; the next run goes on';
  const text = `gave back ${formatSize(reclaimedBytes)}, moved ${formatSize(movedBytes)}${rest}`;
  await session.terminal.print(report, text);
  return undefined;
}

interface Budget {
  readonly maxSeconds?: number;
  readonly percent?: number;
}

async function verify(session: Session, budget: Budget): Promise<ExitCode | undefined> {
  const { store, terminal } = session;
  const report = await store.verify({ ...longOptions('verify', session), ...budget });
  await terminal.print(report, describeVerify(report));
  return report.ok ? undefined : exitCodes.corrupt;
}

function describeVerify(report: VerifyReport): string {
  const checked =
    `${formatCounted(report.versions, 'version')}, ${formatCounted(report.chunks, 'chunk')}, ` +
    `${formatSize(report.bytes)} checked` +
    (report.complete ? '' : `, ${report.percent.toFixed(1)} % of the store`);
  const damaged = report.damaged.map(({ bucket, name, version, reason }) => {
    const versionText = version === undefined ? '' : `, version ${version}`;
    return printable(`damaged: ${bucket}/${name}${versionText}: ${reason}`);
  });
  const problems = report.problems.map((problem) => printable(`problem: ${problem}`));
  return [...damaged, ...problems, `${checked}: ${report.ok ? 'all is well' : 'DAMAGED'}`].join(
    '\n',
  );
}

function describeBackup({ files, bytes, sharedBytes, keptBytes }: BackupReport): string {
  const parts: readonly (readonly [bytes: number, how: string])[] = [
    [keptBytes, 'there already'],
    [sharedBytes - keptBytes, 'shared with the store'],
    [bytes - sharedBytes, 'copied'],
  ];
  const told = parts.filter(([partBytes]) => partBytes > 0);
  const list = told.map(([partBytes, how]) => `${formatSize(partBytes)} ${how}`).join(', ');
  return `${formatCounted(files, 'file')}, ${formatSize(bytes)}: ${list}`;
}
