/**
 * `mb`, `rb`, `buckets`: making, removing and listing buckets.
 *
 * @module
 */

import type { Command } from 'commander';
import type { BucketInfo } from '../../index.ts';
import type { Session } from '../session.ts';
import type { Shell } from '../shell.ts';

/** Declares the commands. */
export function addBucketCommands(shell: Shell): void {
  shell
    .command('mb', 'make a bucket, and the store if there is none')
    .argument('<bucket>', 'a name: a to z, 0 to 9 and -')
    .option('--versioned', 'keep every version of every object (may be turned on later, never off)')
    .action((name: string, options: { versioned?: true }, command: Command) =>
      shell.run(command, (session) => makeBucket(session, name, options.versioned === true), true),
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
  versioned: boolean,
): Promise<undefined> {
  await store.createBucket(name, versioned ? { versioned } : {});
  for await (const info of store.buckets()) {
    if (info.name === name) await terminal.print(info, `made ${describe(info)}`);
  }
}

function describe({ name, versioned, public: isPublic }: BucketInfo): string {
  const marks = [versioned && 'versioned', isPublic && 'public'].filter((mark) => mark !== false);
  return marks.length === 0 ? name : `${name}  (${marks.join(', ')})`;
}
