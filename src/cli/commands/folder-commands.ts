/**
 * `import` and `export`: whole folders.
 *
 * Both go on where one file fails, say which did and why, and then end with a failure.
 *
 * @module
 */

import type { Command } from 'commander';
import { parseFolderAddress, parsePoint, type PrefixAddress } from '../arguments.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { exportFolder, type ExportReport } from '../folder-export.ts';
import { importFolder, type ImportReport } from '../folder-import.ts';
import { addParityOptions } from '../parity-options.ts';
import { formatCount, formatCounted, formatSize } from '../printable.ts';
import { mustGetBucket, type Session } from '../session.ts';
import type { Shell } from '../shell.ts';

interface ImportCommandOptions {
  readonly delete?: true;
  readonly checksum?: true;
}

/** Declares the commands. */
export function addFolderCommands(shell: Shell): void {
  addParityOptions(
    shell
      .command('import', 'store every file of a folder that is new or changed')
      .argument('<dir>', 'the folder')
      .argument('<bucket[/prefix]>', 'where to', parseFolderAddress)
      .option('--delete', 'remove the objects there that the folder does not have')
      .option('--checksum', 'compare contents even where size, mode and time are the same'),
  ).action((folder: string, to: PrefixAddress, options: ImportCommandOptions, command: Command) =>
    shell.run(command, (session) => runImport(session, folder, to, options)),
  );
  shell
    .command('export', 'write every object under a prefix to a folder')
    .argument('<bucket[/prefix]>', 'where from', parseFolderAddress)
    .argument('<dir>', 'the folder; other files in it are left alone')
    .option('--at <point>', 'as it was at a time, or just after a version id', parsePoint)
    .action(
      (from: PrefixAddress, folder: string, options: { at?: Date | string }, command: Command) =>
        shell.run(command, (session) => runExport(session, from, folder, options.at)),
    );
}

async function runImport(
  { store, storeFolder, terminal, signal }: Session,
  folder: string,
  to: PrefixAddress,
  options: ImportCommandOptions,
): Promise<ExitCode | undefined> {
  const { bucket, versioned } = await mustGetBucket(store, to.bucket);
  const report = await importFolder({
    store,
    storeFolder,
    bucket,
    versioned,
    folder,
    prefix: to.prefix,
    removeOthers: options.delete === true,
    checksum: options.checksum === true,
    signal,
    onProgress: ({ files, bytes }) => {
      const label = `import  ${formatCounted(files, 'file')}`;
      terminal.showProgress(label, { done: bytes, unit: 'bytes' });
    },
  });
  for (const { path, reason } of report.skipped) terminal.warn(`skipped ${path}: ${reason}`);
  for (const { path, reason } of report.failed) terminal.warn(`not imported: ${path}: ${reason}`);
  if (report.failed.length > 0 && options.delete === true) {
    terminal.warn('nothing was removed, because not every file could be looked at');
  }
  await terminal.print(report, describeImport(report));
  return report.failed.length === 0 ? undefined : exitCodes.failure;
}

function describeImport(report: ImportReport): string {
  const fates = (['new', 'changed', 'touched', 'unchanged', 'removed'] as const)
    .filter((fate) => report[fate] > 0)
    .map((fate) => `${formatCount(report[fate])} ${fate}`);
  const files = [formatCounted(report.files, 'file'), ...fates].join(', ');
  const ratio = report.dedupRatio === undefined ? '' : ` (${report.dedupRatio.toFixed(1)} to 1)`;
  const [bytes, newBytes, storedBytes] = [report.bytes, report.newBytes, report.storedBytes].map(
    formatSize,
  );
  const sizes = `${bytes} in the folder, ${newBytes} of it new${ratio}, ${storedBytes} stored`;
  const point = report.point === undefined ? '' : `\npoint ${report.point}`;
  return `${files}\n${sizes}, in ${report.seconds.toFixed(1)} s${point}`;
}

async function runExport(
  { store, storeFolder, terminal, signal }: Session,
  from: PrefixAddress,
  folder: string,
  at: Date | string | undefined,
): Promise<ExitCode | undefined> {
  const { bucket } = await mustGetBucket(store, from.bucket);
  const report = await exportFolder({
    source: at === undefined ? bucket : bucket.at(at),
    prefix: from.prefix,
    folder,
    storeFolder,
    signal,
    onProgress: ({ files, bytes }) => {
      const label = `export  ${formatCounted(files, 'file')}`;
      terminal.showProgress(label, { done: bytes, unit: 'bytes' });
    },
  });
  for (const { name, reason } of report.failed) terminal.warn(`not exported: ${name}: ${reason}`);
  await terminal.print(report, describeExport(report));
  if (report.failed.length === 0) return undefined;
  const isDamaged = report.failed.some(({ code }) => code === 'CORRUPT');
  return isDamaged ? exitCodes.corrupt : exitCodes.failure;
}

function describeExport({ files, bytes, seconds }: ExportReport): string {
  return `${formatCounted(files, 'file')}, ${formatSize(bytes)}, in ${seconds.toFixed(1)} s`;
}
