/**
 * `stats`: what the store holds and what that takes, in all, of a part, or part by part.
 *
 * @module
 */

import { type Command, Option } from 'commander';
import {
  type Bucket,
  type LongOptions,
  ObjectNotFound,
  type StorageReport,
  type StoreStats,
} from '../../index.ts';
import { parsePrefixAddress, type PrefixAddress } from '../arguments.ts';
import { formatCount, formatSize } from '../printable.ts';
import { mustGetBucket, type Session } from '../session.ts';
import type { Shell } from '../shell.ts';
import {
  describeList,
  describeStorageRow,
  type ListRow,
  ratioOf,
  storageRows,
  storageTableHead,
} from '../storage-text.ts';

interface StatsOptions {
  readonly storage?: true;
  readonly each?: true;
}

/** Declares the command. */
export function addStatsCommand(shell: Shell): void {
  shell
    .command('stats', 'show what the store holds, and what that takes')
    .argument('[bucket/prefix]', 'only what these names hold, step by step', parsePrefixAddress)
    .addOption(
      new Option('--storage', 'all of it, step by step: reads the head of every chunk').conflicts(
        'each',
      ),
    )
    .option('--each', 'a row for each bucket, or for each name of a bucket')
    .action((address: PrefixAddress | undefined, options: StatsOptions, command: Command) =>
      shell.run(command, (session) => stats(session, address, options)),
    );
}

async function stats(
  session: Session,
  address: PrefixAddress | undefined,
  options: StatsOptions,
): Promise<undefined> {
  if (options.each === true) await printEach(session, address);
  else if (address === undefined) await printStore(session, options.storage === true);
  else {
    const { bucket } = await mustGetBucket(session.store, address.bucket);
    const report = await bucket.storage({ prefix: address.prefix, ...longOptions(session) });
    await session.terminal.print(report, describeList(storageRows(report)));
  }
}

function longOptions({ terminal, signal }: Session): LongOptions {
  return { signal, onProgress: (progress) => terminal.showProgress('stats', progress) };
}

async function printStore(session: Session, isStepByStep: boolean): Promise<void> {
  const { store, terminal } = session;
  const totals = await store.stats();
  if (isStepByStep) {
    const storage = await store.storage(longOptions(session));
    // All of it is the store's own.
    const steps = storageRows(storage).filter(([what]) => what !== 'own');
    const rows = [...countRows(totals), ...steps, ...spaceRows(totals)];
    await terminal.print({ ...totals, storage }, describeList(rows));
  } else {
    const rows = [...countRows(totals), ...sizeRows(totals), ...spaceRows(totals)];
    await terminal.print(totals, describeList(rows));
  }
}

/** One row a bucket, or a name. */
async function printEach(session: Session, address: PrefixAddress | undefined): Promise<void> {
  const { terminal } = session;
  if (!terminal.json) await terminal.print(undefined, storageTableHead);
  for await (const [label, what, report] of reports(session, address)) {
    await terminal.print({ ...what, ...report }, describeStorageRow(label, report));
  }
}

type Row = readonly [label: string, what: Record<string, string>, report: StorageReport];

async function* reports(
  session: Session,
  address: PrefixAddress | undefined,
): AsyncGenerator<Row, void, undefined> {
  const { store, signal } = session;
  if (address === undefined) {
    for await (const { name: bucket } of store.buckets()) {
      yield [bucket, { bucket }, await store.bucket(bucket).storage(longOptions(session))];
    }
    return;
  }
  const { bucket } = await mustGetBucket(store, address.bucket);
  let before: string | undefined;
  for await (const { name } of bucket.versions({ prefix: address.prefix, signal })) {
    if (name === before) continue;
    before = name;
    const report = await storageIfThere(session, bucket, name);
    if (report !== undefined) yield [name, { bucket: address.bucket, name }, report];
  }
}

/** What a name takes, unless retention has removed the last of it meanwhile. */
async function storageIfThere(
  session: Session,
  bucket: Bucket,
  name: string,
): Promise<StorageReport | undefined> {
  try {
    return await bucket.storage({ name, ...longOptions(session) });
  } catch (error) {
    if (error instanceof ObjectNotFound) return undefined;
    throw error;
  }
}

function countRows(totals: StoreStats): ListRow[] {
  return [
    ['buckets', formatCount(totals.buckets), ''],
    ['objects', formatCount(totals.objects), 'names that have a current version'],
    ['delete markers', formatCount(totals.deleteMarkers), ''],
  ];
}

/** What is known without looking. */
function sizeRows({ logicalBytes, uniqueBytes, storedBytes, ...totals }: StoreStats): ListRow[] {
  return [
    ['versions', formatCount(totals.versions), 'with content, current and historic'],
    ['chunks', formatCount(totals.chunks), ''],
    ['logical', formatSize(logicalBytes), 'what was stored, over all versions'],
    ['unique', formatSize(uniqueBytes), `after deduplication${ratioOf(logicalBytes, uniqueBytes)}`],
    ['stored', formatSize(storedBytes), `after compression${ratioOf(logicalBytes, storedBytes)}`],
  ];
}

function spaceRows(totals: StoreStats): ListRow[] {
  return [
    ['reclaimable', formatSize(totals.reclaimableBytes), 'what compact would give back'],
    ['parity', formatSize(totals.parityBytes), 'what restores rotten bytes'],
  ];
}
