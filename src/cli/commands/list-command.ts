/**
 * `ls`: buckets; objects, one level or all; versions; all that at a point in time.
 *
 * One level is what lies before the next `/`: names with one are rolled up to a prefix, which is
 * shown with its slash. Entries are printed as they come, so a listing of any length takes the same
 * memory.
 *
 * @module
 */

import { type Command, Option } from 'commander';
import type { BucketView, ListEntry, VersionEntry } from '../../index.ts';
import { parseCount, parsePoint, parsePrefixAddress, type PrefixAddress } from '../arguments.ts';
import { formatSize, formatTime, printable } from '../printable.ts';
import { mustGetBucket, type Session } from '../session.ts';
import type { Shell } from '../shell.ts';
import { listBuckets } from './bucket-commands.ts';

interface ListCommandOptions {
  readonly long?: true;
  readonly recursive?: true;
  readonly versions?: true;
  readonly at?: Date | string;
  readonly limit?: number;
}

const levelDelimiter = '/';
const pageSizeMax = 1000;

/** Declares the command. */
export function addListCommand(shell: Shell): void {
  shell
    .command('ls', 'list buckets, or the objects in one')
    .argument('[bucket[/prefix]]', 'names that begin with the prefix', parsePrefixAddress)
    .option('-l, --long', 'with size, time and version')
    .option('-r, --recursive', 'all names, not one level')
    .option('--versions', 'every version of all names, newest first, and delete markers')
    .addOption(
      new Option('--at <point>', 'as it was at a time, or just after a version id')
        .argParser(parsePoint)
        .conflicts('versions'),
    )
    .option('--limit <count>', 'so many entries at most', parseCount)
    .action((address: PrefixAddress | undefined, options: ListCommandOptions, command: Command) =>
      shell.run(command, (session) =>
        address === undefined ? listBuckets(session) : list(session, address, options),
      ),
    );
}

async function list(
  session: Session,
  { bucket: bucketName, prefix }: PrefixAddress,
  options: ListCommandOptions,
): Promise<undefined> {
  const { store, terminal, signal } = session;
  const { bucket } = await mustGetBucket(store, bucketName);
  const range = {
    prefix,
    signal,
    ...(options.limit !== undefined && { limit: options.limit }),
  };
  if (options.versions === true) {
    for await (const entry of bucket.versions(range)) {
      await terminal.print(entry, describeVersion(entry));
    }
    return;
  }
  const source = options.at === undefined ? bucket : bucket.at(options.at);
  const describe = options.long === true ? describeLong : describeShort;
  const items = options.recursive === true ? source.list(range) : listLevel(source, range);
  for await (const item of items) await terminal.print(item, describe(item));
}

/** What a level holds instead of names that go on behind a slash. */
interface Group {
  readonly prefix: string;
}

/** One level: objects and groups, in the bytewise order of their names. */
async function* listLevel(
  source: Pick<BucketView, 'listPage'>,
  {
    limit = Number.POSITIVE_INFINITY,
    ...range
  }: { prefix: string; signal: AbortSignal; limit?: number },
): AsyncGenerator<ListEntry | Group> {
  let left = limit;
  let pageToken: string | undefined;
  do {
    const page = await source.listPage({
      ...range,
      delimiter: levelDelimiter,
      pageSize: Math.min(left, pageSizeMax),
      ...(pageToken !== undefined && { pageToken }),
    });
    const items = [...page.entries, ...page.prefixes.map((prefix) => ({ prefix }))];
    yield* items.sort((a, b) => Buffer.compare(Buffer.from(nameOf(a)), Buffer.from(nameOf(b))));
    left -= items.length;
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined && left > 0);
}

function nameOf(item: ListEntry | Group): string {
  return 'name' in item ? item.name : item.prefix;
}

function describeShort(item: ListEntry | Group): string {
  return printable(nameOf(item));
}

const sizeColumns = formatSize(1023 * 1024).length;
const timeColumns = formatTime(new Date(0)).length;

function describeLong(item: ListEntry | Group): string {
  if (!('name' in item)) {
    return `${'-'.padStart(sizeColumns)}  ${'-'.padEnd(timeColumns)}  ${printable(item.prefix)}`;
  }
  const columns = [
    formatSize(item.size).padStart(sizeColumns),
    formatTime(item.lastModified),
    ...(item.version === undefined ? [] : [item.version]),
    printable(item.name),
  ];
  return columns.join('  ');
}

function describeVersion(entry: VersionEntry): string {
  const state = entry.deleteMarker ? 'deleted' : entry.isLatest ? 'current' : 'old';
  const size = entry.deleteMarker ? '-' : formatSize(entry.size);
  const columns = [
    size.padStart(sizeColumns),
    formatTime(entry.lastModified),
    entry.version,
    state.padEnd('current'.length),
    printable(entry.name),
  ];
  return columns.join('  ');
}
