/**
 * `repair`: the only command that does not open the store first, as it may not open.
 *
 * @module
 */

import type { Command } from 'commander';
import { repairStore, type LostVersion, type RepairReport } from '../../index.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { formatCounted, printable } from '../printable.ts';
import type { Session } from '../session.ts';
import type { Shell } from '../shell.ts';

interface RepairFlags {
  readonly dryRun?: boolean;
  readonly dropDamaged?: boolean;
}

/** Declares the command. */
export function addRepairCommand(shell: Shell): void {
  shell
    .command('repair', 'make a damaged store open again, and say what is lost')
    .option('--dry-run', 'only say what would be done, and what is lost')
    .option('--drop-damaged', 'remove the versions whose content is not whole')
    .action((flags: RepairFlags, command: Command) =>
      shell.runOnFolder(command, (session) => repair(session, flags)),
    );
}

async function repair(
  { storeFolder, terminal, signal }: Omit<Session, 'store'>,
  flags: RepairFlags,
): Promise<ExitCode | undefined> {
  const report = await repairStore(storeFolder, {
    ...flags,
    signal,
    onProgress: (progress) => {
      terminal.showProgress('repair', progress);
    },
  });
  await terminal.print(report, describeRepair(report, flags.dryRun === true));
  return report.ok ? undefined : exitCodes.corrupt;
}

function describeRepair(report: RepairReport, isDry: boolean): string {
  const { actions, quarantined, renewed, lost, dropped, problems } = report;
  const would = isDry ? 'would be ' : '';
  return [
    ...actions.map((action) => printable(`${isDry ? 'would do' : 'done'}: ${action}`)),
    ...quarantined.map(({ file, reason }) =>
      printable(`${would}moved to quarantine/${file}: ${reason}`),
    ),
    ...(renewed === 0 ? [] : [`${would}made anew: ${formatCounted(renewed, 'change')}`]),
    ...dropped.map((version) => `${would}dropped: ${describeVersion(version)}`),
    ...lost.map((version) => `lost: ${describeVersion(version)}`),
    ...problems.map((problem) => printable(`problem: ${problem}`)),
    verdict(report),
  ].join('\n');
}

function verdict({ ok, actions, quarantined, dropped, lost }: RepairReport): string {
  if (!ok)
    return lost.length === 0 ? 'DAMAGED' : `${formatCounted(lost.length, 'version')} lost: DAMAGED`;
  return actions.length + quarantined.length + dropped.length === 0
    ? 'nothing to repair'
    : 'all is well';
}

function describeVersion({ bucket, name, version, reason }: LostVersion): string {
  const versionText = version === undefined ? '' : `, version ${version}`;
  return printable(`${bucket}/${name}${versionText}: ${reason}`);
}
