/**
 * `put`, `get`, `cat`, `stat`, `rm`, `cp`, `restore`, `lock`: one object at a time.
 *
 * `put -` reads stdin and `cat` writes stdout, both as streams, so they stand in pipes of any
 * length.
 *
 * @module
 */

import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import {
  type BucketView,
  type ByteRange,
  type LongProgress,
  type ObjectAttrs,
  type StorageReport,
  type UploadOptions,
  type UploadPreconditions,
} from '../../index.ts';
import {
  type ObjectAddress,
  parseMetadata,
  parseObjectAddress,
  parsePoint,
  parseRange,
  parseTime,
} from '../arguments.ts';
import { UsageError } from '../exit-code.ts';
import { piecesOf } from '../file-on-disk.ts';
import { writeNamedFile } from '../new-file.ts';
import { describeAttrs } from '../object-text.ts';
import { formatCounted, formatSize, formatTime, printable } from '../printable.ts';
import { mustGetBucket, type Session } from '../session.ts';
import type { Shell } from '../shell.ts';

interface PutOptions {
  readonly type?: string;
  readonly meta?: Record<string, string>;
  readonly durability?: 'power' | 'os';
  readonly ifAbsent?: true;
  readonly ifMatch?: string;
  readonly lockedUntil?: Date;
}

interface RemoveOptions {
  readonly version?: string;
  readonly dryRun?: true;
}

interface LockOptions {
  readonly until: Date;
  readonly version?: string;
}

interface WhichOptions {
  readonly version?: string;
  readonly at?: Date | string;
}

interface StatOptions extends WhichOptions {
  readonly storage: boolean;
}

interface ReadOptions extends WhichOptions {
  readonly range?: ByteRange;
}

const readBytes = 1024 * 1024;

/** Declares the commands that change something. */
export function addWritingCommands(shell: Shell): void {
  shell
    .command('put', 'store a file, or stdin, as an object')
    .argument('<file>', "the file; '-' for stdin")
    .argument('<bucket/name>', 'the object', parseObjectAddress)
    .option('--type <type>', 'its content type')
    .option('--meta <key=value>', 'metadata; may be given more than once', parseMetadata)
    .addOption(
      new Option('--durability <level>', 'what it survives when the command ends')
        .choices(['power', 'os'])
        .default('power'),
    )
    .option('--if-absent', 'only if there is no such object')
    .option('--if-match <etag>', 'only if the object has this etag')
    .option('--locked-until <time>', 'nothing removes this version before then', parseTime)
    .action((file: string, to: ObjectAddress, options: PutOptions, command: Command) =>
      shell.run(command, (session) => put(session, file, to, options)),
    );
  shell
    .command('rm', 'remove an object; its history stays if the bucket is versioned')
    .argument('<bucket/name>', 'the object', parseObjectAddress)
    .option('--version <id>', 'remove this version for good')
    .option('--dry-run', 'remove nothing; tell what it would free')
    .action((address: ObjectAddress, options: RemoveOptions, command: Command) =>
      shell.run(command, (session) => remove(session, address, options)),
    );
  shell
    .command('cp', 'copy an object inside the store; no content is moved')
    .argument('<bucket/name>', 'the object', parseObjectAddress)
    .argument('<to-bucket/name>', 'the copy', parseObjectAddress)
    .option('--version <id>', 'copy this version')
    .action((...[from, to, { version }, command]: CopyArguments) =>
      shell.run(command, async ({ store, terminal }) => {
        const { bucket } = await mustGetBucket(store, from.bucket);
        const { bucket: toBucket } = await mustGetBucket(store, to.bucket);
        const which = version === undefined ? {} : { version };
        const attrs = await bucket.copy(from.name, to.name, { ...which, toBucket });
        await terminal.print({ bucket: to.bucket, ...attrs }, summary('copied', to, attrs));
        return undefined;
      }),
    );
  shell
    .command('restore', 'make an old version the current one again')
    .argument('<bucket/name>', 'the object', parseObjectAddress)
    .argument('<version>', 'a version id')
    .action((address: ObjectAddress, version: string, _: unknown, command: Command) =>
      shell.run(command, async ({ store, terminal }) => {
        const { bucket } = await mustGetBucket(store, address.bucket);
        const attrs = await bucket.restore(address.name, version);
        await terminal.print(
          { bucket: address.bucket, ...attrs },
          summary('restored', address, attrs),
        );
        return undefined;
      }),
    );
  addLockCommand(shell);
}

