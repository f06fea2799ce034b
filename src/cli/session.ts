/**
 * What a command works with: the open store, the terminal, and the signal that ends it early.
 *
 * Only `mb` makes a store: every other command refuses a folder that has none, because a store made
 * by a typing error looks like lost data. For the same reason no command but `mb` makes a bucket.
 * The store is closed on every way out.
 *
 * @module
 */

import { resolve } from 'node:path';
import { type Bucket, ObjectNotFound, openStore, type Store, type StoreOptions } from '../index.ts';
import { UsageError } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

export interface Session {
  readonly store: Store;
  /** Where the store lies: an absolute path. */
  readonly storeFolder: string;
  readonly terminal: Terminal;
  readonly stdin: NodeJS.ReadableStream;
  /** Fires when the process is asked to end. */
  readonly signal: AbortSignal;
}

/** The folder of the store: `--store`, else `VARVE_STORE`, else `.varve`. */
export function storeFolderOf(option: string | undefined, fromEnvironment: string): string {
  if (option !== undefined) return resolve(option);
  if (fromEnvironment === 'memory') {
    throw new UsageError('VARVE_STORE=memory would be forgotten at once: name a folder');
  }
  return resolve(fromEnvironment === '' ? '.varve' : fromEnvironment);
}

/** Opens the store, works with it, and closes it however that ends. */
export async function withStore<T>(
  folder: string,
  options: StoreOptions,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await openStore(folder, options).catch((error: unknown) => {
    if (!(error instanceof ObjectNotFound)) throw error;
    throw new ObjectNotFound(`${error.message}; make one with: varve mb BUCKET`);
  });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** A bucket that is there. Throws `NOT_FOUND` if it is not. */
export async function mustGetBucket(
  store: Store,
  name: string,
): Promise<{ readonly bucket: Bucket; readonly versioned: boolean }> {
  for await (const info of store.buckets()) {
    if (info.name === name) return { bucket: store.bucket(name), versioned: info.versioned };
  }
  throw new ObjectNotFound(`no such bucket: bucket=${name}; make it with: varve mb ${name}`);
}
