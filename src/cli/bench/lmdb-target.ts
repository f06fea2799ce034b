/**
 * LMDB as a target: the package `lmdb`, if it is installed.
 *
 * It answers a put once that is committed and can be read; that it is on stable storage is another
 * promise, `flushed`, which is waited for where a power cut must cost nothing.
 *
 * @module
 */

import { listFolderBySeeking } from './folder-listing.ts';
import { numberedVersions } from './numbered-versions.ts';
import { loadPackage } from './optional-package.ts';
import type { Durability, Scanned, Target, StoreKind, TargetOptions } from './target.ts';
import { treeOfRecords } from './tree-of-records.ts';

/** What is used of `lmdb`. */
interface LmdbModule {
  open(options: { readonly path: string; readonly encoding: 'binary' }): LmdbDatabase;
}

interface LmdbDatabase {
  put(name: string, content: Uint8Array): Promise<boolean>;
  get(name: string): Uint8Array | undefined;
  remove(name: string): Promise<boolean>;
  getKeys(range: LmdbRange): Iterable<string>;
  getRange(range: LmdbRange): Iterable<{ readonly key: string; readonly value: Uint8Array }>;
  readonly flushed: Promise<unknown>;
  close(): Promise<void>;
}

interface LmdbRange {
  readonly start?: string;
  readonly end?: string;
  readonly limit?: number;
}

const shared = 'ranges read the whole value; streams are gathered first';

export const lmdbKind: StoreKind = {
  name: 'lmdb',
  usage: {
    power: `await put(), then await flushed; ${shared}`,
    os: `await put(): committed, and flushed behind the answer; ${shared}`,
  },
  version: async () => (await loadPackage<LmdbModule>('lmdb')).version,
  open: async ({ folder, durability }: TargetOptions) => {
    const { module } = await loadPackage<LmdbModule>('lmdb');
    return new LmdbTarget(module.open({ path: folder, encoding: 'binary' }), durability);
  },
};

class LmdbTarget implements Target {
  readonly #database: LmdbDatabase;
  readonly #durability: Durability;
  readonly putVersion: Target['putVersion'];
  readonly getVersion: Target['getVersion'];
  readonly prepareTree: Target['prepareTree'];
  readonly getTree: Target['getTree'];

  constructor(database: LmdbDatabase, durability: Durability) {
    this.#database = database;
    this.#durability = durability;
    ({ putVersion: this.putVersion, getVersion: this.getVersion } = numberedVersions(this));
    ({ prepareTree: this.prepareTree, getTree: this.getTree } = treeOfRecords(this));
  }

  async put(name: string, content: Uint8Array): Promise<void> {
    await this.#database.put(name, content);
    await this.#flushed();
  }

  putStream(name: string, pieces: readonly Uint8Array[]): Promise<void> {
    return this.put(name, Buffer.concat(pieces));
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    return this.#database.get(name);
  }

  async getRange(name: string, start: number, end: number): Promise<Uint8Array> {
    return (this.#database.get(name) ?? new Uint8Array()).subarray(start, end);
  }

  async list(): Promise<string[]> {
    return [...this.#database.getKeys({})];
  }

  listFolder(folder: string): Promise<string[]> {
    return listFolderBySeeking(folder, async (start, end) => {
      const [name] = this.#database.getKeys({ start, end, limit: 1 });
      return name;
    });
  }

  async scanAfter(name: string, count: number): Promise<Scanned[]> {
    // The range begins at its start, which is the first name behind `name`.
    const rows = this.#database.getRange({ start: `${name}\0`, limit: count });
    return Array.from(rows, ({ key, value }) => ({ name: key, content: value }));
  }

  async remove(name: string): Promise<void> {
    await this.#database.remove(name);
    await this.#flushed();
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  async #flushed(): Promise<void> {
    if (this.#durability === 'power') await this.#database.flushed;
  }
}