function addLockCommand(shell: Shell): void {
  shell
    .command('lock', 'keep a version from being removed, by anybody, until a time')
    .argument('<bucket/name>', 'the object', parseObjectAddress)
    .requiredOption(
      '--until <time>',
      'a time in ISO 8601; may be moved forward, never back',
      parseTime,
    )
    .option('--version <id>', 'this version and not the newest')
    .action((address: ObjectAddress, options: LockOptions, command: Command) =>
      shell.run(command, async ({ store, terminal }) => {
        const { bucket } = await mustGetBucket(store, address.bucket);
        const { until, version } = options;
        const attrs = await bucket.lock(address.name, { until, version });
        const { lockedUntil = until } = attrs;
        const text = `locked ${label(address)}  until ${formatTime(lockedUntil)}`;
        await terminal.print({ bucket: address.bucket, ...attrs }, text);
        return undefined;
      }),
    );
}

type CopyArguments = [
  from: ObjectAddress,
  to: ObjectAddress,
  options: { version?: string },
  command: Command,
];

/** Declares the commands that only read. */
export function addReadingCommands(shell: Shell): void {
  const declare = (name: string, description: string): Command =>
    shell
      .command(name, description)
      .argument('<bucket/name>', 'the object', parseObjectAddress)
      .option('--version <id>', 'this version and not the newest')
      .addOption(
        new Option('--at <point>', 'as it was at a time, or just after a version id')
          .argParser(parsePoint)
          .conflicts('version'),
      );
  const range = (): Option =>
    new Option(
      '--range <start-end>',
      'these bytes: START-END (END not included), START-, or -COUNT for the last ones',
    ).argParser(parseRange);

  declare('get', 'write an object to a file, which is replaced when all of it is there')
    .argument('<file>')
    .addOption(range())
    .action((address: ObjectAddress, file: string, options: ReadOptions, command: Command) =>
      shell.run(command, (session) => get(session, address, file, options)),
    );
  declare('cat', 'write an object to stdout')
    .addOption(range())
    .action((address: ObjectAddress, options: ReadOptions, command: Command) =>
      shell.run(command, (session) => cat(session, address, options)),
    );
  declare('stat', 'show what is known of an object, and how it is stored')
    .option('--no-storage', 'not how it is stored, which takes a look at every chunk of it')
    .action((address: ObjectAddress, options: StatOptions, command: Command) =>
      shell.run(command, (session) => stat(session, address, options)),
    );
}

async function stat(
  session: Session,
  address: ObjectAddress,
  { storage: isAsked, ...which }: StatOptions,
): Promise<undefined> {
  const { store, terminal, signal } = session;
  const { attrs } = await find(session, address, which);
  const { bucket, name } = address;
  const onProgress = (progress: LongProgress): void => terminal.showProgress('stat', progress);
  const { version } = attrs;
  let storage: StorageReport | undefined;
  try {
    if (isAsked) {
      storage = await store.bucket(bucket).storage({ name, version, signal, onProgress });
    }
  } finally {
    // Where that is damaged, what is known of the object is told before the damage.
    const document = { bucket, ...attrs, ...(storage !== undefined && { storage }) };
    await terminal.print(document, describeAttrs(bucket, attrs, storage));
  }
  return undefined;
}

async function put(
  session: Session,
  path: string,
  address: ObjectAddress,
  options: PutOptions,
): Promise<undefined> {
  const { bucket } = await mustGetBucket(session.store, address.bucket);
  const upload = async (body: AsyncIterable<Uint8Array>, sizeBytes?: number): Promise<void> => {
    const attrs = await bucket.upload(
      address.name,
      body,
      uploadOptionsOf(options, session, sizeBytes),
    );
    await session.terminal.print(
      { bucket: address.bucket, ...attrs },
      summary('stored', address, attrs),
    );
  };
  if (path === '-') {
    // Without an encoding, stdin gives bytes.
    await upload(session.stdin as AsyncIterable<Uint8Array>);
    return;
  }
  const file = await open(path, 'r');
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw new UsageError(`'${path}' is a folder: use varve import`);
    await upload(piecesOf(file, readBytes), stats.isFile() ? stats.size : undefined);
  } finally {
    await file.close();
  }
}

