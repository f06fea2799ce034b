/**
 * `mb`, `rb`, `buckets`, `prune`: making, removing and listing buckets, and their old versions.
 *
 * @module
 */

import type { Command } from 'commander';
import type { BucketConfig, BucketInfo, PruneReport } from '../../index.ts';
import { UsageError } from '../exit-code.ts';
import { formatCounted, formatSize } from '../printable.ts';
import {
  addKeepOptions,
  describeRetention,
  type KeepOptions,
  retentionOf,
} from '../retention-options.ts';
import type { Session } from '../session.ts';
import type { Shell } from '../shell.ts';

interface MakeOptions extends KeepOptions {
  readonly versioned?: true;
  readonly isolated?: true;
  readonly keepAll?: true;
}

interface PruneOptions extends KeepOptions {
  readonly dryRun?: true;
}

/** Declares the commands. */
export function addBucketCommands(shell: Shell): void {
  addKeepOptions(
    shell
      .command('mb', 'make a bucket, and the store if there is none; or change what it keeps')
      .argument('<bucket>', 'a name: a to z, 0 to 9 and -')
      .option('--versioned', 'keep versions of every object (may be turned on later, never off)')
      .option('--isolated', 'share no content with other buckets (only when it is made)')
      .option('--keep-all', 'keep every version from now on, whatever was said before'),
  ).action((name: string, options: MakeOptions, command: Command) =>
    shell.run(command, (session) => makeBucket(session, name, options), true),
  );
  addKeepOptions(
    shell
      .command('prune', 'remove the versions that are not to be kept')
      .argument('[bucket]', 'only this one; else every bucket that has a rule')
      .option('--dry-run', 'remove nothing; tell what it would free'),
  ).action((name: string | undefined, options: PruneOptions, command: Command) =>
    shell.run(command, (session) => prune(session, name, options)),
  );
  shell
    .command('rb', 'remove an empty bucket')
    .argument('<bucket>')
    .action((name: string, _: unknown, command: Command) =>
      shell.run(command, async ({ store, terminal }) => {
        await store.deleteBucket(name);
        await terminal.print({ removed: name }, `removed ${name}`);
        return undefined;
      }),
    );
  shell
    .command('buckets', 'list the buckets')
    .action((_: unknown, command: Command) => shell.run(command, listBuckets));
}

/** Prints every bucket. */
export async function listBuckets({ store, terminal }: Session): Promise<undefined> {
  for await (const info of store.buckets()) await terminal.print(info, describe(info));
}

async function makeBucket(
  { store, terminal }: Session,
  name: string,
  options: MakeOptions,
): Promise<undefined> {
  const retention = retentionOf(options);
  if (options.keepAll === true && retention !== undefined) {
    throw new UsageError('--keep-all and another --keep option contradict each other');
  }
  const config: BucketConfig = {
    ...(options.versioned === true && { versioned: true }),
    ...(options.isolated === true && { isolated: true }),
    retention: options.keepAll === true ? null : retention,
  };
  await store.createBucket(name, config);
  for await (const info of store.buckets()) {
    if (info.name === name) await terminal.print(info, `made ${describe(info)}`);
  }
}

async function prune(
  { store, terminal, signal }: Session,
  bucket: string | undefined,
  options: PruneOptions,
): Promise<undefined> {
  const retention = retentionOf(options);
  if (bucket === undefined && retention !== undefined) {
    throw new UsageError('name the bucket that the --keep options are for');
  }
  const report = await store.prune({
    bucket,
    retention,
    dryRun: options.dryRun === true,
    signal,
    onProgress: (progress) => terminal.showProgress('prune', progress),
  });
  await terminal.print(report, describePruning(report, options.dryRun === true));
}

function describePruning(report: PruneReport, isDryRun: boolean): string {
  const { versions, deleteMarkers, logicalBytes, freedBytes } = report;
  const [removed, freed] = isDryRun ? ['would remove', 'would free'] : ['removed', 'freed'];
  const markers =
    deleteMarkers === 0 ? '' : ` and ${formatCounted(deleteMarkers, 'delete marker')}`;
  return (
    `${removed} ${formatCounted(versions, 'version')}${markers} ` +
    `(${formatSize(logicalBytes)}), ${freed} ${formatSize(freedBytes)}`
  );
}

function describe(info: BucketInfo): string {
  const { name, versioned, public: isPublic, retention, isolated } = info;
  const kept = retention !== undefined && `keeps ${describeRetention(retention)}`;
  const alone = isolated === true && 'isolated';
  const all = [versioned && 'versioned', isPublic && 'public', alone, kept];
  const marks = all.filter((mark) => mark !== false);
  return marks.length === 0 ? name : `${name}  (${marks.join(', ')})`;
}