async function remove(
  { store, terminal, signal }: Session,
  address: ObjectAddress,
  { version, dryRun }: RemoveOptions,
): Promise<undefined> {
  const { bucket, versioned } = await mustGetBucket(store, address.bucket);
  const which = version === undefined ? {} : { version };
  if (dryRun !== true) {
    await bucket.remove(address.name, which);
    await terminal.print({ removed: { ...address, ...which } }, `removed ${label(address)}`);
    return;
  }
  const object = { name: address.name, ...which };
  // Without a version it writes a delete marker, and the history stays.
  const keepsAll = versioned && version === undefined;
  if (keepsAll) await bucket.attrs(address.name);
  const wouldFree = await bucket.wouldFree(keepsAll ? [] : [object], { signal });
  const { versions, storedBytes } = wouldFree;
  const counted = formatCounted(versions, 'version');
  const text = `would remove ${counted}, free ${formatSize(storedBytes)}`;
  await terminal.print({ wouldFree }, text);
}

function uploadOptionsOf(
  options: PutOptions,
  { terminal, signal }: Session,
  sizeBytes: number | undefined,
): UploadOptions {
  const preconditions: UploadPreconditions = {
    ...(options.ifAbsent === true && { notExists: true }),
    ...(options.ifMatch !== undefined && { ifMatch: options.ifMatch }),
  };
  return {
    preconditions,
    signal,
    ...(options.type !== undefined && { contentType: options.type }),
    ...(options.meta !== undefined && { metadata: options.meta }),
    ...(options.durability !== undefined && { durability: options.durability }),
    ...(options.lockedUntil !== undefined && { lockedUntil: options.lockedUntil }),
    onProgress: ({ bytes }) => {
      const total = sizeBytes === undefined ? {} : { total: sizeBytes };
      terminal.showProgress('put', { done: bytes, unit: 'bytes', ...total });
    },
  };
}

/** The object that the options mean, and where to read it. */
async function find(
  { store }: Session,
  address: ObjectAddress,
  { version, at }: WhichOptions,
): Promise<{
  readonly attrs: ObjectAttrs;
  readonly read: (options: { range?: ByteRange; signal: AbortSignal }) => AsyncIterable<Uint8Array>;
}> {
  const { name } = address;
  const { bucket } = await mustGetBucket(store, address.bucket);
  if (at !== undefined) {
    const view: BucketView = bucket.at(at);
    return {
      attrs: await view.attrs(name),
      read: (options) => view.downloadStream(name, options),
    };
  }
  const which = version === undefined ? {} : { version };
  return {
    attrs: await bucket.attrs(name, which),
    read: (options) => bucket.downloadStream(name, { ...which, ...options }),
  };
}

async function get(
  session: Session,
  address: ObjectAddress,
  path: string,
  options: ReadOptions,
): Promise<undefined> {
  const { terminal, signal } = session;
  const { attrs, read } = await find(session, address, options);
  const total = options.range === undefined ? { total: attrs.size } : {};
  let bytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    const { range } = options;
    for await (const part of read({ signal, ...(range !== undefined && { range }) })) {
      yield part;
      bytes += part.length;
      terminal.showProgress('get', { done: bytes, unit: 'bytes', ...total });
    }
  }
  await writeNamedFile(path, counted());
  await terminal.print(
    { bucket: address.bucket, ...attrs, file: resolve(path), bytes },
    `wrote ${formatSize(bytes)} of ${label(address)} to ${printable(path)}`,
  );
}

async function cat(
  session: Session,
  address: ObjectAddress,
  { range, ...which }: ReadOptions,
): Promise<undefined> {
  const { terminal, signal } = session;
  const { read } = await find(session, address, which);
  for await (const part of read({ signal, ...(range !== undefined && { range }) })) {
    await terminal.write(part);
  }
}

function label({ bucket, name }: ObjectAddress): string {
  return printable(`${bucket}/${name}`);
}

function summary(verb: string, address: ObjectAddress, { size, version }: ObjectAttrs): string {
  const versionText = version === undefined ? '' : `  version ${version}`;
  return `${verb} ${label(address)}  ${formatSize(size)}${versionText}`;
}
